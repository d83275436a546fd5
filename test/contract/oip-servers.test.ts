import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Scored } from '../../src/runtime/ports/model-host.ts';
import type { ModelColumn } from '../../src/types/model.ts';
import { array, BIGINT, BOOLEAN, DOUBLE, INTEGER, STRING, type Row } from '../../src/types/sql-type.ts';
import { scoredBy } from '../support/one-version.ts';
import { startPython } from './python-server.ts';

async function scored(
  options: Readonly<Record<string, string>>,
  [input, output]: readonly [readonly ModelColumn[], readonly ModelColumn[]],
  rows: readonly Row[],
): Promise<readonly Scored[]> {
  const version = { version: 1, options: { PROVIDER: 'OIP-V2', ...options } };
  const columns = { input, output };
  return scoredBy(version, columns, rows);
}
const pair: readonly [readonly ModelColumn[], readonly ModelColumn[]] = [
  [{ name: 'X', type: array(DOUBLE) }],
  [{ name: 'Y', type: DOUBLE }],
];
const vectors = Array.from({ length: 300 }, (_, i): Row => [Array.from({ length: 16 }, (_, k) => i / 8 + k)]);
const sums = vectors.map(([vector]) => [(vector as number[]).reduce((sum, each) => sum + each, 0)]);

const missing = (python: string, module: string, variable: string): string =>
  spawnSync(python, ['-c', `import ${module}`]).status === 0
    ? ''
    : `: ${python} has no ${module} (${variable} names another)`;

const kserve = process.env['MILLRACE_TEST_KSERVE'] ?? 'python3';
const noKserve = missing(kserve, 'kserve', 'MILLRACE_TEST_KSERVE');
describe.skipIf(noKserve !== '')(`KServe's own server${noKserve}`, () => {
  let endpoint: string;
  let stop: () => void;
  beforeAll(async () => {
    ({ endpoint, stop } = await startPython(kserve, 'kserve_server.py', '/v2/models/sum/ready'));
  }, 150_000);
  afterAll(() => stop());

  test.each(['true', 'false'])('gives each row its own score, in batches: BINARY=%s', async (binary) => {
    const options = { ENDPOINT: endpoint, MODEL_NAME: 'sum', BINARY: binary, MAX_BATCH_SIZE: '100' };
    expect((await scored(options, pair, vectors)).map(({ outputs }) => outputs)).toEqual(sums);
  });

  test('reads and writes each type of tensor as bytes as Millrace does', async () => {
    const columns = [
      { name: 'flag', type: BOOLEAN },
      { name: 'small', type: INTEGER },
      { name: 'large', type: BIGINT },
      { name: 'real', type: DOUBLE },
      { name: 'label', type: STRING },
      { name: 'vector', type: array(DOUBLE) },
      { name: 'labels', type: array(STRING) },
    ];
    const rows: Row[] = [
      [true, -2147483648, 9007199254740993n, 0.1, 'añ', [1.5, NaN], ['', 'x']],
      [false, 2147483647, -9223372036854775808n, -Infinity, '', [0, -1e300], ['日本', '{"a":1}']],
    ];
    const options = { ENDPOINT: endpoint, MODEL_NAME: 'echo', BINARY: 'true' };
    const results = await scored(options, [columns, columns], rows);
    expect(results.map(({ outputs, cause }) => outputs ?? cause)).toEqual(rows);
  });

  test('halves, which JSON has no form for', async () => {
    const packed = {
      ENDPOINT: endpoint,
      MODEL_NAME: 'sum',
      BINARY: 'true',
      INPUT_TENSOR: 'X',
    };
    const columns = ['A', 'B'].map((name) => ({ name, type: DOUBLE }));
    const results = await scored(packed, [columns, [{ name: 'Y', type: DOUBLE }]], [[0.5, 0.25]]);
    expect(results[0]!.outputs).toEqual([0.75]);
  });
});

const mlserver = process.env['MILLRACE_TEST_MLSERVER'] ?? 'python3';
const noMlserver = missing(mlserver, 'mlserver', 'MILLRACE_TEST_MLSERVER');
describe.skipIf(noMlserver !== '')(`MLServer${noMlserver}`, () => {
  let endpoint: string;
  let stop: () => void;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-mlserver-'));
  beforeAll(async () => {
    ({ endpoint, stop } = await startPython(mlserver, 'mlserver_server.py', '/v2/models/sum/ready', [folder]));
  }, 150_000);
  afterAll(() => {
    stop();
    rmSync(folder, { recursive: true });
  });
  const options = (): Record<string, string> => ({ ENDPOINT: endpoint, MODEL_NAME: 'sum', MAX_BATCH_SIZE: '100' });

  test('gives each row its own score, in batches', async () => {
    expect((await scored(options(), pair, vectors)).map(({ outputs }) => outputs)).toEqual(sums);
  });

  test('answers the row that its model fails with a 500 in plain text, and others with their scores', async () => {
    const results = await scored(options(), pair, [[[1, 2]], [[]], [[3, 4]]]);
    expect(results.map(({ outputs, error }) => outputs ?? error)).toEqual([[3], 'HTTP_5XX', [7]]);
    expect(results[1]!.cause).toContain('Internal Server Error');
  });

  test('does not speak the binary data extension over REST, and no row has a score then', async () => {
    const results = await scored({ ...options(), BINARY: 'true' }, pair, vectors.slice(0, 2));
    expect(results.map(({ error }) => error)).toEqual(['HTTP_5XX', 'HTTP_5XX']);
  });
});
