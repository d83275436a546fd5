import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addColumn, addStats, addTo, emptyStats } from '../../src/runtime/monitor/column-stats.ts';
import { edgesOf } from '../../src/runtime/monitor/digest.ts';
import { drift, driftMeasures, type DriftMeasure } from '../../src/runtime/monitor/drift.ts';
import type { ColumnStats } from '../../src/specs/column-stats.ts';
import { runsOf, seedOf } from '../support/scale.ts';

const python = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3';
const measures = Object.keys(driftMeasures) as DriftMeasure[];
const number = { as: 'number', edges: undefined, keepsValues: true } as const;

function statsOf(values: readonly number[], edges?: readonly number[]): ColumnStats {
  const measured = { ...number, edges };
  const stats = emptyStats(measured);
  for (const value of values) addTo(stats, measured, value);
  return stats;
}
/** The same values in parts that are put together. */
function inParts(values: readonly number[], edges: readonly number[], size: number): ColumnStats {
  const stats = emptyStats({ ...number, edges });
  for (let at = 0; at < values.length; at += size) addStats(stats, statsOf(values.slice(at, at + size), edges));
  return stats;
}
const edgesFor = (reference: readonly number[], bins: number): number[] => edgesOf(statsOf(reference)[5]!, bins);

/** All measures, with bins counted as values come and with bins found behind them. */
function driftOf(reference: readonly number[], current: readonly number[], bins: number): Record<string, number>[] {
  const edges = edgesFor(reference, bins);
  const all = (a: ColumnStats, b: ColumnStats, given: readonly number[] | undefined): Record<string, number> =>
    Object.fromEntries(measures.map((measure) => [measure, drift(measure, a, b, given, bins)!]));
  return [
    all(statsOf(reference, edges), statsOf(current, edges), edges),
    all(statsOf(reference), statsOf(current), undefined),
    all(inParts(reference, edges, 7), inParts(current, edges, 5), edges),
  ];
}

const spread = fc.oneof(
  fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 }),
  fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 300 }),
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 20, maxLength: 2000 }),
);

test('every measure of drift is what NumPy and SciPy say of random samples', ({ skip }) => {
  if (spawnSync(python, ['-c', 'import scipy']).status !== 0) {
    expect(process.env['CI'], `${python} has no SciPy`).toBeUndefined();
    skip(`${python} has no SciPy (MILLRACE_TEST_PYTHON names another)`);
    return;
  }
  const cases = fc.sample(fc.record({ ref: spread, cur: spread, bins: fc.integer({ min: 2, max: 20 }) }), {
    numRuns: runsOf(300),
    seed: seedOf(19),
  });
  const { stdout, stderr } = spawnSync(python, [join(import.meta.dirname, '../support/drift.py')], {
    input: cases.map((each) => JSON.stringify(each)).join('\n'),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const told = stdout.trim().split('\n');
  expect(told.length, stderr).toBe(cases.length);
  for (const [i, { ref, cur, bins }] of cases.entries()) {
    const oracle = JSON.parse(told[i]!) as Record<string, number>;
    for (const ours of driftOf(ref, cur, bins))
      for (const measure of measures) {
        const scale = Math.max(1, Math.abs(oracle[measure]!));
        expect(
          Math.abs(ours[measure]! - oracle[measure]!) / scale,
          `${measure} of case ${i}: ${ours[measure]} and ${oracle[measure]}`,
        ).toBeLessThan(measure === 'JENSEN_SHANNON' ? 1e-7 : 1e-9);
      }
  }
});

test('what is the same has not drifted, and parts in any order give the whole', () => {
  fc.assert(
    fc.property(spread, spread, fc.integer({ min: 2, max: 20 }), (ref, cur, bins) => {
      for (const measure of measures) {
        const edges = edgesFor(ref, bins);
        const same = statsOf(ref, edges);
        expect(drift(measure, same, statsOf(ref, edges), edges, bins)).toBe(0);
        const turned = drift(measure, same, statsOf([...cur].reverse(), edges), edges, bins)!;
        const straight = drift(measure, same, statsOf(cur, edges), edges, bins)!;
        expect(Math.abs(turned - straight)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(straight)));
      }
    }),
    { numRuns: runsOf(100), seed: seedOf(20) },
  );
});

test('a column that is read over many rows says what it says value by value, to the last bit', () => {
  const values = fc.array(fc.oneof({ weight: 9, arbitrary: fc.double() }, fc.constant(null)), { maxLength: 200 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 60 }), fc.constantFrom(1, 100), (column, size, scale) => {
      const measured = { ...number, edges: [-1, 0, 1] };
      const [one, many] = [emptyStats(measured), emptyStats(measured)];
      for (const value of column) addTo(one, measured, value, scale);
      const rows = column.map((value) => ['', value]);
      for (let at = 0; at < rows.length; at += size) addColumn(many, measured, rows.slice(at, at + size), 1, scale);
      expect(many).toEqual(one);
    }),
    { numRuns: runsOf(200), seed: seedOf(23) },
  );
});
