import { DOUBLE, struct, type Long, type Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type AggregateOverload, type Aggregator } from '../define.ts';
import { ratioToDouble } from './exact-ratio.ts';
import { exactSum, hasNonFinite, joinSums, type ExactSum } from './exact-sum.ts';
import { centered, exactlyCentered, excludeLong, excludeProductOf, includeLong, includeProductOf } from './moments.ts';
import { adoptedSum, overTable } from './over-tables.ts';

const sums = struct(['COUNT', 'SUM_X', 'SUM_Y', 'SUM_XX', 'SUM_YY', 'SUM_XY'].map((name) => ({ name, type: DOUBLE })));
type State = [n: number, x: number, y: number, xx: number, yy: number, xy: number];

/** The exact sums of x, y, x², y² and xy. */
type Exact = [x: ExactSum, y: ExactSum, xx: ExactSum, yy: ExactSum, xy: ExactSum];

function coefficient([x, y, xx, yy, xy]: Exact): number | null {
  const count = x[0]!;
  if (count < 2) return null;
  if (hasNonFinite(x) || hasNonFinite(y)) return NaN;
  const [a, b, both] = [centered(count, xx, x, x), centered(count, yy, y, y), centered(count, xy, x, y)];
  if (a !== undefined && b !== undefined && both !== undefined) {
    const product = a * b;
    // The root of the product if that is an ordinary double; the root of a square is then exact.
    const quick = both / (product > 1e-280 && product < 1e280 ? Math.sqrt(product) : Math.sqrt(a) * Math.sqrt(b));
    if (Number.isFinite(quick)) return Math.max(-1, Math.min(1, quick));
  }
  const left = exactlyCentered(count, xx, x, x);
  if (left.digits === 0n) return null;
  const right = exactlyCentered(count, yy, y, y);
  if (right.digits === 0n) return null;
  const middle = exactlyCentered(count, xy, x, y);
  const below = left.digits * right.digits;
  // The square of the result, scaled away from the limits of doubles.
  const exponent = 2 * middle.exponent - left.exponent - right.exponent;
  const size = Math.min(1, Math.sqrt(ratioToDouble(middle.digits * middle.digits, below, exponent + 1000)) * 2 ** -500);
  return middle.digits < 0n ? -size : size;
}
/** Adds or removes the terms of a row; rows with a null have none. */
const terms =
  (include: typeof includeLong, product: typeof includeProductOf) =>
  (state: Exact, value: Value, [second]: readonly Value[]): Exact => {
    if (value === null || second === null) return state;
    const x = value as Long;
    const y = second as Long;
    include(state[0], x);
    include(state[1], y);
    product(state[2], x, x);
    product(state[3], y, y);
    product(state[4], x, y);
    return state;
  };
const exact: readonly AggregateOverload[] = ['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
  aggregateOverload(`x ${type}, y ${type}`, 'DOUBLE', () => ({
    init: (): Exact => [exactSum(), exactSum(), exactSum(), exactSum(), exactSum()],
    add: terms(includeLong, includeProductOf),
    undo: terms(excludeLong, excludeProductOf),
    merge: (left: Exact, right: Exact) => left.map((sum, i) => joinSums(sum, right[i]!)),
    orderFree: true,
    result: coefficient,
  })),
);

/** ksqlDB's over a table: without variance it is NaN. */
const tableCorrelation = (inner: Aggregator): Aggregator =>
  overTable(
    inner,
    (stored): Exact => {
      if (typeof (stored as State)[0] !== 'number') return stored as Exact;
      const [count, ...sums] = stored as State;
      return sums.map((sum) => adoptedSum(sum, count)) as Exact;
    },
    (value) => value ?? NaN,
  );

export const corr = aggregate({
  name: 'CORR',
  doc: 'Pearson correlation of two columns; rows with a null are skipped, null where one of them is constant.',
  category: 'AGGREGATE',
  overloads: exact,
  standard: 'same',
});

export const correlation = aggregate({
  name: 'CORRELATION',
  doc: 'Pearson correlation of two columns; rows with a null are skipped. Where one of them is constant it is NaN in GROUP BY, null in the standard set.',
  category: 'AGGREGATE',
  standard: exact,
  overloads: ['INTEGER', 'BIGINT', 'DOUBLE'].map((type, i) =>
    aggregateOverload(
      `x ${type}, y ${type}`,
      'DOUBLE',
      (context) => {
        if (context.ofTable) return tableCorrelation(exact[i]!.create(context));
        const change = (s: State, a: unknown, b: unknown, sign: number): State => {
          if (a === null || b === null) return s;
          const [x, y] = [Number(a), Number(b)];
          return [
            s[0] + sign,
            s[1] + sign * x,
            s[2] + sign * y,
            s[3] + sign * x * x,
            s[4] + sign * y * y,
            s[5] + sign * x * y,
          ];
        };
        return {
          init: (): State => [0, 0, 0, 0, 0, 0],
          add: (s: State, value, rest) => change(s, value, rest[0], 1),
          undo: (s: State, value, rest) => change(s, value, rest[0], -1),
          merge: (left: State, right: State) => left.map((part, i) => part + right[i]!),
          orderFree: true,
          result: ([n, x, y, xx, yy, xy]: State) => (n * xy - x * y) / Math.sqrt((n * xx - x * x) * (n * yy - y * y)),
        };
      },
      { stateType: () => sums },
    ),
  ),
});
