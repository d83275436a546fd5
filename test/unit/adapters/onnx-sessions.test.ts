import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ModelService } from '../../../src/adapters/models/model-service.ts';
import { OnnxProvider } from '../../../src/adapters/models/onnx-provider.ts';
import type { ModelObject, ModelVersion } from '../../../src/types/model.ts';
import { BIGINT, DOUBLE } from '../../../src/types/sql-type.ts';
import { tinyOnnx } from '../../support/tiny-onnx.ts';
import { openEngine } from '../../support/memory-node.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-onnx-sessions-'));
const path = join(folder, 'm.onnx');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Puts a model at the path that gives this number. */
function place(answer: number): void {
  const bytes = tinyOnnx({
    inputs: [['x', 'INT64', 1]],
    outputs: [['y', 'FLOAT', 1]],
    nodes: [['Gather', ['table', 'x'], 'y']],
    constants: { table: [answer] },
  });
  writeFileSync(path, bytes);
}
const columns = { input: [{ name: 'X', type: BIGINT }], output: [{ name: 'Y', type: DOUBLE }] };
const version = (number: number): ModelVersion => ({
  version: number,
  options: { PROVIDER: 'ONNX', PATH: path, WORKERS: '2' },
});
const object = (name: string, versions: readonly ModelVersion[]): ModelObject => ({
  name,
  ...columns,
  comment: undefined,
  versions,
  defaultVersion: versions.at(-1)!.version,
  statement: '',
});

test('a session is that of the content of a file: it goes with the last model that uses it', async () => {
  const provider = new OnnxProvider();
  place(1);
  const first = await provider.load(version(1), columns);
  const same = await provider.load(version(2), columns);
  expect(await provider.sessions()).toBe(2);
  place(2);
  const other = await provider.load(version(3), columns);
  expect(await provider.sessions()).toBe(4);
  expect(await Promise.all([first, same, other].map((model) => model.score([[0]])))).toEqual([[[1]], [[1]], [[2]]]);
  await first.close();
  expect(await provider.sessions()).toBe(4);
  await same.close();
  expect(await provider.sessions()).toBe(2);
  await other.close();
  expect(await provider.sessions()).toBe(0);
  await expect(provider.load(version(1), { ...columns, output: [{ name: 'Y', type: BIGINT }] })).rejects.toThrow(
    'cannot give',
  );
  writeFileSync(path, 'no model');
  await expect(provider.load(version(1), columns)).rejects.toThrow('no ONNX model');
  expect(await provider.sessions()).toBe(0);
  await provider.close();
});

test('50 times another file at the same path: the new one answers, and one session is there', async () => {
  const models = new ModelService();
  for (let i = 1; i <= 50; i++) {
    place(i);
    await models.inspect('M', version(1), columns);
    await models.put(object('M', [version(1)]));
    expect((await models.score('M', undefined, [[0]]))[0]!.outputs).toEqual([i]);
    await expect.poll(() => models.sessions()).toBe(2);
    models.remove('M');
  }
  await expect.poll(() => models.sessions()).toBe(0);
  await models.close();
});

test('a version keeps the content that it was made with while it is there, and a version that is taken away is unloaded', async () => {
  const models = new ModelService();
  const answers = async (): Promise<unknown> =>
    Promise.all([1, 2].map(async (each) => (await models.score('M', each, [[0]]))[0]!.outputs?.[0]));
  place(1);
  await models.inspect('M', version(1), columns);
  await models.put(object('M', [version(1)]));
  place(2);
  await models.inspect('M', version(2), columns);
  await models.put(object('M', [version(1), version(2)]));
  expect(await answers()).toEqual([1, 2]);
  expect(await models.sessions()).toBe(4);
  await models.put(object('M', [version(2)]));
  await expect.poll(() => models.sessions()).toBe(2);
  const running = models.score('M', undefined, [[0]]);
  models.remove('M');
  expect((await running)[0]!.outputs).toEqual([2]);
  await expect.poll(() => models.sessions()).toBe(0);
  await models.close();
});

test('DROP MODEL, another file at the same PATH, CREATE MODEL: the new one answers', async () => {
  const { run, settle, engine, close } = await openEngine();
  const create = `CREATE MODEL m INPUT (x BIGINT) OUTPUT (y DOUBLE) WITH (PROVIDER='onnx', PATH='${path}');`;
  await run("CREATE STREAM s (k STRING KEY, x BIGINT) WITH (KAFKA_TOPIC='s', PARTITIONS=1, VALUE_FORMAT='JSON');");
  await run("INSERT INTO s (k, x) VALUES ('a', 0);");
  for (const answer of [10, 20]) {
    place(answer);
    await run(create);
    await run(`CREATE STREAM o${answer} AS SELECT s.k AS k, p.y AS y FROM s INVOKE MODEL m (x) AS p;`);
    await settle();
    const reader = await engine.node.openReader(`O${answer}`, 'beginning');
    expect((await reader.poll(10, 0)).map(({ value }) => JSON.parse(value!.toString()) as unknown)).toEqual([
      { Y: answer },
    ]);
    reader.close();
    await run(`TERMINATE ALL; DROP MODEL m;`);
  }
  await close();
});
