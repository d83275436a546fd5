import { checked, type DecimalType } from '../../types/decimals.ts';
import { addLong, canonical, subtractLong } from '../../types/numbers.ts';
import type { Long } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type Aggregator } from '../define.ts';

const integerSum = (): Aggregator => ({
  init: () => 0,
  add: (state: number, value) => (value === null ? state : (state + (value as number)) | 0),
  undo: (state: number, value) => (value === null ? state : (state - (value as number)) | 0),
  merge: (left: number, right: number) => (left + right) | 0,
  orderFree: true,
  result: (state: number) => state,
});
const longSum = (): Aggregator => ({
  init: () => 0,
  add: (state: Long, value) => (value === null ? state : addLong(state, value as Long)),
  undo: (state: Long, value) => (value === null ? state : subtractLong(state, value as Long)),
  merge: (left: Long, right: Long) => addLong(left, right),
  orderFree: true,
  result: (state: Long) => state,
});
const doubleSum = (): Aggregator => ({
  init: () => 0,
  add: (state: number, value) => (value === null ? state : state + (value as number)),
  undo: (state: number, value) => (value === null ? state : state - (value as number)),
  merge: (left: number, right: number) => left + right,
  orderFree: true,
  result: (state: number) => state,
});
/** A sum that leaves its precision fails the query, as in ksqlDB: a wrong sum is worse. */
const decimalSum = (type: DecimalType): Aggregator => {
  const add = (a: Long, b: Long): Long => checked(canonical(BigInt(a) + BigInt(b)), type);
  return {
    init: () => 0,
    add: (state: Long, value) => (value === null ? state : add(state, value as Long)),
    undo: (state: Long, value) =>
      value === null ? state : checked(canonical(BigInt(state) - BigInt(value as Long)), type),
    merge: add,
    orderFree: true,
    result: (state: Long) => state,
  };
};

export const sum = aggregate({
  name: 'SUM',
  doc: 'The sum; nulls are skipped, and the sum of nothing is 0.',
  category: 'AGGREGATE',
  overloads: [
    aggregateOverload('value INTEGER', 'INTEGER', integerSum),
    aggregateOverload('value BIGINT', 'BIGINT', longSum),
    aggregateOverload('value DOUBLE', 'DOUBLE', doubleSum),
    aggregateOverload('value DECIMAL', 'DECIMAL', ({ returns }) => decimalSum(returns as DecimalType)),
  ],
});
