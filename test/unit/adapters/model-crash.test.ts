import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { slotOf, versionOfSlot } from '../../../src/types/model-route.ts';
import { openEngine } from '../../support/memory-node.ts';
import { recordsOf } from '../../support/topics.ts';

const root = join(import.meta.dirname, '../../..');
const dist = (path: string): string => JSON.stringify(join(root, 'dist/src', path));
const setup = (
  mode: string,
): string => `CREATE STREAM s (k STRING KEY, n INT, a DOUBLE) WITH (kafka_topic='s', value_format='JSON', partitions=2);
  CREATE MODEL m INPUT (a DOUBLE, b DOUBLE) OUTPUT (total DOUBLE, product DOUBLE) WITH (PROVIDER='onnx', PATH='test/golden/models/sum.onnx', MAX_BATCH_SIZE=64, OUTPUT_MODE='${mode}');
  ALTER MODEL m ADD VERSION WITH (PATH='test/golden/models/difference.onnx');
  ALTER MODEL m SET ROUTE SEED 'x' TO VERSION 1 WEIGHT 60, VERSION 2 WEIGHT 40 SHADOW VERSION 2;
  CREATE STREAM p AS SELECT s.k AS k, s.n AS n, q.total AS total, q.model_version AS version FROM s INVOKE MODEL m (a, 1) AS q;`;
/** Feeds rows, and dies at a call of the model, in mid-batch, or between the steps of a commit. */
const script = (folder: string, mode: string): string => `
  import { EmbeddedNode } from ${dist('adapters/embedded/embedded-node.js')};
  import { ModelService } from ${dist('adapters/models/model-service.js')};
  import { RocksBackend } from ${dist('adapters/rocksdb/rocks-backend.js')};
  import { Engine } from ${dist('engine/engine.js')};
  import { Session } from ${dist('engine/session.js')};
  import { executeScript } from ${dist('statements/index.js')};
  const step = process.env.STEP;
  let armed = Infinity, steps = 0;
  const at = (name) => { if (name === step && steps++ >= armed) process.kill(process.pid, 'SIGKILL'); };
  const models = new ModelService();
  const score = models.score.bind(models);
  models.score = async (...args) => { const answers = score(...args); at('called'); const all = await answers; at('answered'); return all; };
  const node = await EmbeddedNode.open({ folder: ${JSON.stringify(folder)}, openBackend: (f) => RocksBackend.open(f), models, serviceId: 'test_', sync: false, observe: at });
  const engine = new Engine({ node, models, serviceId: 'test_', defaults: { 'auto.offset.reset': 'earliest' } });
  await engine.start();
  if (engine.catalog.sources.size === 0) await executeScript({ name: 't', text: ${JSON.stringify(setup(mode))} }, engine, new Session(engine.defaults));
  const reader = await node.openReader('s', 'beginning');
  let have = 0;
  for (let r; (r = await reader.poll(10000, 0)).length > 0; ) have += r.length;
  armed = Number(process.env.AFTER) + steps;
  for (let i = have; i < 1000; i += 100) {
    await node.produce('s', Array.from({ length: 100 }, (_, j) => ({ key: 'k' + (i + j), value: JSON.stringify({ n: i + j, a: i + j }), timestamp: i, partition: undefined })));
    do await new Promise((r) => setTimeout(r, 2)); while (node.status('CSAS_P_0')?.lag !== 0);
  }
  while (node.status('CSAS_P_0')?.lag !== 0) await new Promise((r) => setTimeout(r, 5));
  await engine.close();
  process.exit(0);`;

const run = (folder: string, mode: string, step: string, after: number): Promise<NodeJS.Signals | null> =>
  new Promise((resolve, reject) => {
    const file = join(folder, '..', `${basename(folder)}.mjs`);
    writeFileSync(file, script(folder, mode));
    const child = spawn(process.execPath, [file], {
      cwd: root,
      env: { ...process.env, STEP: step, AFTER: String(after) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('exit', (code, signal) =>
      code === 0 || signal === 'SIGKILL' ? resolve(signal) : reject(new TypeError(`ended with ${code}`)),
    );
  });

test.each(
  ['called', 'answered', 'sent'].flatMap((step) => ['ORDERED', 'UNORDERED'].map((mode) => [step, mode] as const)),
)(
  'killed again and again at the step "%s", %s, no prediction is lost or there twice, and each is of the version of its key',
  async (step, mode) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-model-crash-'));
    let kills = 0;
    for (const after of [1, 2]) if ((await run(folder, mode, step, after)) === 'SIGKILL') kills++;
    expect(kills).toBe(2);
    await run(folder, mode, step, 1e9);
    const { engine, close } = await openEngine(folder);
    const { slots } = engine.catalog.models.get('M')!.route!;
    const predictions = (await recordsOf(engine.node, 'P')).map(
      ({ value }) => JSON.parse(value!.toString()) as { N: number; TOTAL: number; VERSION: number },
    );
    expect(predictions.map(({ N }) => N).sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, n) => n));
    for (const { N, TOTAL, VERSION } of predictions) {
      expect(VERSION).toBe(versionOfSlot(slots, slotOf('x', `k${N}`)));
      expect(TOTAL).toBe(VERSION === 1 ? N + 1 : N - 1);
    }
    await close();
  },
);
