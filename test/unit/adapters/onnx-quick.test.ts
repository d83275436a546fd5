import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { OnnxProvider } from '../../../src/adapters/models/onnx-provider.ts';
import type { ProviderModel } from '../../../src/adapters/models/provider.ts';
import { QuickRows } from '../../../src/adapters/models/quick-rows.ts';
import type { ModelVersion } from '../../../src/types/model.ts';
import { BIGINT, DOUBLE } from '../../../src/types/sql-type.ts';
import { tinyOnnx } from '../../support/tiny-onnx.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-onnx-quick-'));
const path = join(folder, 'm.onnx');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Puts a model at the path that gives the number at a place. */
function place(table: readonly number[]): void {
  const bytes = tinyOnnx({
    inputs: [['x', 'INT64', 1]],
    outputs: [['y', 'FLOAT', 1]],
    nodes: [['Gather', ['table', 'x'], 'y']],
    constants: { table: [...table] },
  });
  writeFileSync(path, bytes);
}
const columns = { input: [{ name: 'X', type: BIGINT }], output: [{ name: 'Y', type: DOUBLE }] };
const version = (workers: number): ModelVersion => ({
  version: 1,
  options: { PROVIDER: 'ONNX', PATH: path, WORKERS: String(workers) },
});

/** Calls the model until it is loaded in this thread too. */
async function untilHere(provider: OnnxProvider, model: ProviderModel): Promise<void> {
  const look = async (): Promise<number> => {
    expect(await model.score([[1], [0]])).toEqual([[20], [10]]);
    return provider.sessions();
  };
  await expect.poll(look, { timeout: 20_000, interval: 1 }).toBe(2);
}

test('a model whose calls are quick is called in this thread, with the same answers and errors, and unloaded here too', async () => {
  place([10, 20]);
  const provider = new OnnxProvider();
  const model = await provider.load(version(1), columns);
  const wrong = async (): Promise<unknown> =>
    model.score([[7]]).then(
      () => 'scored',
      (error: unknown) => error,
    );
  const before = await wrong();
  expect(before).toMatchObject({ failure: 'BAD_RESPONSE', mayBeOneRow: true });
  await untilHere(provider, model);
  const calls = Array.from({ length: 20 }, () => model.score([[0], [1], [1]]));
  expect(await Promise.all(calls)).toEqual(calls.map(() => [[10], [20], [20]]));
  expect(await wrong()).toEqual(before);
  // More rows than were quick before.
  expect(await model.score(Array.from({ length: 5000 }, (_, i) => [i % 2]))).toHaveLength(5000);
  await model.close();
  expect(await provider.sessions()).toBe(0);
  await provider.close();
});

test('a provider that is closed makes no call in this thread', async () => {
  place([10, 20]);
  const provider = new OnnxProvider();
  const model = await provider.load(version(1), columns);
  await untilHere(provider, model);
  await provider.close();
  await expect(model.score([[0], [1]])).rejects.toThrow('the worker has been stopped');
});

test('a model whose file is another one now is called in its worker, as what it was', async () => {
  place([10, 20]);
  const provider = new OnnxProvider();
  const model = await provider.load(version(1), columns);
  place([30, 40]);
  for (let i = 0; i < 200; i++) expect(await model.score([[1], [0]])).toEqual([[20], [10]]);
  expect(await provider.sessions()).toBe(1);
  await model.close();
  await provider.close();
});

test('where several workers are asked for, or this thread is to stay out, it calls nothing', async () => {
  place([10, 20]);
  for (const [workers, staysOut] of [
    [2, false],
    [1, true],
  ] as const) {
    const provider = new OnnxProvider(staysOut);
    const model = await provider.load(version(workers), columns);
    for (let i = 0; i < 200; i++) expect(await model.score([[1], [0]])).toEqual([[20], [10]]);
    expect(await provider.sessions()).toBe(workers);
    await model.close();
    await provider.close();
  }
});

test('calls are quick of as many rows as one that was, until eight of so few are slow, one after another', () => {
  const quick = new QuickRows();
  const slow = (rows: number, calls: number): void => {
    for (let i = 0; i < calls; i++) quick.took(rows, 3);
  };
  expect(quick.has(1)).toBe(false);
  quick.took(256, 0.1);
  expect([quick.has(256), quick.has(257)]).toEqual([true, false]);
  slow(2048, 20);
  expect(quick.has(256)).toBe(true);
  slow(200, 7);
  quick.took(200, 0.1);
  slow(200, 7);
  expect(quick.has(256)).toBe(true);
  slow(200, 1);
  expect([quick.has(100), quick.has(101)]).toEqual([true, false]);
  slow(1, 8);
  expect(quick.has(1)).toBe(false);
  expect(quick.calls).toBe(2);
});
