import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';
import { recordsOf } from '../../support/topics.ts';
import { pulled } from '../../support/pulled.ts';

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
  if (engine.catalog.sources.size === 0) await executeScript({ name: 't', text: "CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=2); CREATE STREAM c AS SELECT k, n FROM s; CREATE TABLE t AS SELECT k, COUNT(*) AS c, SUM(n) AS total FROM s GROUP BY k; CREATE STREAM m AS SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ROWTIME, n MEASURES FIRST(n) AS n0, LAST(n) AS n2 PATTERN (x y z) GRACE PERIOD 10 MILLISECONDS) EMIT FINAL;" }, engine, new Session(engine.defaults));
  const info = await node.openReader('s', 'beginning');
  let have = 0;
  for (let r; (r = await info.poll(10000, 0)).length > 0; ) have += r.length;
  armed = Number(process.env.AFTER) + steps;
  for (let i = have; i < 3000; i++) { await node.produce('s', [{ key: 'k' + (i % 7), value: JSON.stringify({ n: i }), timestamp: i + (i * 7) % 10, partition: undefined }]); if (i % 50 === 0) await new Promise((r) => setTimeout(r, 1)); }
  for (;;) { if (['CSAS_C_0', 'CTAS_T_1', 'CSAS_M_2'].every((id) => node.status(id).lag === 0)) break; await new Promise((r) => setTimeout(r, 5)); }
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

type Records = Awaited<ReturnType<typeof recordsOf>>;
const numbersOf = ({ value }: Records[number]): Record<string, number> =>
  JSON.parse(value!.toString()) as Record<string, number>;

/** What the pattern found, by key. */
async function matchesOf(node: Parameters<typeof recordsOf>[0]): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const record of await recordsOf(node, 'M'))
    (found[record.key!.toString()] ??= []).push(`${numbersOf(record)['N0']} ${numbersOf(record)['N2']}`);
  return found;
}
/** The rows of each key by threes in order of time, as far as stream time has passed them by the grace. */
function triplesOf(records: Records): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const partition of new Set(records.map((record) => record.partition))) {
    const own = records.filter((record) => record.partition === partition);
    const end = Math.max(...own.map(({ timestamp }) => timestamp)) - 10;
    for (const key of new Set(own.map((record) => record.key!.toString()))) {
      const rows = own
        .filter((record) => record.key!.toString() === key && record.timestamp < end)
        .map((record) => ({ time: record.timestamp, n: numbersOf(record)['n']! }))
        .sort((a, b) => a.time - b.time || a.n - b.n);
      for (let i = 0; i + 2 < rows.length; i += 3) (found[key] ??= []).push(`${rows[i]!.n} ${rows[i + 2]!.n}`);
    }
  }
  return found;
}

test.each(['begun', 'sent', 'stored'])(
  'killed again and again at the step "%s" of a commit, nothing is lost and nothing counted twice',
  async (step) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
    let kills = 0;
    for (let i = 0; i < 6; i++) if ((await run(folder, step, 40 + i * 170)) === 'SIGKILL') kills++;
    expect(kills).toBeGreaterThanOrEqual(5);
    await run(folder, step, 1e9);
    const { engine, close } = await openEngine(folder);
    const values = async (topic: string): Promise<Record<string, number>[]> =>
      (await recordsOf(engine.node, topic)).map(({ value }) => JSON.parse(value!.toString()) as Record<string, number>);
    const source = (await values('s')).map(({ n }) => n!);
    const copies = (await values('C')).map(({ N }) => N!);
    expect(new Set(source).size).toBe(3000);
    expect(copies.length).toBe(source.length);
    expect(new Set(copies).size).toBe(new Set(source).size);
    const totals = (await pulled(engine.node, 'CTAS_T_1')).map(
      ({ after }) => [after![1], after![2]] as [number, number],
    );
    expect(totals.reduce((sum, [count]) => sum + count, 0)).toBe(source.length);
    expect(totals.reduce((sum, [, total]) => sum + total, 0)).toBe(source.reduce((sum, n) => sum + n, 0));
    expect(await matchesOf(engine.node)).toEqual(triplesOf(await recordsOf(engine.node, 's')));
    await close();
  },
);

test('a second node in the same folder is refused with the process that holds it', async () => {
  const { folder, close } = await openEngine();
  await expect(openEngine(folder)).rejects.toThrow(/in use by process/);
  await close();
});
