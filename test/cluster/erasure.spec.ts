import { expect, test } from 'vitest';
import { dataFiles, duckDb, newFolder, rowsOf } from '../support/files.ts';
import { createTopic, produceAll, startMillrace, type MillraceProcess, until } from './support.ts';

const users = Array.from({ length: 8 }, (_, i) => `user-${i}`);

/** The statuses and values of the features of all users, as a node answers them; undefined while it cannot. */
async function served({ url }: MillraceProcess, view: string): Promise<Record<string, [string, unknown]> | undefined> {
  const body = JSON.stringify({ features: [`${view}:c`], entities: { u: users } });
  const response = await fetch(`${url}/get-online-features`, { method: 'POST', body });
  if (!response.ok) return undefined;
  const { results } = (await response.json()) as { results: { values: unknown[]; statuses: string[] }[] };
  return Object.fromEntries(users.map((user, i) => [user, [results[1]!.statuses[i]!, results[1]!.values[i]!]]));
}

test('an entity is deleted on whatever nodes it is, and stays so when they are killed', async () => {
  const [topic, files] = [`erasure_${Date.now()}_`, newFolder()];
  await createTopic(`${topic}s`, 4);
  let nodes = [await startMillrace(topic), await startMillrace(topic)];
  await nodes[0]!.sql(`CREATE STREAM s (u STRING, v INT) WITH (kafka_topic='${topic}s', value_format='JSON');
    CREATE FEATURE VIEW counted ENTITY KEY (u) WITH (KAFKA_TOPIC='${topic}c', OFFLINE_STORE='parquet', OFFLINE_PATH='${files}', ROWS_PER_FILE=5, ROLL_INTERVAL='1 SECOND') AS SELECT u, COUNT(*) AS c FROM s GROUP BY u EMIT CHANGES;
    CREATE FEATURE VIEW framed ENTITY KEY (u) WITH (KAFKA_TOPIC='${topic}f') AS SELECT u, COUNT(*) OVER (PARTITION BY u ORDER BY ROWTIME ROWS BETWEEN 9 PRECEDING AND CURRENT ROW) AS c FROM s EMIT CHANGES;`);
  const send = (round: number): Promise<void> =>
    produceAll(
      `${topic}s`,
      users.map((u, i) => ({
        partition: i % 4,
        key: u,
        value: JSON.stringify({ u, v: i }),
        timestamp: 1000 * round + i,
      })),
    );
  for (const round of [1, 2, 3]) await send(round);
  const counts = (gone: readonly string[], count: number, ofGone: readonly [string, unknown]): unknown =>
    Object.fromEntries(users.map((user) => [user, gone.includes(user) ? ofGone : ['PRESENT', count]]));
  const views = ['counted', 'framed'];
  const expectServed = async (expected: unknown): Promise<void> => {
    for (const node of nodes)
      for (const view of views)
        expect(
          await until(
            () => served(node, view),
            (value) => JSON.stringify(value) === JSON.stringify(expected),
          ),
          view,
        ).toEqual(expected);
  };
  await expectServed(counts([], 3, ['PRESENT', 3]));
  const gone = ['user-1', 'user-6'];
  for (const [i, user] of gone.entries())
    for (const view of views) await nodes[i]!.sql(`DELETE ENTITY '${user}' FROM FEATURE VIEW ${view};`);
  await expectServed(counts(gone, 3, ['NOT_FOUND', null]));
  const duckdb = await duckDb();
  const inFiles = async (): Promise<unknown> =>
    dataFiles(files).length === 0
      ? []
      : rowsOf(duckdb, `SELECT U, max(C)::INT FROM read_parquet('${files}/*/*.parquet') GROUP BY U ORDER BY U`);
  const left = users.filter((user) => !gone.includes(user)).map((user) => [user, 3]);
  expect(await until(inFiles, (rows) => JSON.stringify(rows) === JSON.stringify(left))).toEqual(left);

  for (const node of nodes) await node.kill('SIGKILL');
  nodes = [await startMillrace(topic)];
  await expectServed(counts(gone, 3, ['NOT_FOUND', null]));
  await send(4);
  await expectServed(counts(gone, 4, ['PRESENT', 1]));
  await nodes[0]!.kill('SIGKILL');
});
