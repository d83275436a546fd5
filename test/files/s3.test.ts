import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SqlError } from '../../src/diagnostics/sql-error.ts';
import type { VerificationReport } from '../../src/engine/verification/report.ts';
import { openFolder } from '../../src/files/open-folder.ts';
import { setAws } from '../../src/util/aws.ts';
import { setOutbound } from '../../src/util/outbound.ts';
import { dataFiles, duckDb, newFolder, rowsOf } from '../support/files.ts';
import { type Death, killedRun } from '../support/killed-run.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { noS3, TestS3 } from '../support/s3.ts';

const root = join(import.meta.dirname, '../..');
const dist = (path: string): string => JSON.stringify(join(root, 'dist/src', path));
const day = 86_400_000;
const t0 = Date.UTC(2026, 0, 1);

type Event = readonly [key: string, time: number, n: number];
const produce = (node: TestEngine, rows: readonly Event[]): Promise<unknown> =>
  node.engine.node.produce(
    's',
    rows.map(([k, ts, n]) => ({ key: k, value: JSON.stringify({ ts, n }), timestamp: ts, partition: undefined })),
  );
const stream = `CREATE STREAM s (k STRING KEY, ts BIGINT, n BIGINT) WITH (kafka_topic='s', partitions=2, value_format='JSON');`;
const numbers = (sql: string): Promise<number[]> =>
  duckDb().then(async (duckdb) => (await rowsOf(duckdb, sql)).map((row) => Number((row as unknown[])[0])));

describe.skipIf(noS3 !== '')(`files in S3${noS3}`, { timeout: 300_000 }, () => {
  let s3: TestS3;
  beforeAll(async () => {
    s3 = await TestS3.start('lake');
  }, 120_000);
  afterAll(async () => {
    setAws({ endpoints: {} });
    await s3.kill();
  });
  const said = (why: Promise<unknown>): Promise<{ code: string; message: string; hint: string | undefined }> =>
    why.then(
      () => expect.fail('it was not refused'),
      (error: unknown) => {
        const { code, message, hint, span } = error as SqlError;
        expect(span.end).toBeGreaterThan(span.start);
        return { code: String(code), message, hint };
      },
    );

  test('a view, a training set, a backfill, a verification and an erasure are as they are in a folder', async () => {
    const node = await openEngine();
    const local = newFolder();
    const view = (name: string, path: string): string =>
      `CREATE FEATURE VIEW ${name} ENTITY KEY (k) TIMESTAMP ts WITH (OFFLINE_STORE='parquet', OFFLINE_PATH='${path}', ROWS_PER_FILE=7, ROLL_INTERVAL='1 SECOND') AS
        SELECT k, ts, n, SUM(n) OVER (PARTITION BY k ORDER BY ts RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) AS total FROM s EMIT CHANGES;`;
    await node.run(`${stream} ${view('here', `${local}/view`)} ${view('there', 's3://lake/views/there/')}`);
    const rows = Array.from({ length: 100 }, (_, i): Event => [
      `k${i % 7}`,
      t0 + Math.floor(i / 40) * day + i * 1000,
      i,
    ]);
    await produce(node, rows);
    await node.settle();
    await expect
      .poll(
        async () => {
          const path = await s3.download('views/there');
          return dataFiles(path).length === 0
            ? []
            : numbers(`SELECT N FROM read_parquet('${path}/dt=*/*.parquet') ORDER BY N`);
        },
        { timeout: 60_000 },
      )
      .toEqual(rows.map(([, , n]) => n));
    const names = (await s3.keys('views/there/')).filter((name) => name.endsWith('.parquet'));
    expect([...new Set(names.map((name) => name.split('/')[0]))]).toEqual([
      'dt=2026-01-01',
      'dt=2026-01-02',
      'dt=2026-01-03',
    ]);

    const set = (name: string, path: string, from: string, spine: string): string =>
      `CREATE TRAINING SET ${name} WITH (PATH='${path}', ROWS_PER_FILE=30) AS
         SELECT l.k AS k, l.told AS told, v.n, v.total FROM ${spine} l LEFT JOIN ${from} FOR SYSTEM_TIME AS OF l.told AS v ON l.k = v.k;`;
    const spine = '(SELECT k, ts + 500 AS told FROM s)';
    await node.run(`${set('a', `${local}/a`, 'here', spine)} ${set('b', 's3://lake/sets/b', 'there', spine)}`);
    for (const name of ['A', 'B']) await node.engine.trainingJobs.get(name)!.done;
    const made = await s3.download('sets/b');
    expect(dataFiles(made)).toEqual(dataFiles(`${local}/a`));
    expect(dataFiles(made)).toHaveLength(4);
    for (const name of dataFiles(made))
      expect(readFileSync(join(made, name)).equals(readFileSync(join(local, 'a', name))), name).toBe(true);
    expect(await numbers(`SELECT sum(TOTAL)::BIGINT FROM read_parquet('${made}/*.parquet')`)).toEqual(
      await numbers(`SELECT sum(TOTAL)::BIGINT FROM read_parquet('${local}/a/*.parquet')`),
    );
    const hashes = (path: string): unknown =>
      (JSON.parse(readFileSync(join(path, '_manifest.json'), 'utf8')) as { files: unknown }).files;
    expect(hashes(made)).toEqual(hashes(`${local}/a`));

    // A file of the bucket is a spine as one of a disk is.
    await node.run(
      `${set('c', `${local}/c`, 'here', `FILE('${local}/a/part-00000.parquet')`)} ${set('d', 's3://lake/sets/d', 'there', "FILE('s3://lake/sets/b/part-00000.parquet')")}`,
    );
    for (const name of ['C', 'D']) await node.engine.trainingJobs.get(name)!.done;
    expect(
      (await s3.get('sets/d/part-00000.parquet')).equals(readFileSync(join(local, 'c', 'part-00000.parquet'))),
    ).toBe(true);

    await node.run("BACKFILL FEATURE VIEW there WITH (PATH='s3://lake/again', ROWS_PER_FILE=7);");
    await node.engine.backfills.get('THERE')!.done;
    const again = await s3.download('again');
    const columns = 'K, TS, N, TOTAL, event_timestamp, _offset';
    const duckdb = await duckDb();
    const filed = (path: string): Promise<unknown[]> =>
      rowsOf(duckdb, `SELECT ${columns} FROM read_parquet('${path}/dt=*/*.parquet') ORDER BY ALL`);
    expect(await filed(again)).toEqual(await filed(`${local}/view`));
    expect(await s3.keys('again/')).toContain('_manifest.json');

    const [verified] = (await node.run('VERIFY FEATURE VIEW there;')) as { verification: VerificationReport }[];
    expect(verified!.verification).toMatchObject({
      result: 'CONSISTENT',
      differing: 0,
      offline: { rows: 100, missing: 0, extra: 0 },
    });

    await node.run("DELETE ENTITY 'k3' FROM FEATURE VIEW there;");
    const left = await s3.download('views/there');
    expect(
      await rowsOf(duckdb, `SELECT K, count(*)::INT FROM read_parquet('${left}/dt=*/*.parquet') GROUP BY K ORDER BY K`),
    ).toEqual(['k0', 'k1', 'k2', 'k4', 'k5', 'k6'].map((k) => [k, rows.filter(([key]) => key === k).length]));
    await node.close();
  });

  test('rows that are deleted from a table are in no object, and are none for VERIFY, training sets and an erasure', async () => {
    const node = await openEngine();
    await node.run(`${stream}
      CREATE FEATURE VIEW odd ENTITY KEY (k) TIMESTAMP ts WITH (OFFLINE_STORE='parquet', OFFLINE_PATH='s3://lake/odd', ROWS_PER_FILE=4, ROLL_INTERVAL='1 SECOND')
        AS SELECT k, LATEST_BY_OFFSET(ts) AS ts, COUNT(*) AS c FROM s GROUP BY k HAVING COUNT(*) % 3 <> 0;`);
    // Every third event of a user deletes the row, the next one brings it back, some with an earlier time.
    const rows = Array.from({ length: 60 }, (_, i): Event => [
      `k${i % 5}`,
      t0 + i * 1000 - (i % 7 === 0 ? 20_000 : 0),
      i,
    ]);
    for (let i = 0; i < rows.length; i += 6) {
      await produce(node, rows.slice(i, i + 6));
      await node.settle();
    }
    const duckdb = await duckDb();
    const count = async (path: string): Promise<number> => {
      const folder = await s3.download('odd');
      const [row] = await rowsOf(duckdb, `SELECT count(*)::INT FROM read_parquet('${folder}/${path}')`).catch(() => [
        [0],
      ]);
      return (row as [number])[0];
    };
    await expect.poll(() => count('dt=*/*.parquet'), { timeout: 60_000 }).toBe(40);
    await expect.poll(() => count('_deleted/*.deleted'), { timeout: 60_000 }).toBe(20);
    const verified = async (): Promise<unknown> =>
      ((await node.run('VERIFY FEATURE VIEW odd;')) as { verification: VerificationReport }[])[0]!.verification;
    expect(await verified()).toMatchObject({ result: 'CONSISTENT', differing: 0, offline: { rows: 40, pending: 0 } });
    await node.run(`CREATE TRAINING SET odd_set WITH (PATH='s3://lake/sets/odd') AS
      SELECT l.k AS k, l.n AS n, v.c FROM s l LEFT JOIN odd FOR SYSTEM_TIME AS OF l.ts AS v ON l.k = v.k;`);
    await node.engine.trainingJobs.get('ODD_SET')!.done;
    const made = await s3.download('sets/odd');
    // The last change of those up to the time of each event; a deletion has the time of its record.
    const changes = rows.map(([k, ts], i) => {
      const own = rows.slice(0, i + 1).filter((row) => row[0] === k);
      return { k, c: own.length, time: own.length % 3 === 0 ? Math.max(...own.map((row) => row[1])) : ts };
    });
    const expected = rows.map(([k, ts, n]) => {
      const last = changes.findLast((change) => change.k === k && change.time <= ts);
      return [k, String(n), last === undefined || last.c % 3 === 0 ? null : String(last.c)];
    });
    const read = await rowsOf(duckdb, `SELECT K, N, C FROM read_parquet('${made}/part-*.parquet') ORDER BY N`);
    expect(read).toEqual(expected);
    await node.run("DELETE ENTITY 'k2' FROM FEATURE VIEW odd;");
    const left = await s3.download('odd');
    const keys = await rowsOf(
      duckdb,
      `SELECT DISTINCT K FROM (SELECT K FROM read_parquet('${left}/dt=*/*.parquet') UNION ALL SELECT K FROM read_parquet('${left}/_deleted/*.deleted')) ORDER BY K`,
    );
    expect(keys).toEqual([['k0'], ['k1'], ['k3'], ['k4']]);
    expect(await verified()).toMatchObject({ result: 'CONSISTENT', offline: { rows: 32, missing: 0, extra: 0 } });
    await node.close();
  });

  test('what was shown and died before it was unstaged is there once', async () => {
    const folder = openFolder('s3://lake/twice');
    const name = 'dt=2026-01-01/p0-0-1.parquet';
    await folder.stage(name, Buffer.from('x'));
    await s3.put(`twice/${name}`, 'x');
    await folder.show([name]);
    expect(await s3.keys('twice/')).toEqual([name]);
  });

  test('a way to S3 that breaks at any byte: the input waits, says why, and nothing is lost or there twice', async () => {
    const node = await openEngine(undefined, {}, undefined, { pauses: { firstMs: 20, longestMs: 200 } });
    await node.run(`${stream}
      CREATE STREAM o WITH (SINK='parquet', PATH='s3://lake/broken', ROWS_PER_FILE=20, ROLL_INTERVAL='50 MILLISECONDS') AS SELECT * FROM s EMIT CHANGES;`);
    const id = [...node.engine.catalog.queries.keys()].find((each) => each.startsWith('EXPORT_'))!;
    const status = () => node.engine.node.status(id);
    for (let round = 0; round < 4; round++) {
      await produce(
        node,
        Array.from({ length: 150 }, (_, i): Event => [`k${i % 5}`, t0 + i, round * 300 + i]),
      );
      await new Promise((resolve) => setTimeout(resolve, 40 + round * 35));
      await s3.shut();
      await produce(
        node,
        Array.from({ length: 150 }, (_, i): Event => [`k${i % 5}`, t0 + i, round * 300 + 150 + i]),
      );
      await expect.poll(() => status()?.state, { timeout: 60_000 }).toBe('ERROR');
      expect(status()!.error).toMatch(/s3:\/\/lake\/broken at 127\.0\.0\.1:\d+: /);
      await s3.open();
    }
    await expect
      .poll(
        async () => {
          const path = await s3.download('broken');
          return dataFiles(path).length === 0
            ? []
            : numbers(`SELECT N FROM read_parquet('${path}/dt=*/*.parquet') ORDER BY N`);
        },
        { timeout: 90_000, interval: 1000 },
      )
      .toEqual(Array.from({ length: 1200 }, (_, i) => i));
    await expect.poll(() => status()?.state, { timeout: 60_000 }).toBe('RUNNING');
    expect((await s3.keys('broken/')).filter((name) => name.startsWith('_staged'))).toEqual([]);
    await node.close();
  });

  test('rights that are gone for a while stop the query with what is missing, and it goes on when they are back', async () => {
    const node = await openEngine(undefined, {}, undefined, { pauses: { firstMs: 5, longestMs: 20 } });
    await node.run(`${stream}
      CREATE STREAM o WITH (SINK='parquet', PATH='s3://lake/rights', ROWS_PER_FILE=20, ROLL_INTERVAL='50 MILLISECONDS') AS SELECT * FROM s EMIT CHANGES;`);
    const id = [...node.engine.catalog.queries.keys()].find((each) => each.startsWith('EXPORT_'))!;
    const status = () => node.engine.node.status(id);
    await s3.refuseAll(true);
    await produce(
      node,
      Array.from({ length: 100 }, (_, i): Event => ['a', t0 + i, i]),
    );
    await expect.poll(() => status()?.state, { timeout: 60_000 }).toBe('ERROR');
    // Many times longer than what gives up an error that does not pass by itself.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(status()!.error).toMatch(/s3:\/\/lake\/rights at .*: The AWS Access Key Id you provided does not exist/);
    await s3.refuseAll(false);
    await expect.poll(() => status()?.state, { timeout: 60_000 }).toBe('RUNNING');
    await expect
      .poll(async () => (await s3.keys('rights/dt=')).filter((name) => name.endsWith('.parquet')).length, {
        timeout: 60_000,
      })
      .toBeGreaterThanOrEqual(5);
    const path = await s3.download('rights');
    expect(await numbers(`SELECT N FROM read_parquet('${path}/dt=*/*.parquet') ORDER BY N`)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
    await node.close();
  });

  test('killed again and again, at every step of a commit and anywhere between, objects have every row once', async () => {
    const folder = newFolder();
    const total = 2500;
    const script = `
      import { EmbeddedNode } from ${dist('adapters/embedded/embedded-node.js')};
      import { RocksBackend } from ${dist('adapters/rocksdb/rocks-backend.js')};
      import { Engine } from ${dist('engine/engine.js')};
      import { Session } from ${dist('engine/session.js')};
      import { executeScript } from ${dist('statements/index.js')};
      import { setAws } from ${dist('util/aws.js')};
      setAws({ endpoints: { s3: ${JSON.stringify(s3.endpoint)} }, accessKeyId: 'someone', secretAccessKey: 'x' });
      let left = Number(process.env.AFTER);
      const node = await EmbeddedNode.open({ folder: ${JSON.stringify(folder)}, openBackend: (f) => RocksBackend.open(f), models: undefined, serviceId: 'test_', sync: false,
        observe: (step) => { if (step === process.env.STEP && --left === 0) process.kill(process.pid, 'SIGKILL'); } });
      const engine = new Engine({ node, models: undefined, serviceId: 'test_', defaults: { 'auto.offset.reset': 'earliest' } });
      await engine.start();
      if (engine.catalog.sources.size === 0) await executeScript({ name: 't', text: "CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=3, SINK='parquet', PATH='s3://lake/killed', ROWS_PER_FILE=70, ROLL_INTERVAL='20 MILLISECONDS');" }, engine, new Session(engine.defaults));
      const reader = await node.openReader('s', 'beginning');
      let have = 0;
      for (let r; (r = await reader.poll(10000, 0)).length > 0; ) have += r.length;
      for (let i = have; i < ${total}; i++) {
        await node.produce('s', [{ key: 'k' + (i % 11), value: JSON.stringify({ n: i }), timestamp: (i % 3) * 86400000 + i, partition: undefined }]);
        produced(i + 1 - have);
        if (i % 10 === 0) await new Promise((r) => setTimeout(r, 5));
      }
      while (node.status('EXPORT_S_0').lag > 0) await new Promise((r) => setTimeout(r, 5));
      await new Promise((r) => setTimeout(r, 1500));
      await engine.close();
      process.exit(0);`;
    const run = (at?: Death): Promise<boolean> => killedRun(script, at);
    const [times] = fc.sample(fc.array(fc.integer({ min: 2, max: 6 }), { minLength: 4, maxLength: 4 }), 1);
    let kills = 0;
    for (const [i, step] of ['begun', 'sent', 'ended', 'stored'].entries())
      if (await run({ step, after: times![i]! })) kills++;
    const deaths = fc.record({ rows: fc.integer({ min: 1, max: 200 }), ms: fc.integer({ min: 0, max: 300 }) });
    for (const at of fc.sample(deaths, 3)) if (await run(at)) kills++;
    expect(kills).toBeGreaterThanOrEqual(5);
    expect(await run()).toBe(false);
    const node = await openEngine(folder);
    const topic: number[] = [];
    const reader = await node.engine.node.openReader('s', 'beginning');
    for (let records; (records = await reader.poll(10_000, 0)).length > 0;)
      topic.push(...records.map(({ value }) => (JSON.parse(value!.toString()) as { n: number }).n));
    await node.close();
    expect(topic.length).toBeGreaterThanOrEqual(total);
    const path = await s3.download('killed');
    expect(await numbers(`SELECT N FROM read_parquet('${path}/dt=*/*.parquet') ORDER BY N`)).toEqual(
      topic.sort((a, b) => a - b),
    );
    expect((await s3.keys('killed/')).filter((name) => name.startsWith('_staged'))).toEqual([]);
  });

  test('what cannot be is refused where it is written, with what to do', async () => {
    const node = await openEngine();
    await node.run(stream);
    const sink = (path: string): Promise<unknown> =>
      node.run(`CREATE STREAM o WITH (SINK='parquet', PATH='${path}') AS SELECT * FROM s EMIT CHANGES;`);
    const at = `127.0.0.1:${new URL(s3.endpoint).port}`;
    expect(await said(sink('s3://nobucket/x'))).toMatchObject({
      code: 'FILES_REFUSED',
      message: `the files of "O": s3://nobucket/x cannot be written to (The specified bucket does not exist at ${at})`,
      hint: 'Make the bucket first: Millrace makes none.',
    });
    for (const path of ['s3://', 's3:/lake/x', 's3://UPPER/x', 's3://lake/../x'])
      expect(await said(sink(path)), path).toMatchObject({
        code: 'INVALID_PROPERTY_VALUE',
        message: expect.stringContaining("it must be 's3://bucket/prefix'") as string,
      });
    // Foreign files, and a folder of another source.
    await s3.put('foreign/x.parquet', 'x');
    expect(await said(sink('s3://lake/foreign'))).toMatchObject({
      code: 'FILES_REFUSED',
      message: 'the files of "O": s3://lake/foreign has files already, such as x.parquet',
    });
    expect(await s3.keys('foreign/')).toEqual(['x.parquet']);
    await s3.put('taken/_millrace.json', '{"source":"OTHER"}');
    expect((await said(sink('s3://lake/taken'))).message).toContain('holds {"source":"OTHER"}');
    // Rights, the list of hosts, and a server that is not there.
    await s3.refuseAll(true);
    expect(await said(sink('s3://lake/denied'))).toMatchObject({
      code: 'FILES_REFUSED',
      hint: expect.stringContaining(
        'be allowed s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject',
      ) as string,
    });
    const secret = await said(sink('s3://lake/denied'));
    expect(JSON.stringify(secret)).not.toContain('a-secret-of-the-operator');
    await s3.refuseAll(false);
    setOutbound({ hosts: ['elsewhere'] });
    expect(await said(sink('s3://lake/x'))).toMatchObject({
      message: expect.stringContaining(`${at} is not called: outbound.hosts lists the hosts that are`) as string,
      hint: 'The operator lists the hosts that may be called in outbound.hosts.',
    });
    setOutbound({ hosts: undefined });
    setAws({ endpoints: { s3: 'http://169.254.169.254' }, accessKeyId: 'a', secretAccessKey: 'b' });
    expect((await said(sink('s3://lake/x'))).message).toContain('169.254.169.254 is a link-local or metadata address');
    s3.use();
    expect(node.engine.catalog.queries.size).toBe(0);
    expect(await s3.keys('denied/')).toEqual([]);
    // A half-written object, one that is not there, and a set where files are.
    await node.run('CREATE FEATURE VIEW v ENTITY KEY (k) TIMESTAMP ts AS SELECT k, ts, n FROM s EMIT CHANGES;');
    await s3.put('half/x.parquet', 'PAR1 and then the writer died');
    const set = (path: string, file: string): Promise<unknown> =>
      node.run(`CREATE TRAINING SET t WITH (PATH='${path}') AS
        SELECT l.k, v.n FROM FILE('${file}') l LEFT JOIN v FOR SYSTEM_TIME AS OF l.ts AS v ON l.k = v.k;`);
    expect(await said(set('s3://lake/t', 's3://lake/half/x.parquet'))).toMatchObject({
      code: 'TRAINING_SET_INVALID',
      message: expect.stringContaining('s3://lake/half/x.parquet cannot be read as Parquet') as string,
    });
    expect((await said(set('s3://lake/t', 's3://lake/nothing.parquet'))).message).toContain('there is no such object');
    expect((await said(set('s3://lake/t', 's3:lake'))).message).toContain("it must be 's3://bucket/prefix'");
    await node.close();
  });
});
