import { expect, test } from 'vitest';
import { dataFiles, duckDb, newFolder, rowsOf } from '../support/files.ts';
import { createTopic, produceAll, startMillrace, withAdmin, type MillraceProcess } from './support.ts';

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const total = 30_000;

type Shown = Readonly<Record<string, unknown>>;
async function untilDone(node: MillraceProcess): Promise<Shown> {
  for (;;) {
    const [answer] = (await node.sql('SHOW BACKFILLS;')) as unknown as { backfills: Shown[] }[];
    const [shown] = answer!.backfills;
    if (shown !== undefined && ['DONE', 'ERROR', 'CANCELLED'].includes(String(shown['state']))) return shown;
    await pause(200);
  }
}

test('what retention has deleted of a topic is backfilled from files, over a kill in the middle', async () => {
  const service = `backfill_${Date.now()}_`;
  const [topic, folder] = [`${service}s`, newFolder()];
  await createTopic(topic, 3);
  const start = Date.UTC(2026, 0, 1);
  await produceAll(
    topic,
    Array.from({ length: total }, (_, n) => ({
      key: `k${n % 9}`,
      value: JSON.stringify({ n, v: n / 4 }),
      timestamp: start + n * 3000,
      partition: n % 3,
    })),
  );
  let node = await startMillrace(service);
  await node.sql(`CREATE STREAM s (k STRING KEY, n INT, v DOUBLE) WITH (kafka_topic='${topic}', value_format='JSON',
    SINK='parquet', PATH='${folder}/s', ROWS_PER_FILE=1000, ROLL_INTERVAL='1 SECOND');`);
  await node.sql(`CREATE FEATURE VIEW f ENTITY KEY (k) WITH (KAFKA_TOPIC='${service}f', OFFLINE_STORE='parquet', OFFLINE_PATH='${folder}/f', ROLL_INTERVAL='1 SECOND') AS
    SELECT k, n, SUM(v) OVER w AS total, COUNT(*) OVER w AS c FROM s
    WINDOW w AS (PARTITION BY k ORDER BY ROWTIME RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW) EMIT CHANGES;`);
  const duckdb = await duckDb();
  const rowsOfFiles = async (path: string): Promise<unknown[]> =>
    dataFiles(path).length === 0
      ? []
      : rowsOf(
          duckdb,
          `SELECT K, N, TOTAL, C, epoch_ms(event_timestamp) FROM read_parquet('${path}/dt*/*.parquet') ORDER BY N`,
        );
  const count = async (path: string): Promise<number> =>
    dataFiles(path).length === 0
      ? 0
      : ((await rowsOf(duckdb, `SELECT count(*)::INT FROM read_parquet('${path}/dt*/*.parquet')`))[0] as [number])[0];
  for (const path of [`${folder}/s`, `${folder}/f`])
    for (let i = 0; i < 240 && (await count(path)) < total; i++) await pause(250);
  const answered = await rowsOfFiles(`${folder}/f`);
  expect(answered).toHaveLength(total);
  // Offsets in the middle of a file, and one that nothing was deleted of.
  const partitions = [
    { partition: 0, offset: '7777' },
    { partition: 1, offset: '1500' },
  ];
  await withAdmin(async (admin) => {
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions });
  });
  const statement = `BACKFILL FEATURE VIEW f WITH (PATH='${folder}/to', ROWS_PER_FILE=500);`;
  await node.sql(statement);
  for (let i = 0; i < 200 && dataFiles(`${folder}/to`).length === 0; i++) await pause(20);
  await node.kill('SIGKILL');
  const left = dataFiles(`${folder}/to`).length;
  expect(left).toBeGreaterThan(0);
  node = await startMillrace(service);
  const [again] = await node.sql(statement);
  if (again!['isWhole'] !== true)
    expect(await untilDone(node)).toMatchObject({ state: 'DONE', error: null, rows: total });
  expect(await rowsOfFiles(`${folder}/to`)).toEqual(answered);
  await node.kill('SIGKILL');
}, 180_000);
