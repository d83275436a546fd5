import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { openPython } from '../support/over-python.ts';
import { overTrials } from '../support/over-trial.ts';
import { runsOf, seedOf } from '../support/scale.ts';

const python = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3';
const has = (...args: string[]): boolean => spawnSync(python, args).status === 0;
const functions = [
  'COLLECT_SET',
  'HISTOGRAM',
  'TOPK',
  'TOPKDISTINCT',
  'EWMA',
  'EWMA_HALFLIFE',
  'DECAYED_SUM',
  'DECAYED_COUNT',
  'APPROX_PERCENTILE',
  'APPROX_COUNT_DISTINCT',
  'PERCENTILE',
];
const learning = [
  'ML_STANDARD_SCALER',
  'ML_MIN_MAX_SCALER',
  'ML_MAX_ABS_SCALER',
  'ML_ROBUST_SCALER',
  'ML_ONE_HOT_ENCODER',
  'ML_LABEL_ENCODER',
  'ML_DETECT_ANOMALIES',
  'ML_DETECT_ANOMALIES',
  'ML_DETECT_ANOMALIES',
  'PAGE_HINKLEY',
  'ADWIN',
];

test.for([
  {
    what: 'what DuckDB has no word for: averages with weights, sketches, lists',
    functions,
    seed: 6000,
    cells: 10_000,
    most: 300,
  },
  {
    what: 'what learns from its frame: detectors and scalers',
    functions: learning,
    seed: 7000,
    cells: 20_000,
    most: 100,
  },
])(
  '$what is what a naive scan in Python gives',
  { timeout: 3_600_000 },
  async ({ functions, seed, cells, most }, { skip }) => {
    if (!has('--version')) {
      expect(process.env['CI'], `${python} does not run`).toBeUndefined();
      skip(`${python} does not run (MILLRACE_TEST_PYTHON names another)`);
      return;
    }
    if (process.env['CI'] !== undefined) expect(has('-c', 'import pandas'), `${python} has no pandas`).toBe(true);
    const { judge, close } = openPython(python);
    const { told, summary } = await overTrials(judge, {
      scope: { functions, wild: false },
      seed: seedOf(seed),
      cells: runsOf(cells),
      events: (random) => 20 + random.below(most),
    });
    close();
    console.log(summary);
    expect(told).toBe('');
  },
);
