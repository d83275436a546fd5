import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RocksBackend } from '../../../src/adapters/rocksdb/rocks-backend.ts';
import { SqlError } from '../../../src/diagnostics/sql-error.ts';
import { readCommand } from '../../../src/engine/read-command.ts';
import { planVersion, type PhysicalPlan } from '../../../src/plan/physical/step.ts';
import { encodeValue } from '../../../src/runtime/codec.ts';
import { everyStepQueries } from '../../support/every-step.ts';
import { openEngine } from '../../support/memory-node.ts';

const sources = `CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);`;
const freshFolder = (): string => mkdtempSync(join(tmpdir(), 'millrace-versions-'));

/** The code and the message of what is thrown. */
function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof SqlError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'read';
}

/** Changes the database of a folder whose engine is closed. */
async function change(folder: string, key: string, value: (before: string) => string | Buffer): Promise<void> {
  const backend = await RocksBackend.open(join(folder, 'db'));
  const stored = backend.getMany([Buffer.from(key)])[0];
  const batch = backend.batch();
  batch.put(Buffer.from(key), Buffer.from(value(stored?.toString() ?? '') as string));
  batch.write(true);
  await backend.close();
}

test('what this Millrace writes it reads', async () => {
  const [query] = await everyStepQueries();
  const command = { v: 1, kind: 'createQuery', query };
  expect(readCommand(JSON.stringify(command), 0)).toEqual(JSON.parse(JSON.stringify(command)));
});

test.each<[what: string, command: unknown, refused: string]>([
  [
    'a newer version',
    { v: 2, kind: 'terminate', ids: [] },
    'NEWER_VERSION: command 7 (terminate) has version 2, and this Millrace reads version 1: it was made by a newer Millrace',
  ],
  [
    'an older version',
    { v: 0, kind: 'terminate', ids: [] },
    'OLDER_VERSION: command 7 (terminate) has version 0, and this Millrace reads version 1: it was made by an older Millrace',
  ],
  [
    'no version',
    { kind: 'terminate', ids: [] },
    'STATE_DAMAGED: the state folder is damaged: command 7 (terminate) has no version',
  ],
  [
    'another kind',
    { v: 1, kind: 'createMonitor' },
    'NEWER_KIND: command 7 (createMonitor) is not known to this Millrace: it was made by a newer one',
  ],
  [
    'a kind that every object has',
    { v: 1, kind: 'toString' },
    'NEWER_KIND: command 7 (toString) is not known to this Millrace: it was made by a newer one',
  ],
])('a command of %s is refused', (_, command, refused) => {
  expect(refusal(() => readCommand(JSON.stringify(command), 7))).toBe(refused);
});

test('a command that is no JSON is refused', () => {
  expect(refusal(() => readCommand('{"v":1', 3))).toBe(
    'STATE_DAMAGED: the state folder is damaged: command 3 is no JSON',
  );
});

test('a plan and each of its steps are refused in another version, wherever they stand', async () => {
  const { plan, ...query } = (await everyStepQueries()).find(({ sink }) => sink === 'BOSSED')!;
  const read = (changed: unknown): string =>
    refusal(() => readCommand(JSON.stringify({ v: 1, kind: 'createSource', query: { ...query, plan: changed } }), 0));
  const deep = (from: RegExp, to: string): unknown =>
    JSON.parse(JSON.stringify(plan).replace(from, to)) as PhysicalPlan;
  expect(read(plan)).toBe('read');
  expect(read({ ...plan, version: planVersion + 1 })).toMatch(
    /^NEWER_VERSION: the plan of query CTAS_BOSSED_\d+ has version 4/,
  );
  expect(read({ ...plan, version: 2 })).toBe('read');
  expect(read({ ...plan, version: 1 })).toMatch(/^OLDER_VERSION: the plan of query CTAS_BOSSED_\d+ has version 1/);
  expect(read(undefined)).toMatch(/^STATE_DAMAGED: .*the plan of query CTAS_BOSSED_\d+ has no version/);
  expect(read(deep(/"op":"foreignKeyLookup","v":1/, '"op":"foreignKeyLookup","v":2'))).toMatch(
    /^NEWER_VERSION: the step foreignKeyLookup of query CTAS_BOSSED_\d+ has version 2/,
  );
  expect(read(deep(/"op":"tableSource"/, '"op":"changeSource"'))).toMatch(
    /^NEWER_KIND: the step changeSource of query CTAS_BOSSED_\d+ is not known/,
  );
});

test('a node does not start over a command log of a newer one, nor skip what another node of a newer version appends', async () => {
  const folder = freshFolder();
  const engine = await openEngine(folder);
  await engine.run(sources);
  const newer = JSON.stringify({ v: 9, kind: 'createType', name: 'T', type: { kind: 'STRING' } });
  await engine.engine.node.commands.append(newer, engine.engine.commandNumber);
  for (let attempt = 0; attempt < 2; attempt++)
    await expect(engine.run('CREATE TYPE later AS STRING;')).rejects.toThrow(/has version 9.*made by a newer Millrace/);
  await engine.close();
  await expect(openEngine(folder)).rejects.toThrow(/\(createType\) has version 9.*made by a newer Millrace/);
});

test('a query stops in ERROR over state of a newer layout, and its state stays', async () => {
  const folder = freshFolder();
  let engine = await openEngine(folder);
  await engine.run(`${sources} CREATE TABLE t AS SELECT id, SUM(n) AS total FROM s GROUP BY id;
    INSERT INTO s (id, n) VALUES ('a', 1);`);
  await engine.settle();
  const [id] = [...engine.engine.catalog.queries.keys()];
  await engine.close();
  const backend = await RocksBackend.open(join(folder, 'db'));
  const marks = [...backend.range(Buffer.from('s/'), Buffer.from('s0'))].filter(([key]) =>
    key.toString().endsWith('/v'),
  );
  await backend.close();
  expect(marks.map(([, value]) => value)).toEqual([encodeValue([1, 'streamAggregate', 1])]);
  const key = marks[0]![0].toString();
  await change(folder, key, () => encodeValue([1, 'streamAggregate', 2]));
  engine = await openEngine(folder);
  expect(engine.engine.node.status(id!)).toMatchObject({
    state: 'ERROR',
    error: expect.stringMatching(/state of streamAggregate has version 2.*made by a newer Millrace/) as string,
  });
  await engine.close();
  await change(folder, key, () => encodeValue([1, 'streamAggregate', 1]));
  engine = await openEngine(folder);
  await engine.run(`INSERT INTO s (id, n) VALUES ('a', 2);`);
  await engine.settle();
  expect(engine.engine.node.status(id!)?.state).toBe('RUNNING');
  await engine.close();
});

test('a state folder of another version is not opened', async () => {
  const folder = freshFolder();
  await (await openEngine(folder)).close();
  // Version 2 is that of a folder with segments that were compacted.
  await change(folder, 'version', (before) => String(Number(before) + 2));
  await expect(openEngine(folder)).rejects.toThrow(/the state folder has version 3.*made by a newer Millrace/);
  await change(folder, 'version', () => '1');
  await (await openEngine(folder)).close();
});
