import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Aggregator } from '../../../src/functions/define.ts';
import { findAggregate } from '../../../src/functions/registry.ts';
import type { Value } from '../../../src/types/sql-type.ts';

const standard = (name: string, type: 'DOUBLE' | 'BIGINT' = 'DOUBLE'): Aggregator => {
  const { params, create } = findAggregate(name)!.standard.find(
    ({ params: [param] }) => param!.type.kind === 'exact' && param!.type.type.kind === type,
  )!;
  return create({ args: params.map(() => ({ kind: type })), returns: { kind: 'DOUBLE' }, constants: [] });
};
const over = (aggregator: Aggregator, rows: readonly (readonly Value[])[]): Value =>
  aggregator.result(
    rows.reduce<unknown>(
      (state, [first, ...rest]) => aggregator.add(state as never, first!, rest),
      aggregator.init(),
    ) as never,
    0,
  );

/** Doubles as whole numbers of 2^-1074: rational arithmetic without an error. */
const unit = 1074n;
function units(value: number): bigint {
  let [whole, shift] = [value, 0n];
  while (!Number.isInteger(whole)) {
    whole *= 2;
    shift++;
  }
  return BigInt(whole) << (unit - shift);
}
const abs = (value: bigint): bigint => (value < 0n ? -value : value);
/** Whether a double is within 1e-12 of above / below. */
const isClose = (actual: Value, above: bigint, below: bigint): boolean => {
  const value = units(actual as number) * below;
  return abs(value - (above << unit)) * 1_000_000_000_000n <= abs(above << unit);
};

const offsets = fc.constantFrom(0, 1, 1e3, 1e9, -1e9, 1e15, 1e-300, 1e300);
const scales = fc.constantFrom(1, 1e-3, 1e-5, 1e6, 1e-200, 1e200, 1e299);
const values = fc
  .tuple(offsets, scales, fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 20 }))
  .map(([offset, scale, list]) => list.map((x) => offset + x * scale));

test('variances are those of exact rational arithmetic, however far the mean is', () => {
  fc.assert(
    fc.property(values, (list) => {
      const count = BigInt(list.length);
      const sum = list.reduce((total, x) => total + units(x), 0n);
      const squares = list.reduce((total, x) => total + units(x) ** 2n, 0n);
      const above = count * squares - sum * sum;
      for (const [name, below] of [
        ['VAR_SAMP', count * (count - 1n)],
        ['VAR_POP', count * count],
      ] as const) {
        const actual = over(
          standard(name),
          list.map((x) => [x]),
        ) as number;
        if (actual === 0 || Math.abs(actual) === Infinity || Math.abs(actual) < 1e-290) return;
        expect(isClose(actual, above, below << (2n * unit))).toBe(true);
      }
    }),
    { numRuns: 3_000, seed: 14 },
  );
  const far = [1e9 - 0.03, 1e9, 1e9 + 0.03].map((x) => [x]);
  expect(over(standard('VAR_SAMP'), far)).toBeCloseTo(0.0009, 8);
  expect(over(standard('VAR_POP'), [[1e9], [1e9], [1e9]])).toBe(0);
});

test('a correlation is that of exact rational arithmetic', () => {
  fc.assert(
    fc.property(values, values, (xs, ys) => {
      const rows = xs.slice(0, Math.min(xs.length, ys.length)).map((x, i): [number, number] => [x, ys[i]!]);
      const count = BigInt(rows.length);
      const total = (of: (x: bigint, y: bigint) => bigint): bigint =>
        rows.reduce((sum, [x, y]) => sum + of(units(x), units(y)), 0n);
      const [x, y] = [total((a) => a), total((_, b) => b)];
      const both = count * total((a, b) => a * b) - x * y;
      const below = (count * total((a) => a * a) - x * x) * (count * total((_, b) => b * b) - y * y);
      const actual = over(standard('CORR'), rows);
      if (below === 0n) {
        expect(actual).toBeNull();
        return;
      }
      const size = Math.abs(actual as number);
      if (size < 1e-140) return;
      // Of the squares, whose error is twice as great.
      expect(Math.sign(actual as number)).toBe(both < 0n ? -1 : 1);
      const square = (units(size) ** 2n * below) >> (2n * unit);
      expect(abs(square - both * both) * 500_000_000_000n <= both * both).toBe(true);
    }),
    { numRuns: 1_500, seed: 14 },
  );
  expect(
    over(standard('CORR'), [
      [1, 2],
      [3, 6],
      [5, 10],
    ]),
  ).toBe(1);
  expect(
    over(standard('CORR'), [
      [1, 2],
      [3, -6],
    ]),
  ).toBe(-1);
  expect(
    over(standard('CORR'), [
      [1, 2],
      [1, 5],
    ]),
  ).toBeNull();
  expect(
    over(standard('CORR'), [
      [NaN, 2],
      [1, 5],
    ]),
  ).toBeNaN();
});

test('BIGINT is not rounded to a double', () => {
  const list = [9007199254740993n, 9007199254740995n, 9007199254740997n].map((x) => [x]);
  expect(over(standard('VAR_SAMP', 'BIGINT'), list)).toBe(4);
});

test('a sum leaves BIGINT, is told, and comes back', () => {
  const reports: string[] = [];
  const found = findAggregate('SUM')!.standard.find(
    ({ params: [param] }) => param!.type.kind === 'exact' && param!.type.type.kind === 'BIGINT',
  )!;
  const sum = found.create({
    args: [{ kind: 'BIGINT' }],
    returns: { kind: 'BIGINT' },
    constants: [],
    report: ({ message }) => void reports.push(message),
  });
  let state = sum.add(sum.init() as never, 9223372036854775807n, []);
  expect(sum.result(state as never, 0)).toBe(9223372036854775807n);
  state = sum.add(state as never, 2, []);
  expect([sum.result(state as never, 0), reports]).toEqual([null, ['the sum 9223372036854775809 is beyond BIGINT']]);
  state = sum.undo!(state as never, 9223372036854775807n, []);
  expect(sum.result(state as never, 0)).toBe(2);
});
