import { expect, test } from 'vitest';
import { dataFiles, duckDb, newFolder, rowsOf } from '../support/files.ts';
import { createTopic, produceAll, readAll, startMillrace } from './support.ts';

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

test('two nodes write the files of a topic, are killed at every step of a commit, and every row is there once', async () => {
  const service = `files_${Date.now()}_`;
  const [topic, files] = [`${service}s`, newFolder()];
  await createTopic(topic, 3);
  const total = 3000;
  const record = (n: number): { key: string; value: string; timestamp: number; partition: number } => ({
    key: `k${n % 7}`,
    value: JSON.stringify({ n, ts: n }),
    timestamp: n + 1,
    partition: n % 3,
  });
  await produceAll(
    topic,
    Array.from({ length: total }, (_, n) => record(n)),
  );
  let node = await startMillrace(service);
  await node.sql(
    `CREATE STREAM s (k STRING KEY, n INT, ts BIGINT) WITH (kafka_topic='${topic}', value_format='JSON');`,
  );
  await node.sql(`CREATE FEATURE VIEW f ENTITY KEY (k) TIMESTAMP ts WITH (KAFKA_TOPIC='${service}f', OFFLINE_STORE='parquet', OFFLINE_PATH='${files}', ROWS_PER_FILE=100, ROLL_INTERVAL='1 SECOND')
      AS SELECT k, ts, n FROM s EMIT CHANGES;`);
  for (const step of ['begun', 'sent', 'ended', 'stored']) {
    await node.kill('SIGKILL');
    const crashing = await startMillrace(service, {}, undefined, step);
    const ended = new Promise((done) => crashing.child.once('exit', done));
    await Promise.race([ended, pause(15_000)]);
    if (crashing.child.exitCode === null && crashing.child.signalCode === null) await crashing.kill('SIGKILL');
    node = await startMillrace(service);
    await pause(1500);
  }
  const other = await startMillrace(service);
  const duckdb = await duckDb();
  const count = async (): Promise<number> =>
    dataFiles(files).length === 0
      ? 0
      : ((await rowsOf(duckdb, `SELECT count(*)::INT FROM read_parquet('${files}/*/*.parquet')`))[0] as [number])[0];
  for (let i = 0; i < 120 && (await count()) < total; i++) await pause(500);
  await pause(2000);
  const read = await rowsOf(duckdb, `SELECT N FROM read_parquet('${files}/*/*.parquet') ORDER BY N`);
  const written = (await readAll(`${service}f`)).map(({ value }) => (JSON.parse(value!.toString()) as { N: number }).N);
  expect(read.map((row) => (row as [number])[0])).toEqual(written.sort((a, b) => a - b));
  expect(written).toHaveLength(total);
  await node.sql(
    `CREATE TRAINING SET t WITH (PATH='${files}/t') AS SELECT l.n AS n, v.n AS found FROM s l LEFT JOIN f FOR SYSTEM_TIME AS OF l.ts - 7 AS v ON l.k = v.k;`,
  );
  type Sets = { trainingSets: { state: string; error: string | null }[] }[];
  let set: Sets[number]['trainingSets'][number] | undefined;
  for (let i = 0; i < 100 && set?.state !== 'DONE' && set?.state !== 'ERROR'; i++) {
    await pause(300);
    set = ((await node.sql('SHOW TRAINING SETS;')) as unknown as Sets)[0]!.trainingSets[0];
  }
  expect([set?.state, set?.error]).toEqual(['DONE', null]);
  const pairs = await rowsOf(duckdb, `SELECT N, FOUND FROM read_parquet('${files}/t/part-*.parquet') ORDER BY N`);
  expect(pairs).toEqual(Array.from({ length: total }, (_, n) => [n, n < 7 ? null : n - 7]));
  await node.kill('SIGKILL');
  await other.kill('SIGKILL');
}, 180_000);
