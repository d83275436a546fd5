import { compareValues, equalValues } from '../../types/compare.ts';
import { array, struct, type SqlType, type Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type Aggregator } from '../define.ts';

type Insert = (items: readonly Value[], value: Value) => readonly Value[];

/** The state is the answer: at most `k` items in descending order; a later equal item stands after an earlier one. */
function insertSorted(order: (a: Value, b: Value) => number, k: number, distinct: boolean): Insert {
  return (items, value) => {
    if (distinct && items.some((item) => equalValues(item, value))) return items;
    const at = items.findIndex((item) => order(value, item) > 0);
    if (at < 0) return items.length < k ? [...items, value] : items;
    return [...items.slice(0, at), value, ...items.slice(at, k - 1)];
  };
}
function top(insert: Insert, itemOf: (value: Value, rest: readonly Value[]) => Value): Aggregator {
  return {
    init: () => [],
    add: (state: readonly Value[], value, rest) => (value === null ? state : insert(state, itemOf(value, rest))),
    merge: (left: readonly Value[], right: readonly Value[]) => right.reduce(insert, left),
    orderFree: true,
    result: (state: readonly Value[]) => state,
  };
}
const size = (constants: readonly (Value | undefined)[]): number => Number(constants.at(-1));
const sortable = ['INTEGER', 'BIGINT', 'DOUBLE', 'STRING'];

export const topk = aggregate({
  name: 'TOPK',
  doc: 'The k greatest values in descending order, or structs of the k rows with the greatest sort column; nulls are skipped.',
  category: 'AGGREGATE',
  overloads: [
    ...sortable.map((type) =>
      aggregateOverload(`value ${type}, k const INTEGER`, `ARRAY<${type}>`, ({ args, constants }) =>
        top(
          insertSorted((a, b) => compareValues(args[0]!, a, b), size(constants), false),
          (value) => value,
        ),
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
        ({ args, constants }) =>
          top(
            insertSorted(
              (a, b) => compareValues(args[0]!, (a as readonly Value[])[0]!, (b as readonly Value[])[0]!),
              size(constants),
              false,
            ),
            (value, rest) => [value, ...rest.slice(0, -1)],
          ),
      ),
    ),
  ],
});

export const topkDistinct = aggregate({
  name: 'TOPKDISTINCT',
  doc: 'The k greatest different values in descending order; nulls are skipped.',
  category: 'AGGREGATE',
  overloads: [...sortable, 'DECIMAL', 'DATE', 'TIME', 'TIMESTAMP', 'BYTES'].map((type) =>
    aggregateOverload(
      `value ${type}, k const INTEGER`,
      (args): SqlType => array(args[0]!),
      ({ args, constants }) =>
        top(
          insertSorted((a, b) => compareValues(args[0]!, a, b), size(constants), true),
          (value) => value,
        ),
    ),
  ),
});
