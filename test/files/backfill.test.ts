import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { localFile } from '../../src/files/local-folder.ts';
import { openParquet } from '../../src/files/parquet-reader.ts';
import { dataFiles, newFolder } from '../support/files.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { runsOf } from '../support/scale.ts';
import {
  eventColumns,
  eventFrame,
  produceRows,
  viewEvents,
  viewKinds,
  viewRecords,
  type Produced,
} from '../support/view-kinds.ts';

type Shown = Readonly<Record<string, unknown>>;
const produce = (node: TestEngine, rows: readonly Produced[], topic = 's') => produceRows(node, topic, rows);
/** Runs a backfill to its end; gives what SHOW BACKFILLS tells of it. */
async function backfilled(node: TestEngine, view: string, rest: string): Promise<Shown> {
  await node.run(`BACKFILL FEATURE VIEW ${view} ${rest};`);
  await node.engine.backfills.get(view.toUpperCase())?.done;
  const [shown] = (await node.run('SHOW BACKFILLS;')) as { backfills: Shown[] }[];
  return shown!.backfills.find((told) => told['view'] === view.toUpperCase())!;
}
const done = async (node: TestEngine, view: string, rest: string): Promise<Shown> => {
  const told = await backfilled(node, view, rest);
  expect([told['state'], told['error']]).toEqual(['DONE', null]);
  return told;
};
const manifestOf = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(path, '_manifest.json'), 'utf8')) as Record<string, unknown>;

/** The rows of a folder's files by partition and offset, without when they were written; `keep` leaves out what they may differ in. */
async function rowsIn(path: string, leftOut: readonly string[] = ['created_timestamp']): Promise<string[]> {
  const rows: [number, number, string][] = [];
  for (const name of dataFiles(path)) {
    const file = await openParquet(localFile(join(path, name)));
    const names = file.columns.map((column) => column.name);
    const partition = Number(/\/p(\d+)-/.exec(name)![1]);
    for await (const batch of file.rows(names))
      for (const row of batch) {
        const told = row.filter((_, i) => !leftOut.includes(names[i]!));
        rows.push([partition, Number(row[names.indexOf('_offset')]), exact(told)]);
      }
  }
  return rows.sort(([p, a], [q, b]) => p - q || a - b).map(([partition, , row]) => `${partition} ${row}`);
}
/** Every bit of a value: -0 and 0 are told apart. */
const exact = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' ? `${inner}n` : Object.is(inner, -0) ? '-0' : inner,
  );

const streamOf = (files?: string): string =>
  `CREATE STREAM s (${eventColumns}) WITH (kafka_topic='s', partitions=3, value_format='JSON'${files === undefined ? '' : `, SINK='parquet', PATH='${files}', ROWS_PER_FILE=9, ROLL_INTERVAL='1 SECOND'`});`;

const offline = (path: string) => (name: string) =>
  `OFFLINE_STORE='parquet', OFFLINE_PATH='${join(path, name)}', ROWS_PER_FILE=7, ROLL_INTERVAL='1 SECOND'`;

const events = viewEvents();
const recordsOf = (list: Parameters<typeof viewRecords>[0]): Produced[] =>
  viewRecords(list, 86_400_000 * 20_000 - 200_000);
const untilFiled = async (node: TestEngine, paths: readonly string[], counts: readonly number[]): Promise<void> => {
  await node.settle();
  for (let i = 0; i < 400; i++) {
    const have = await Promise.all(paths.map(async (path) => (await rowsIn(path)).length));
    if (have.every((count, n) => count >= counts[n]!)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};
async function countOf(node: TestEngine, topic: string): Promise<number> {
  const reader = await node.engine.node.openReader(topic, 'beginning');
  let count = 0;
  for (let records; (records = await reader.poll(10_000, 0)).length > 0;)
    count += records.filter(({ value }) => value !== null).length;
  return count;
}

test('a backfill gives byte for byte what the live views have in their files, from the log and from files', async () => {
  await fc.assert(
    fc.asyncProperty(events, fc.integer({ min: 1, max: 12 }), async (list, rowsPerFile) => {
      const path = newFolder();
      const node = await openEngine();
      await node.run(streamOf(join(path, 's')));
      const all = viewKinds(offline(path));
      for (const sql of Object.values(all)) await node.run(sql);
      const records = recordsOf(list);
      for (let i = 0; i < records.length; i += 7) await produce(node, records.slice(i, i + 7));
      await node.settle();
      const names = Object.keys(all);
      const folder = (name: string): string => join(path, name.toLowerCase());
      const topics = [...names, 's'];
      const counts = await Promise.all(topics.map((topic) => countOf(node, topic)));
      await untilFiled(node, topics.map(folder), counts);
      for (const name of names)
        for (const readFrom of ['log', 'files']) {
          const to = join(path, 'again', name, readFrom);
          await done(node, name, `WITH (PATH='${to}', READ_FROM='${readFrom}', ROWS_PER_FILE=${rowsPerFile})`);
          expect([name, readFrom, await rowsIn(to)]).toEqual([name, readFrom, await rowsIn(folder(name))]);
          const rows = (await rowsIn(to)).length;
          expect(manifestOf(to)).toMatchObject({ backfill: name, rows, gaps: [], orderDependent: null });
          if (name === 'ALL_TIME') expect(rows).toBe(records.length);
        }
      await node.close();
    }),
    { numRuns: runsOf(3), endOnFailure: true },
  );
}, 3_600_000);

const many = 15_000;
const start = Date.UTC(2026, 0, 1);
/** A node with a view over events of two days and seven users. */
async function running(view = viewKinds(() => "OWNER='x'")['ARRIVAL']!): Promise<TestEngine> {
  const node = await openEngine();
  await node.run(streamOf() + view);
  await produce(
    node,
    Array.from({ length: many }, (_, i) => [
      `u${i % 7}`,
      start + i * 8000,
      { ts: start + i * 8000, v: i / 4, shop: `p${i % 3}` },
    ]),
  );
  return node;
}
/** Begins a backfill, and ends it when it has some rows. */
async function endedEarly(node: TestEngine, path: string, end: () => Promise<unknown>): Promise<void> {
  await node.run(`BACKFILL FEATURE VIEW arrival WITH (PATH='${path}', ROWS_PER_FILE=300);`);
  const { progress, done: ended } = node.engine.backfills.get('ARRIVAL')!;
  while (progress.rows === 0) await new Promise((resolve) => setImmediate(resolve));
  await end();
  await ended;
  expect(progress.state).toBe('CANCELLED');
  expect(progress.rows).toBeLessThan(many);
  expect(dataFiles(path).length).toBeGreaterThan(0);
  expect(readdirSync(path)).not.toContain('_manifest.json');
}

describe('a backfill that was ended goes on', () => {
  test('by TERMINATE, by a node that stops: files stay as they are, and all is as if it had not been', async () => {
    const path = newFolder();
    let node = await running();
    const whole = join(path, 'whole');
    await done(node, 'arrival', `WITH (PATH='${whole}', ROWS_PER_FILE=300)`);
    const to = join(path, 'to');
    await endedEarly(node, to, () => node.run('TERMINATE backfill_arrival;'));
    const before = await rowsIn(to, []);
    // What comes meanwhile is not in it: it goes as far as the topics did when it began.
    await produce(node, [['u1', start, { ts: start, v: 5, shop: 'late' }]]);
    await endedEarly(node, to, () => node.close());
    node = await openEngine(node.folder);
    const told = await done(node, 'arrival', `WITH (PATH='${to}', ROWS_PER_FILE=300)`);
    expect(told['rows']).toBe(many);
    expect(await rowsIn(to)).toEqual(await rowsIn(whole));
    const after = new Set(await rowsIn(to, []));
    expect(before.filter((row) => !after.has(row))).toEqual([]);
    const { columns: facts, isResumed, rows } = manifestOf(to);
    expect([facts, isResumed, rows]).toEqual([manifestOf(whole)['columns'], true, many]);
    await node.close();
  });

  test.each(['named and not shown', 'staged and not named'])('killed with files that are %s', async (when) => {
    const path = newFolder();
    const node = await running();
    const whole = join(path, 'whole');
    await done(node, 'arrival', `WITH (PATH='${whole}', ROWS_PER_FILE=300)`);
    const to = join(path, 'to');
    await endedEarly(node, to, () => node.run('TERMINATE backfill_arrival;'));
    const progress = JSON.parse(readFileSync(join(to, '_progress.json'), 'utf8')) as { staged: string };
    expect(progress.staged).toBeDefined();
    const last = dataFiles(to).at(-1)!;
    const staged = join(to, '_staged', `${last}.tmp`);
    mkdirSync(dirname(staged), { recursive: true });
    if (when === 'staged and not named') {
      // Half of a file of an attempt that never committed it.
      writeFileSync(staged.replace(/p(\d)-\d+-\d+/, 'p$1-900000-900010'), 'half');
    } else {
      const { encodeShared } = await import('../../src/runtime/codec.ts');
      renameSync(join(to, last), staged);
      writeFileSync(
        join(to, '_progress.json'),
        JSON.stringify({ ...progress, staged: encodeShared([last]).toString('base64') }),
      );
    }
    await done(node, 'arrival', `WITH (PATH='${to}', ROWS_PER_FILE=300)`);
    expect(await rowsIn(to)).toEqual(await rowsIn(whole));
    await node.close();
  });

  test('one that is whole is left as it is; with OVERWRITE it is made again', async () => {
    const path = newFolder();
    const node = await running();
    await done(node, 'arrival', `WITH (PATH='${path}')`);
    const before = await rowsIn(path, []);
    const [answer] = (await node.run(`BACKFILL FEATURE VIEW arrival WITH (PATH='${path}');`)) as Shown[];
    expect(answer!['isWhole']).toBe(true);
    expect(await rowsIn(path, [])).toEqual(before);
    await produce(node, [['u1', start, { ts: start + many * 8000, v: 5, shop: 'new' }]]);
    await done(node, 'arrival', `WITH (PATH='${path}', MODE='OVERWRITE')`);
    expect(await rowsIn(path)).toHaveLength(many + 1);
    await node.close();
  });

  test('one whose rows may come in another order begins again', async () => {
    const path = newFolder();
    const node = await running(
      `CREATE FEATURE VIEW arrival ENTITY KEY (shop) AS SELECT shop, COUNT(*) AS n FROM s GROUP BY shop EMIT CHANGES;`,
    );
    await endedEarly(node, path, () => node.run('TERMINATE backfill_arrival;'));
    await done(node, 'arrival', `WITH (PATH='${path}', ROWS_PER_FILE=300)`);
    expect(await rowsIn(path)).toHaveLength(many);
    expect(manifestOf(path)).toMatchObject({ isResumed: false, orderDependent: expect.any(String) as string });
    await node.close();
  });
});

test('FROM and TO bound the feature time; what a row depends on may lie before', async () => {
  const path = newFolder();
  const node = await running();
  await done(node, 'arrival', `WITH (PATH='${path}/all')`);
  const all = await rowsIn(`${path}/all`, ['created_timestamp', '_offset']);
  const time = (row: string): number => Number(/"u\d",(\d+)n?,/.exec(row)![1]);
  const [from, to] = [start + 8000 * 100, start + 8000 * 12_000];
  const text = (ms: number): string => `'${new Date(ms).toISOString()}'`;
  for (const [range, isIn] of [
    [`FROM ${text(from)} TO ${text(to)}`, (ms: number) => ms >= from && ms < to],
    [`FROM ${text(from)}`, (ms: number) => ms >= from],
    [`TO ${text(to)}`, (ms: number) => ms < to],
  ] as const) {
    const folder = join(path, range.replaceAll(/\W/g, ''));
    await done(node, 'arrival', `${range} WITH (PATH='${folder}')`);
    const rows = await rowsIn(folder, ['created_timestamp', '_offset']);
    expect(rows.length).toBeGreaterThan(1000);
    expect(rows).toEqual(all.filter((row) => isIn(time(row))));
  }
  await node.close();
});

test('new logic over old events: a view that began with what comes is backfilled from what was before it', async () => {
  const path = newFolder();
  const node = await running();
  await node.run(`CREATE FEATURE VIEW later ENTITY KEY (u) TIMESTAMP ts WITH (START_TIME='latest') AS
    SELECT u, ts, MAX(v) OVER w AS most FROM s ${eventFrame} EMIT CHANGES;`);
  await produce(node, [['u1', start + 8000 * many, { ts: start + 8000 * many, v: 1, shop: 'x' }]]);
  await node.settle();
  expect(await countOf(node, 'LATER')).toBe(1);
  await done(node, 'later', `WITH (PATH='${path}')`);
  expect(await rowsIn(path)).toHaveLength(many + 1);
  await node.close();
});

test('an entity that was deleted from the view is not brought back from its sources', async () => {
  const path = newFolder();
  const node = await running();
  await node.settle();
  await node.run("DELETE ENTITY 'u1' FROM FEATURE VIEW arrival;");
  await done(node, 'arrival', `WITH (PATH='${path}')`);
  const rows = await rowsIn(path);
  // Every seventh event is u1's, the second one first.
  expect(rows.length).toBe(many - Math.ceil((many - 1) / 7));
  expect(rows.filter((row) => row.includes('"u1"'))).toEqual([]);
  await node.close();
});

describe('files stand for what the log has no more', () => {
  test('what is read of them is what they say, and the topic goes on behind them', async () => {
    const path = newFolder();
    const node = await openEngine();
    await node.run(streamOf(join(path, 's')) + viewKinds(() => "OWNER='x'")['ALL_TIME']!);
    const rows = (n: number): (readonly [string, number, object])[] =>
      Array.from({ length: n }, (_, i) => [`u${i % 2}`, start + i, { ts: start + i, v: i, shop: 'p' }] as const);
    await produce(node, rows(20));
    await untilFiled(node, [join(path, 's')], [20]);
    await produce(node, rows(4));
    const [first] = dataFiles(join(path, 's'));
    const [, from, to] = /p\d-(\d+)-(\d+)/.exec(first!)!;
    const lost = Number(to) + 1 - Number(from);
    // As if the file had never been: the rows of the topic that it held are not read instead.
    rmSync(join(path, 's', first!));
    await done(node, 'all_time', `WITH (PATH='${path}/files', READ_FROM='files')`);
    expect(await rowsIn(`${path}/files`)).toHaveLength(24 - lost);
    await done(node, 'all_time', `WITH (PATH='${path}/log')`);
    expect(await rowsIn(`${path}/log`)).toHaveLength(24);
    await node.close();
  });

  test('a file that is not whole, a table and headers are refused, each with its reason', async () => {
    const path = newFolder();
    const node = await openEngine();
    await node.run(streamOf(join(path, 's')) + viewKinds(() => "OWNER='x'")['ALL_TIME']!);
    await produce(node, [['a', start, { ts: start, v: 1, shop: 'p' }]]);
    await untilFiled(node, [join(path, 's')], [1]);
    writeFileSync(join(path, 's', dataFiles(join(path, 's'))[0]!), 'PAR1 and no more');
    const told = await backfilled(node, 'all_time', `WITH (PATH='${path}/to', READ_FROM='files')`);
    expect([told['state'], told['error']]).toEqual(['ERROR', expect.stringMatching(/is no whole file/)]);
    await node.run(`CREATE STREAM h (k STRING KEY, v INT, tag BYTES HEADER('tag')) WITH (kafka_topic='h', partitions=1, value_format='JSON', SINK='parquet', PATH='${path}/h', ROLL_INTERVAL='1 SECOND');
      CREATE TABLE t (k STRING PRIMARY KEY, v INT) WITH (kafka_topic='t', partitions=1, value_format='JSON', SINK='parquet', PATH='${path}/t', ROLL_INTERVAL='1 SECOND');
      CREATE FEATURE VIEW of_h ENTITY KEY (k) AS SELECT k, v, tag FROM h EMIT CHANGES;
      CREATE FEATURE VIEW of_t ENTITY KEY (k) AS SELECT k, v FROM t EMIT CHANGES;`);
    for (const topic of ['h', 't']) await produce(node, [['a', start, { v: 1 }]], topic);
    await untilFiled(node, [join(path, 'h'), join(path, 't')], [1, 1]);
    for (const [view, why] of [
      ['of_h', /TAG comes of the headers/],
      ['of_t', /deletions of a table are in no file of rows/],
    ] as const) {
      const refused = await backfilled(node, view, `WITH (PATH='${path}/${view}', READ_FROM='files')`);
      expect([refused['state'], refused['error']]).toEqual(['ERROR', expect.stringMatching(why)]);
      await done(node, view, `WITH (PATH='${path}/${view}', MODE='OVERWRITE')`);
    }
    await node.close();
  });
});

test.each([
  ["nothing WITH (PATH='/x')", 'feature view "NOTHING" does not exist'],
  ["arrival FROM 'soon' WITH (PATH='/x')", "'soon' is no time"],
  ["arrival FROM '2026-02-01' TO '2026-01-01' WITH (PATH='/x')", 'FROM must be before TO'],
  ['arrival WITH (ROWS_PER_FILE=5)', 'PATH'],
  ["arrival WITH (PATH='/x', MATERIALIZE=TRUE)", 'the state of its query serves it'],
  ["arrival WITH (PATH='$taken/x.parquet/below')", 'it cannot be written to'],
  ["arrival WITH (PATH='$taken')", 'it has files already, such as x.parquet'],
  ["arrival WITH (PATH='$taken', MODE='OVERWRITE')", 'it has files already'],
  ["arrival WITH (PATH='$view')", 'it holds {"source":"KEPT"'],
  ["arrival WITH (PATH='$view', MODE='OVERWRITE')", 'it is not of a backfill'],
  ["arrival WITH (PATH='$other')", 'it holds {"backfill":"KEPT"'],
])('BACKFILL FEATURE VIEW %s is refused, and nothing is begun', async (rest, why) => {
  const path = newFolder();
  const node = await openEngine();
  await node.run(`${streamOf()} ${viewKinds(() => "OWNER='x'")['ARRIVAL']!}
    CREATE FEATURE VIEW kept ENTITY KEY (u) WITH (OFFLINE_STORE='parquet', OFFLINE_PATH='${path}/view') AS SELECT u, v FROM s EMIT CHANGES;`);
  mkdirSync(join(path, 'taken'));
  writeFileSync(join(path, 'taken', 'x.parquet'), '');
  await done(node, 'kept', `WITH (PATH='${path}/other')`);
  const statement = `BACKFILL FEATURE VIEW ${rest.replace(/\$(\w+)/, `${path}/$1`)};`;
  await expect(node.run(statement)).rejects.toThrow(why);
  expect([...node.engine.backfills.keys()]).toEqual(['KEPT']);
  await node.close();
});
