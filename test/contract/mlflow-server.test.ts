import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Scored } from '../../src/runtime/ports/model-host.ts';
import { BIGINT, DOUBLE, type Row } from '../../src/types/sql-type.ts';
import { scoredBy } from '../support/one-version.ts';
import { startPython } from './python-server.ts';

const python = process.env['MILLRACE_TEST_MLFLOW'] ?? 'python3';
const missing =
  spawnSync(python, ['-c', 'import mlflow.pyfunc.scoring_server, fastapi, uvicorn, pandas, scipy']).status === 0
    ? ''
    : `: ${python} has no MLflow with its server (MILLRACE_TEST_MLFLOW names another)`;

describe.skipIf(missing !== '')(`MLflow's own scoring server${missing}`, () => {
  let endpoint: string;
  let stop: () => void;
  beforeAll(async () => {
    ({ endpoint, stop } = await startPython(python, 'mlflow_server.py', '/ping'));
  }, 150_000);
  afterAll(() => stop());

  async function scored(
    rows: readonly Row[],
    options: Record<string, string> = {},
    [amount, visits] = ['amount', 'visits'],
  ): Promise<readonly Scored[]> {
    const version = { version: 1, options: { PROVIDER: 'MLFLOW', ENDPOINT: endpoint, ...options } };
    const columns = {
      input: [
        { name: amount, type: DOUBLE },
        { name: visits, type: BIGINT },
      ],
      output: [
        { name: 'LABEL', type: BIGINT },
        { name: 'SCORE', type: DOUBLE },
      ],
    };
    return scoredBy(version, columns, rows);
  }

  test('gives each row its own score, in batches', async () => {
    const rows = Array.from({ length: 1000 }, (_, i): Row => [i / 8, i % 7]);
    const expected = rows.map(([amount, visits]) => {
      const score = (amount as number) * 2 + (visits as number);
      return [score > 10 ? 1 : 0, score];
    });
    expect((await scored(rows, { MAX_BATCH_SIZE: '300' })).map(({ outputs }) => outputs)).toEqual(expected);
  });

  test('refuses a null where its signature has an integer: of that row only', async () => {
    const results = await scored(
      [
        [1, 1],
        [2, null],
        [3, 3],
      ],
      { ON_NULL_INPUT: 'SEND' },
    );
    expect(results.map(({ outputs, error }) => outputs ?? error)).toEqual([[0, 3], 'HTTP_4XX', [0, 9]]);
  });

  test('refuses columns of other names, and says so', async () => {
    const [result] = await scored([[1, 1]], {}, ['AMOUNT', 'VISITS']);
    expect(result).toMatchObject({ error: 'HTTP_4XX' });
    expect(result!.cause).toMatch(/schema/);
  });
});
