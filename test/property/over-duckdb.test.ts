import type { DuckDBConnection } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { Random } from '../fuzz/random.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { exactAverage, exactCorrelation, exactDeviation, exactSum, exactVariance } from '../support/exact.ts';
import { overByDuckDb } from '../support/over-oracle.ts';
import { overTrials } from '../support/over-trial.ts';
import { runsOf, seedOf } from '../support/scale.ts';

const duck = await openDuckDb();
const functions = [
  'COUNT',
  'SUM',
  'AVG',
  'MIN',
  'MAX',
  'VAR_SAMP',
  'VAR_POP',
  'STDDEV_SAMP',
  'STDDEV_POP',
  'CORRELATION',
  'COUNT_DISTINCT',
  'FIRST_VALUE',
  'LAST_VALUE',
  'NTH_VALUE',
  'LAG',
  'ROW_NUMBER',
  'COLLECT_LIST',
  'HISTOGRAM',
];

test.runIf(typeof duck !== 'string')(
  'the arithmetic without rounding gives what DuckDB gives of numbers that it can sum',
  async () => {
    const random = new Random(seedOf(7));
    for (let run = 0; run < 50; run++) {
      const pairs = Array.from({ length: 2 + random.below(20) }, () => [
        random.below(1000) / 8,
        random.below(1000) / 8,
      ]);
      const reader = await (duck as DuckDBConnection).runAndReadAll(
        `SELECT sum(x), avg(x), var_samp(x), var_pop(x), stddev_samp(x), stddev_pop(x), corr(x, y)
       FROM (VALUES ${pairs.map(([x, y]) => `(${x!}::DOUBLE, ${y!}::DOUBLE)`).join()}) AS pair(x, y)`,
      );
      const xs = pairs.map(([x]) => x!);
      const exact = [
        exactSum(xs),
        exactAverage(xs),
        exactVariance(xs, true),
        exactVariance(xs, false),
        exactDeviation(xs, true),
        exactDeviation(xs, false),
        exactCorrelation(pairs as [number, number][]),
      ];
      for (const [i, value] of reader.getRows()[0]!.entries())
        if (Number.isFinite(value))
          expect(Math.abs(exact[i]! - Number(value))).toBeLessThan(1e-11 * Math.max(1, Number(value)));
    }
    expect([0.1, 0.2, 0.3].map((x) => exactSum([1e308, x, -1e308]))).toEqual([0.1, 0.2, 0.3]);
    expect([exactSum([1e308, 1e308]), exactAverage([1e308, 1e308]), exactSum([5e-324, 5e-324])]).toEqual([
      Infinity,
      1e308,
      1e-323,
    ]);
  },
);

test('every value over a frame is what DuckDB gives for its rows, sums of doubles to the last bit', async ({
  skip,
}) => {
  if (typeof duck === 'string') {
    expect(process.env['CI'], duck).toBeUndefined();
    skip(duck);
    return;
  }
  const { told, summary } = await overTrials((model, events) => overByDuckDb(duck, model, events), {
    scope: { functions, wild: true },
    seed: seedOf(5000),
    cells: runsOf(20_000),
    events: (random) => 20 + random.below(random.below(10) === 0 ? 2000 : 500),
  });
  console.log(summary);
  expect(told).toBe('');
}, 3_600_000);
