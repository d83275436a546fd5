import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EmbeddedNode } from '../../src/adapters/embedded/embedded-node.ts';
import { logDefaults } from '../../src/adapters/embedded/log-entries.ts';
import type { VerificationReport } from '../../src/engine/verification/report.ts';
import { localFile } from '../../src/files/local-folder.ts';
import { openParquet } from '../../src/files/parquet-reader.ts';
import { parquetEncoder } from '../../src/files/parquet-writer.ts';
import type { Row } from '../../src/types/sql-type.ts';
import { dataFiles, newFolder } from '../support/files.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { runsOf } from '../support/scale.ts';
import { eventColumns, produceRows, viewEvents, viewKinds, viewRecords, type Produced } from '../support/view-kinds.ts';

const verify = async (node: TestEngine, sql: string): Promise<VerificationReport> =>
  ((await node.run(sql)) as { verification: VerificationReport }[])[0]!.verification;

const source = `CREATE STREAM s (${eventColumns}) WITH (kafka_topic='s', partitions=3, value_format='JSON');`;
const store = (path: string, name: string): string =>
  `OFFLINE_STORE='parquet', OFFLINE_PATH='${join(path, name)}', ROWS_PER_FILE=7`;

/** A view of each kind whose order is given, those of some kinds without files. */
const views = (path: string): Readonly<Record<string, string>> =>
  viewKinds((name) => (name === 'closed' || name === 'sittings' ? undefined : store(path, name)));
const events = viewEvents(true);
const recordsOf = (list: Parameters<typeof viewRecords>[0]): Produced[] => viewRecords(list, 1_000_000);

test('views of each kind agree with a recomputation and with their files, over conflation and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(events, fc.constantFrom('0', '1000000'), async (list, cache) => {
      const path = newFolder();
      const defaults = { 'cache.max.bytes.buffering': cache };
      let node = await openEngine(undefined, defaults);
      await node.run(source + Object.values(views(path)).join('\n'));
      const records = recordsOf(list);
      const third = Math.ceil(records.length / 3);
      for (let at = 0; at < records.length; at += third) {
        for (let i = at; i < Math.min(at + third, records.length); i += 5)
          await produceRows(node, 's', records.slice(i, Math.min(i + 5, at + third)));
        if (at > 0) await node.settle();
        await node.close();
        node = await openEngine(node.folder, defaults);
      }
      for (const name of Object.keys(views(path))) {
        const report = await verify(node, `VERIFY FEATURE VIEW ${name};`);
        expect([name, report.result, report.differing, report.differences, report.orderDependent]).toEqual([
          name,
          'CONSISTENT',
          0,
          [],
          null,
        ]);
        const answered = await answers(node, name);
        expect([name, report.answers, report.recomputed.rows]).toEqual([name, answered, answered]);
      }
      await node.close();
    }),
    { numRuns: runsOf(4), endOnFailure: true },
  );
}, 3_600_000);

test('an answer stands for all recomputed rows of its time that say the same', async () => {
  const node = await openEngine(undefined, { 'cache.max.bytes.buffering': '1000000' });
  await node.run(`${source}
    CREATE FEATURE VIEW counted ENTITY KEY (u) AS SELECT u, COUNT(v) AS n, MAX(v) AS most FROM s GROUP BY u EMIT CHANGES;`);
  await produceRows(node, 's', [
    ['a', 1000, { v: 5 }],
    ['a', 900, { v: null }],
    ['a', 1000, { v: null }],
  ]);
  await node.settle();
  expect(await answers(node, 'COUNTED')).toBe(1);
  const report = await verify(node, 'VERIFY FEATURE VIEW counted;');
  expect(report).toMatchObject({ result: 'CONSISTENT', answers: 1, differing: 0 });
  await node.close();
});

test('rows of files that compaction has removed from the topic of a table agree with the recomputation', async () => {
  const settings = { ...logDefaults, segmentBytes: 1, minRatio: 0, backoffMs: 1e9 };
  const node = await openEngine(undefined, {}, undefined, { settings });
  const path = newFolder();
  await node.run(`${source}
    CREATE FEATURE VIEW counted ENTITY KEY (u) WITH (HISTORY='1 MILLISECOND', OFFLINE_STORE='parquet', OFFLINE_PATH='${path}', ROWS_PER_FILE=2)
      AS SELECT u, COUNT(v) AS n FROM s GROUP BY u EMIT CHANGES;`);
  for (let i = 0; i < 24; i++) {
    await produceRows(node, 's', [['a', 1000 + i, { v: i }]]);
    await node.settle();
  }
  while (dataFiles(path).length < 12) await new Promise((resolve) => setTimeout(resolve, 10));
  await (node.engine.node as EmbeddedNode).compact();
  const report = await verify(node, 'VERIFY FEATURE VIEW counted;');
  expect(report).toMatchObject({ result: 'CONSISTENT', differing: 0, offline: { rows: 24, extra: 0 } });
  expect(report.answers).toBeLessThan(12);
  await node.close();
});

test('a view that is made later with START_TIME gives byte for byte what the one that was there gave', async () => {
  await fc.assert(
    fc.asyncProperty(events, async (list) => {
      const node = await openEngine(undefined, { 'auto.offset.reset': 'latest' });
      await node.run(source);
      const all = Object.entries(views(newFolder()));
      for (const [, sql] of all) await node.run(sql);
      const records = recordsOf(list);
      for (let i = 0; i < records.length; i += 7) await produceRows(node, 's', records.slice(i, i + 7));
      await node.settle();
      const later = views(newFolder());
      for (const [name] of all) {
        const again = later[name]!.replace(`VIEW ${name.toLowerCase()} `, `VIEW again_${name} `);
        const options = again.includes('WITH (')
          ? again.replace('WITH (', "WITH (START_TIME='earliest', ")
          : again.replace(' AS SELECT', " WITH (START_TIME='earliest') AS SELECT");
        await node.run(options);
        await node.settle();
        expect([name, await bytesOf(node, `AGAIN_${name}`)]).toEqual([name, await bytesOf(node, name)]);
      }
      await node.close();
    }),
    { numRuns: runsOf(2), endOnFailure: true },
  );
}, 3_600_000);

/** The records of a view's topic, partition by partition; those without a key are in any of them. */
async function bytesOf(node: TestEngine, name: string): Promise<readonly string[][]> {
  const reader = await node.engine.node.openReader(name, 'beginning');
  const partitions: string[][] = [[], [], [], []];
  for (let records; (records = await reader.poll(10_000, 0)).length > 0;)
    for (const { partition, key, value, timestamp } of records)
      partitions[key === null ? 3 : partition]!.push(
        `${key?.toString('hex') ?? ''} ${timestamp} ${value?.toString('hex') ?? ''}`,
      );
  partitions[3]!.sort();
  return partitions;
}

/** The number of rows that the topic of a view has. */
async function answers(node: TestEngine, name: string): Promise<number> {
  const reader = await node.engine.node.openReader(node.engine.catalog.sources.get(name)!.spec.topic, 'beginning');
  let count = 0;
  for (let records; (records = await reader.poll(10_000, 0)).length > 0;)
    count += records.filter(({ value }) => value !== null).length;
  return count;
}

/** A node with one view over fifty events of five users. */
async function opened(name: string): Promise<{ readonly node: TestEngine; readonly path: string }> {
  const path = newFolder();
  const node = await openEngine();
  await node.run(source + views(path)[name]!);
  await produceRows(
    node,
    's',
    Array.from({ length: 50 }, (_, i) => [`u${i % 5}`, 1000 * i, { ts: 1000 * i, v: i + 2, shop: 'p' }]),
  );
  await node.settle();
  return { node, path };
}
/** Writes a file again with other rows. */
async function doctor(path: string, change: (rows: Row[], columns: readonly string[]) => Row[]): Promise<void> {
  const file = await openParquet(localFile(path));
  const names = file.columns.map(({ name }) => name);
  const rows: Row[] = [];
  for await (const batch of file.rows(names)) rows.push(...batch);
  writeFileSync(path, (await parquetEncoder(file.columns))(change(rows, names)));
}

describe('a real difference is found', () => {
  test('a value in a file that is not the one that was answered', async () => {
    const { node, path } = await opened('ARRIVAL');
    const folder = join(path, 'arrival');
    const file = dataFiles(folder)[0]!;
    let expected: unknown;
    await doctor(join(folder, file), (rows, columns) => {
      const at = (name: string): number => columns.indexOf(name);
      const row = rows[3]! as Row[number][];
      expected = [row[at('U')], row[at('TS')], row[at('TOTAL')], Number(row[at('TOTAL')]) + 1, row[at('_offset')]];
      row[at('TOTAL')] = Number(row[at('TOTAL')]) + 1;
      return rows;
    });
    const report = await verify(node, 'VERIFY FEATURE VIEW arrival;');
    expect([report.result, report.differing, report.recomputed.mismatch, report.offline!.mismatch]).toEqual([
      'DIFFERENT',
      1,
      0,
      1,
    ]);
    const [told] = report.differences;
    expect([told!.entity['U'], told!.time, told!.online, told!.other, told!.answeredAt!.offset]).toEqual(expected);
    expect([told!.comparison, told!.kind, told!.feature, told!.file]).toEqual(['offline', 'mismatch', 'TOTAL', file]);
    const total = report.offline!.features.find(({ feature }) => feature === 'TOTAL')!;
    expect([total.mismatch, total.smape! > 0]).toEqual([1, true]);
    expect(report.offline!.features.filter(({ mismatch }) => mismatch > 0)).toHaveLength(1);
    await node.close();
  });

  test('a row that is missing in the files, one that is too much, one of another entity, and a file that is gone', async () => {
    const { node, path } = await opened('PLAIN');
    const folder = join(path, 'plain');
    const first = dataFiles(folder).find((name) => /p\d-0-/.test(name));
    await doctor(join(folder, first!), (rows) => rows.slice(1));
    expect((await verify(node, 'VERIFY FEATURE VIEW plain;')).offline).toMatchObject({ missing: 1, extra: 0 });
    await doctor(join(folder, first!), (rows, columns) => [
      ...rows,
      rows[0]!.map((value, i) => (columns[i] === 'U' ? 'stranger' : value)),
    ]);
    const extra = await verify(node, 'VERIFY FEATURE VIEW plain;');
    expect(extra.offline).toMatchObject({ missing: 1, extra: 1, mismatch: 0 });
    expect(extra.differences.find(({ kind }) => kind === 'extra')).toMatchObject({
      entity: { U: 'stranger' },
      file: first,
      answeredAt: null,
    });
    rmSync(join(folder, first!));
    expect((await verify(node, 'VERIFY FEATURE VIEW plain;')).offline!.missing).toBe(7);
    await node.close();
  });

  test('an entity that the view has no more, and that the plan has', async () => {
    const { node } = await opened('ALL_TIME');
    await produceRows(node, 'ALL_TIME', [['u1', 50_000, null]]);
    const report = await verify(node, 'VERIFY FEATURE VIEW all_time;');
    expect([report.result, report.differing, report.recomputed.missing]).toEqual(['DIFFERENT', 1, 1]);
    expect(report.differences).toMatchObject([{ kind: 'missing', entity: { U: 'u1' } }]);
    await node.close();
  });

  test.each([
    ['PLAIN', { TS: 7000, V: 99, SHOP: 'P' }],
    ['ALL_TIME', { N: 99, MOST: 1, SHOPS: [] }],
  ])('an answer in the topic of %s that the plan does not give', async (name, value) => {
    const { node } = await opened(name);
    await produceRows(node, name, [['u1', 7000, value]]);
    const report = await verify(node, `VERIFY FEATURE VIEW ${name};`);
    expect([report.result, report.recomputed.mismatch + report.recomputed.extra]).toEqual(['DIFFERENT', 1]);
    expect(report.differences.find(({ comparison }) => comparison === 'recomputed')).toMatchObject({
      entity: { U: 'u1' },
      time: 7000,
      answeredAt: { topic: name },
    });
    await node.close();
  });

  test('what the source has lost since: rows that are answered and cannot be recomputed', async () => {
    const { node } = await opened('ARRIVAL');
    const lost = node.engine.catalog.queries.values().next().value!;
    // As if the query had begun at its first record and not at the tenth.
    Object.assign(lost, { start: { s: [4, 4, 4] }, properties: { 'auto.offset.reset': 'latest' } });
    const report = await verify(node, 'VERIFY FEATURE VIEW arrival;');
    expect(report.recomputed.extra).toBeGreaterThan(0);
    expect(report.differences).toHaveLength(10);
    const times = report.differences.map(({ time }) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    await node.close();
  });
});

test('FROM and TO bound the feature time, SAMPLE the entities; what is outside does not count', async () => {
  const { node } = await opened('PLAIN');
  await produceRows(node, 'PLAIN', [['u1', 7000, { TS: 7000, V: 99, SHOP: 'P' }]]);
  const range = (from: number, to: number): string =>
    `FROM '${new Date(from).toISOString()}' TO '${new Date(to).toISOString()}'`;
  const report = await verify(node, `VERIFY FEATURE VIEW plain ${range(10_000, 20_000)};`);
  expect([report.result, report.answers]).toEqual(['CONSISTENT', 10]);
  expect((await verify(node, `VERIFY FEATURE VIEW plain ${range(7000, 20_000)};`)).differing).toBe(1);
  expect((await verify(node, `VERIFY FEATURE VIEW plain ${range(0, 7000)};`)).differing).toBe(0);
  const sampled = await verify(node, 'VERIFY FEATURE VIEW plain SAMPLE 2;');
  expect(sampled.answers).toBeGreaterThanOrEqual(20);
  expect(sampled.answers).toBeLessThanOrEqual(21);
  expect((await verify(node, 'VERIFY FEATURE VIEW plain SAMPLE 100;')).answers).toBe(51);
  await node.close();
});

test('a view that begins at the end of its source is recomputed from there', async () => {
  const node = await openEngine(undefined, { 'auto.offset.reset': 'latest' });
  await node.run(source);
  const rows = (from: number): Produced[] =>
    Array.from({ length: 9 }, (_, i) => [`u${i % 2}`, from + i, { ts: from + i, v: 5, shop: 'p' }]);
  await produceRows(node, 's', rows(0));
  await node.run(views(newFolder())['ALL_TIME']!);
  await produceRows(node, 's', rows(100));
  await node.settle();
  const report = await verify(node, 'VERIFY FEATURE VIEW all_time;');
  expect([report.result, report.answers]).toEqual(['CONSISTENT', 9]);
  await node.close();
});

test('views whose order is not given are named at CREATE, and what differs of them is counted apart', async () => {
  const node = await openEngine();
  await node.run(source);
  const create = async (sql: string): Promise<string> =>
    ((await node.run(sql)) as { warnings: { message: string }[] }[])[0]!.warnings.map(({ message }) => message).join();
  expect(
    await create(
      'CREATE FEATURE VIEW by_shop ENTITY KEY (shop) AS SELECT shop, COUNT(*) AS n FROM s GROUP BY shop EMIT CHANGES;',
    ),
  ).toMatch(/^BY_SHOP is ORDER_DEPENDENT: its input is not partitioned/);
  const shops =
    'CREATE FEATURE VIEW shops ENTITY KEY (shop) TIMESTAMP ts AS SELECT shop, ts, COUNT(*) OVER w AS n FROM s WINDOW w AS (PARTITION BY shop ORDER BY ts ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) EMIT';
  expect(await create(`${shops} CHANGES;`)).toMatch(/^SHOPS is ORDER_DEPENDENT/);
  await node.run('DROP FEATURE VIEW shops;');
  expect(await create(`${shops} FINAL;`)).toBe('');
  await node.run(
    "CREATE TABLE t (u STRING PRIMARY KEY, age INT) WITH (kafka_topic='t', partitions=3, value_format='JSON');",
  );
  expect(
    await create(
      'CREATE FEATURE VIEW joined ENTITY KEY (u) AS SELECT s.u AS u, age, v FROM s LEFT JOIN t ON s.u = t.u EMIT CHANGES;',
    ),
  ).toMatch(/^JOINED is ORDER_DEPENDENT: it joins/);
  for (const sql of Object.values(views(newFolder()))) expect(await create(sql)).toBe('');
  await produceRows(node, 's', [['a', 5, { ts: 5, v: 1, shop: 'p' }]]);
  await node.settle();
  // The table's row is there for the recomputation, which reads both from their beginnings in order of time.
  await produceRows(node, 't', [['a', 1, { age: 7 }]]);
  await node.settle();
  const report = await verify(node, 'VERIFY FEATURE VIEW joined;');
  expect([report.result, report.differing, report.orderDependentRows]).toEqual(['CONSISTENT', 0, 1]);
  expect(report.differences[0]).toMatchObject({
    feature: 'AGE',
    online: null,
    other: 7,
    event: { topic: 's', offset: 0 },
  });
  await node.close();
});

test('a verification tells how far it is, can be terminated, and is one at a time', async () => {
  const { node } = await opened('ARRIVAL');
  const shown = async (): Promise<unknown> =>
    ((await node.run('SHOW VERIFICATIONS;')) as { verifications: unknown[] }[])[0]!.verifications;
  expect(await shown()).toEqual([]);
  const first = verify(node, 'VERIFY FEATURE VIEW arrival;').catch((error: unknown) => error as Error);
  await new Promise((done) => setTimeout(done, 5));
  expect(await shown()).toMatchObject([{ id: 'VERIFICATION_ARRIVAL', view: 'ARRIVAL', result: null }]);
  await expect(verify(node, 'VERIFY FEATURE VIEW arrival;')).rejects.toThrow(/being verified already/);
  await node.run('TERMINATE verification_arrival;');
  expect(((await first) as Error).message).toMatch(/it was terminated/);
  expect(await shown()).toMatchObject([{ state: 'CANCELLED' }]);
  await verify(node, 'VERIFY FEATURE VIEW arrival;');
  expect(await shown()).toMatchObject([{ state: 'DONE', result: 'CONSISTENT', answers: 50, recomputedRows: 50 }]);
  await node.run('PAUSE ALL;');
  await expect(verify(node, 'VERIFY FEATURE VIEW arrival;')).rejects.toThrow(/is PAUSED/);
  await node.close();
});
