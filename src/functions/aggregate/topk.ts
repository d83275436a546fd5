import { compareDoubles, compareValues, equalValues } from '../../types/compare.ts';
import { array, struct, type SqlType, type Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type AggregateOverload, type Aggregator } from '../define.ts';

type Order = (a: Value, b: Value) => number;
type Insert = (items: readonly Value[], value: Value) => readonly Value[];

/** Inserts into the state, which is the result: at most `k` items, descending; of equal items the earlier one comes first. */
function insertSorted(order: Order, k: number, isSame: ((a: Value, b: Value) => boolean) | undefined): Insert {
  return (items, value) => {
    if (isSame !== undefined && items.some((item) => isSame(item, value))) return items;
    const at = items.findIndex((item) => order(value, item) > 0);
    if (at < 0) return items.length < k ? [...items, value] : items;
    return [...items.slice(0, at), value, ...items.slice(at, k - 1)];
  };
}
function top(insert: Insert, itemOf: (value: Value, rest: readonly Value[]) => Value, set: Variant): Aggregator {
  return {
    init: () => [],
    add: (state: readonly Value[], value, rest) => (value === null ? state : insert(state, itemOf(value, rest))),
    merge: (left: readonly Value[], right: readonly Value[]) => right.reduce(insert, left),
    orderFree: true,
    result: (state: readonly Value[]) => (state.length === 0 ? set.ofNone : state),
  };
}
const size = (constants: readonly (Value | undefined)[]): number => Number(constants.at(-1));
const sortable = ['INTEGER', 'BIGINT', 'DOUBLE', 'STRING'];

/** The differences between ksqlDB's functions and the standard ones. */
interface Variant {
  readonly orderOf: (type: SqlType) => Order;
  readonly isSame: (order: Order) => (a: Value, b: Value) => boolean;
  readonly ofNone: Value;
  /** The aggregator's `orderFree`: whether rows may be added in any order. */
  readonly anyOrder: boolean;
}
const ordinary = (type: SqlType): Order => {
  return (a, b) => compareValues(type, a, b);
};
const ksqldb: Variant = { orderOf: ordinary, isSame: () => equalValues, ofNone: [], anyOrder: true };
const standard: Variant = {
  orderOf: (type) => (type.kind === 'DOUBLE' ? (a, b) => compareDoubles(a as number, b as number) : ordinary(type)),
  isSame: (order) => (a, b) => order(a, b) === 0,
  ofNone: null,
  anyOrder: false,
};

const topkOverloads = (set: Variant): AggregateOverload[] => [
  ...sortable.map((type) =>
    aggregateOverload(`value ${type}, k const INTEGER`, `ARRAY<${type}>`, ({ args, constants }) =>
      top(insertSorted(set.orderOf(args[0]!), size(constants), undefined), (value) => value, set),
    ),
  ),
  ...sortable.map((type) =>
    aggregateOverload(
      `sort_col ${type}, first ANY, others ANY..., k const INTEGER`,
      (args) =>
        array(
          struct([
            { name: 'sort_col', type: args[0]! },
            ...args.slice(1, -1).map((arg, i) => ({ name: `col${i}`, type: arg! })),
          ]),
        ),
      ({ args, constants }) => {
        const order = set.orderOf(args[0]!);
        const insert = insertSorted(
          (a, b) => order((a as readonly Value[])[0]!, (b as readonly Value[])[0]!),
          size(constants),
          undefined,
        );
        return { ...top(insert, (value, rest) => [value, ...rest.slice(0, -1)], set), orderFree: set.anyOrder };
      },
    ),
  ),
];

export const topk = aggregate({
  name: 'TOPK',
  doc: 'The k greatest values in descending order, or structs of the k rows with the greatest sort column; nulls are skipped. In the standard set NaN is greater than any other, and the result null of no value.',
  category: 'AGGREGATE',
  overloads: topkOverloads(ksqldb),
  standard: topkOverloads(standard),
});

const topkDistinctOverloads = (set: Variant): AggregateOverload[] =>
  [...sortable, 'DECIMAL', 'DATE', 'TIME', 'TIMESTAMP', 'BYTES'].map((type) =>
    aggregateOverload(
      `value ${type}, k const INTEGER`,
      (args): SqlType => array(args[0]!),
      ({ args, constants }) => {
        const order = set.orderOf(args[0]!);
        return top(insertSorted(order, size(constants), set.isSame(order)), (value) => value, set);
      },
    ),
  );

export const topkDistinct = aggregate({
  name: 'TOPKDISTINCT',
  doc: 'The k greatest different values in descending order; nulls are skipped. In the standard set NaN is greater than any other, and the result null of no value.',
  category: 'AGGREGATE',
  overloads: topkDistinctOverloads(ksqldb),
  standard: topkDistinctOverloads(standard),
});
