import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { SqlError } from '../../../src/diagnostics/sql-error.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';
import { runsOf, seedOf } from '../../support/scale.ts';
import { recordsOf } from '../../support/topics.ts';
import { pulled } from '../../support/pulled.ts';

const rows = 300;
/** Segments of 20 kB, so that the topics have several. */
const queries = `CREATE STREAM s (k STRING KEY, n INT, pad STRING)
    WITH (kafka_topic='s', value_format='JSON', partitions=2, retention_bytes=160000);
  CREATE STREAM c WITH (kafka_topic='c', partitions=2, retention_bytes=160000) AS SELECT k, n FROM s;
  CREATE TABLE t AS SELECT k, COUNT(*) AS c FROM s GROUP BY k;`;

async function readAll(engine: TestEngine, topic: string): Promise<unknown[]> {
  const records = await recordsOf(engine.engine.node, topic);
  return records.map(({ partition, offset, value }) => [partition, offset, value!.toString()].join(' ')).sort();
}
async function contents(engine: TestEngine): Promise<object> {
  const counts = (await pulled(engine.engine.node, 'CTAS_T_1')).map(({ after }) => after![1] as number);
  return {
    sources: [...engine.engine.catalog.sources.keys()],
    s: await readAll(engine, 's'),
    c: await readAll(engine, 'c'),
    t: await readAll(engine, 'T'),
    counted: counts.reduce((sum, count) => sum + count, 0),
  };
}

let killed: string, closed: string, expected: object;
beforeAll(async () => {
  const engine = await openEngine();
  await engine.run(queries);
  for (let n = 0; n < rows; n++) {
    await engine.engine.node.produce('s', [
      { key: `k${n % 7}`, value: JSON.stringify({ N: n, PAD: 'x'.repeat(200) }), timestamp: n, partition: undefined },
    ]);
    if (n % 30 === 0) await engine.settle();
  }
  await engine.settle();
  await new Promise((resolve) => setTimeout(resolve, 1100)); // the last commits
  expected = await contents(engine);
  killed = mkdtempSync(join(tmpdir(), 'millrace-killed-'));
  cpSync(engine.folder, killed, { recursive: true });
  await engine.close();
  closed = engine.folder;
});

/** The files of a folder that hold something, but those by which nothing is told. */
const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile() && statSync(join(folder, name)).size > 0)
    .filter((name) => !/^LOCK|\/LOCK$|db\/LOG|schemas\.json/.test(name))
    .sort();

type Damage = (path: string) => void;
const flip =
  (at: number, bit: number): Damage =>
  (path) => {
    const bytes = readFileSync(path);
    bytes[Math.floor(at * bytes.length)]! ^= 1 << bit;
    writeFileSync(path, bytes);
  };
const cut =
  (at: number): Damage =>
  (path) =>
    truncateSync(path, Math.floor(at * statSync(path).size));
const remove: Damage = (path) => rmSync(path);

/** Opens a damaged copy: everything must be there, or an error names the file (of the database: its folder). */
async function verdict(folder: string, name: string, damage: Damage): Promise<'whole' | 'named'> {
  const copy = mkdtempSync(join(tmpdir(), 'millrace-damaged-'));
  cpSync(folder, copy, { recursive: true });
  damage(join(copy, name));
  const before = filesOf(copy).filter((file) => file.startsWith('log/'));
  const sizes = before.map((file) => statSync(join(copy, file)).size);
  const told: string[] = [];
  let engine: TestEngine | undefined;
  try {
    engine = await openEngine(copy, { 'auto.offset.reset': 'earliest' });
    await engine.settle();
    expect(await contents(engine)).toEqual(expected);
    return 'whole';
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    told.push(error.message);
    expect(error.code).toBe('STATE_DAMAGED');
    expect(error.message).toContain(name.startsWith('db/') ? join(copy, 'db') : basename(name));
    return 'named';
  } finally {
    await engine?.close().catch(() => undefined);
    // Nothing valid is cut, whatever was found.
    expect(filesOf(copy).filter((file) => before.includes(file))).toEqual(before);
    expect(before.map((file) => statSync(join(copy, file)).size)).toEqual(sizes);
    rmSync(copy, { recursive: true });
  }
}

test('every lost file is noticed', async () => {
  const verdicts: Record<string, string> = {};
  for (const name of filesOf(killed)) verdicts[name] = await verdict(killed, name, remove);
  const kept = Object.entries(verdicts).filter(([, found]) => found === 'whole');
  // RocksDB writes these two anew; what was at work when the process ended is no part of what is stored.
  expect(kept.map(([name]) => name.replace(/-\d+/, '')).sort()).toEqual([
    'at-work/main.marks',
    'db/IDENTITY',
    'db/OPTIONS',
  ]);
});

test('flipped bits and lost ends of any file are noticed, where they matter', { timeout: 120_000 }, async () => {
  let named = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.nat(),
      fc.boolean(),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.nat(7),
      async (isKilled, which, isFlip, at, bit) => {
        const folder = isKilled ? killed : closed;
        const files = filesOf(folder);
        const name = files[which % files.length]!;
        if ((await verdict(folder, name, isFlip ? flip(at, bit) : cut(at))) === 'named') named++;
      },
    ),
    { numRuns: runsOf(60), seed: seedOf(1) },
  );
  expect(named).toBeGreaterThan(20);
});
