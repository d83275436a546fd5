import { decimalText, fits, type DecimalType } from '../../types/decimals.ts';
import { addLong, canonical, EvaluationError, subtractLong } from '../../types/numbers.ts';
import { decimal, type Long } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type Aggregator, type CallContext } from '../define.ts';
import { roundedSum, type ExactSum } from './exact-sum.ts';
import { adoptedSum, overTable } from './over-tables.ts';
import { ofDoubles, ofWhole } from './standard-sums.ts';
import { longTotal, type WholeSum } from './whole-sum.ts';

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
/** The state is the exact sum, however many digits it has; while it is beyond its type the result is null, where ksqlDB's query ends. */
const decimalSum = (type: DecimalType, report: CallContext['report']): Aggregator => {
  const add = (a: Long, b: Long): Long => canonical(BigInt(a) + BigInt(b));
  return {
    init: () => 0,
    add: (state: Long, value) => (value === null ? state : add(state, value as Long)),
    undo: (state: Long, value) => (value === null ? state : canonical(BigInt(state) - BigInt(value as Long))),
    merge: add,
    orderFree: true,
    result: (state: Long) => fitting(state, type, report),
  };
};

/** A sum, or null with a report while it has more digits than its type. */
function fitting(total: Long, { precision, scale }: DecimalType, report: CallContext['report']): Long | null {
  if (fits(total, precision)) return total;
  report?.(new EvaluationError(`the sum ${decimalText(total, scale)} is beyond DECIMAL(${precision}, ${scale})`));
  return null;
}

const widest = 38;
function decimalTotal([count, total]: WholeSum, { scale }: DecimalType, report: CallContext['report']): Long | null {
  if (count === 0) return null;
  return fitting(total, { kind: 'DECIMAL', precision: widest, scale }, report);
}

/** ksqlDB's sum over a table: of nothing it is 0. */
export const tableSum = (exact: Aggregator): Aggregator =>
  overTable(
    exact,
    (stored) => (typeof stored === 'number' ? adoptedSum(stored, 0) : (stored as ExactSum)),
    (_, state) => roundedSum(state),
  );

export const sum = aggregate({
  name: 'SUM',
  doc: 'The sum; nulls are skipped. In GROUP BY the sum of nothing is 0, an INTEGER sum wraps, and a DECIMAL sum beyond its type is null; in the standard set it is null of no value, BIGINT of whole numbers and null beyond BIGINT, DECIMAL(38, s) of decimals, and of doubles the exact sum, correctly rounded.',
  category: 'AGGREGATE',
  overloads: [
    aggregateOverload('value INTEGER', 'INTEGER', integerSum),
    aggregateOverload('value BIGINT', 'BIGINT', longSum),
    aggregateOverload('value DOUBLE', 'DOUBLE', ({ ofTable }) =>
      ofTable ? tableSum(ofDoubles(roundedSum)) : doubleSum(),
    ),
    aggregateOverload('value DECIMAL', 'DECIMAL', ({ returns, report }) => decimalSum(returns as DecimalType, report)),
  ],
  standard: [
    ...['INTEGER', 'BIGINT'].map((type) =>
      aggregateOverload(`value ${type}`, 'BIGINT', ({ report }) => ofWhole((state) => longTotal(state, report))),
    ),
    aggregateOverload('value DOUBLE', 'DOUBLE', () => ofDoubles(roundedSum)),
    aggregateOverload(
      'value DECIMAL',
      (_, bindings) => decimal(widest, (bindings.get('DECIMAL') as DecimalType).scale),
      ({ returns, report }) => ofWhole((state) => decimalTotal(state, returns as DecimalType, report)),
    ),
  ],
});
