import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';

const root = join(import.meta.dirname, '../../..');
const script = (folder: string): string => `
  import { EmbeddedNode } from ${JSON.stringify(join(root, 'dist/src/adapters/embedded/embedded-node.js'))};
  import { RocksBackend } from ${JSON.stringify(join(root, 'dist/src/adapters/rocksdb/rocks-backend.js'))};
  import { Engine } from ${JSON.stringify(join(root, 'dist/src/engine/engine.js'))};
  import { Session } from ${JSON.stringify(join(root, 'dist/src/engine/session.js'))};
  import { executeScript } from ${JSON.stringify(join(root, 'dist/src/statements/index.js'))};
  let armed = Infinity, steps = 0;
  const node = await EmbeddedNode.open({ folder: ${JSON.stringify(folder)}, openBackend: (f) => RocksBackend.open(f), models: undefined, serviceId: 'test_', sync: false,
    observe: (step) => { if (steps++ >= armed && (process.argv[1] === undefined || step === process.env.STEP)) process.kill(process.pid, 'SIGKILL'); } });
  const engine = new Engine({ node, models: undefined, serviceId: 'test_', defaults: { 'auto.offset.reset': 'earliest', 'cache.max.bytes.buffering': '0' } });
  await engine.start();
  if (engine.catalog.sources.size === 0) await executeScript({ name: 't', text: "CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=2); CREATE STREAM c AS SELECT k, n FROM s; CREATE TABLE t AS SELECT k, COUNT(*) AS c, SUM(n) AS total FROM s GROUP BY k;" }, engine, new Session(engine.defaults));
  const info = await node.openReader('s', 'beginning');
  let have = 0;
  for (let r; (r = await info.poll(10000, 0)).length > 0; ) have += r.length;
  armed = Number(process.env.AFTER) + steps;
  for (let i = have; i < 3000; i++) { await node.produce('s', [{ key: 'k' + (i % 7), value: JSON.stringify({ n: i }), timestamp: i, partition: undefined }]); if (i % 50 === 0) await new Promise((r) => setTimeout(r, 1)); }
  for (;;) { if (['CSAS_C_0', 'CTAS_T_1'].every((id) => node.status(id).lag === 0)) break; await new Promise((r) => setTimeout(r, 5)); }
  await engine.close();
  process.exit(0);`;

const run = (folder: string, step: string, after: number): Promise<NodeJS.Signals | null> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script(folder)], {
      env: { ...process.env, STEP: step, AFTER: String(after) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('exit', (code, signal) =>
      code === 0 || signal === 'SIGKILL' ? resolve(signal) : reject(new TypeError(`ended with ${code}`)),
    );
  });

test.each(['begun', 'sent', 'stored'])(
  'killed again and again at the step "%s" of a commit, nothing is lost and nothing counted twice',
  async (step) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
    let kills = 0;
    for (let i = 0; i < 6; i++) if ((await run(folder, step, 40 + i * 170)) === 'SIGKILL') kills++;
    expect(kills).toBeGreaterThanOrEqual(5);
    await run(folder, step, 1e9);
    const { engine, close } = await openEngine(folder);
    const values = async (topic: string): Promise<Record<string, number>[]> => {
      const reader = await engine.node.openReader(topic, 'beginning');
      const rows: Record<string, number>[] = [];
      for (let records; (records = await reader.poll(10_000, 0)).length > 0;)
        rows.push(...records.map(({ value }) => JSON.parse(value!.toString()) as Record<string, number>));
      return rows;
    };
    const source = (await values('s')).map(({ n }) => n!);
    const copies = (await values('C')).map(({ N }) => N!);
    expect(new Set(source).size).toBe(3000);
    expect(copies.length).toBe(source.length);
    expect(new Set(copies).size).toBe(new Set(source).size);
    const totals = (await engine.node.pull('CTAS_T_1', undefined))!.map(
      ({ after }) => [after![1], after![2]] as [number, number],
    );
    expect(totals.reduce((sum, [count]) => sum + count, 0)).toBe(source.length);
    expect(totals.reduce((sum, [, total]) => sum + total, 0)).toBe(source.reduce((sum, n) => sum + n, 0));
    await close();
  },
);

test('a second node in the same folder is refused with the process that holds it', async () => {
  const { folder, close } = await openEngine();
  await expect(openEngine(folder)).rejects.toThrow(/in use by process/);
  await close();
});
