import { expect, test } from 'vitest';
import { duckDb, rowsOf } from '../support/files.ts';
import { createTopic, produceAll, startMillrace, type MillraceProcess, until } from './support.ts';

const users = Array.from({ length: 40 }, (_, i) => `user-${i}`);
const events = Array.from({ length: 60_000 }, (_, i) => ({ u: users[(i * 7) % 40]!, n: (i * 31) % 101, ts: 1000 + i }));

const send = (topic: string, rows: typeof events): Promise<void> =>
  produceAll(
    topic,
    rows.map(({ u, n, ts }, i) => ({ partition: i % 4, key: u, value: JSON.stringify({ u, n }), timestamp: ts })),
  );

/** What DuckDB makes of the events, by user. */
async function computed(feature: string, rows = events): Promise<Record<string, string>> {
  const list = rows.map(({ u, n }) => `('${u}', ${n})`).join(',');
  const found = await rowsOf(
    await duckDb(),
    `WITH s(u, n) AS (VALUES ${list}) SELECT u, ${feature}::VARCHAR FROM s GROUP BY u`,
  );
  return Object.fromEntries((found as [string, string][]).map(([u, f]) => [u, `${f} PRESENT`]));
}

/** The feature of all users, as a node answers it; any answer but 200 is an error. */
async function served({ url }: MillraceProcess, view: string): Promise<Record<string, string>> {
  const body = JSON.stringify({ features: [`${view}:f`], entities: { u: users } });
  const response = await fetch(`${url}/get-online-features`, { method: 'POST', body });
  if (!response.ok) throw new TypeError(await response.text());
  const { results } = (await response.json()) as { results: { values: unknown[]; statuses: string[] }[] };
  return Object.fromEntries(
    users.map((user, i) => [user, `${String(results[1]!.values[i])} ${results[1]!.statuses[i]!}`]),
  );
}
async function pulled({ url }: MillraceProcess, user: string): Promise<unknown> {
  const response = await fetch(`${url}/query`, {
    method: 'POST',
    body: JSON.stringify({ ksql: `SELECT f FROM v WHERE u = '${user}';` }),
  });
  const answer = (await response.json()) as { row?: { columns: unknown[] } }[];
  if (!response.ok) throw new TypeError(JSON.stringify(answer));
  return answer.flatMap(({ row }) => row?.columns ?? [])[0];
}
const same = (a: Record<string, string>, b: Record<string, string>): boolean =>
  users.every((user) => a[user] === b[user]);
const untilServed = (node: MillraceProcess, view: string, wanted: Record<string, string>): Promise<unknown> =>
  until(
    () => served(node, view).catch(() => undefined),
    (now) => now !== undefined && same(now, wanted),
  ).then((now) => expect(now).toEqual(wanted));

interface Version {
  readonly version: number;
  readonly isLive: boolean;
  readonly state: string;
}
async function versions(node: MillraceProcess): Promise<readonly Version[]> {
  const [answer] = await node.sql('DESCRIBE FEATURE VIEW v;');
  return (answer!['sourceDescription'] as { featureView: { versions: Version[] } }).featureView.versions;
}

/** Reads from a node again and again: which version each answer is of. */
async function readUntil(
  node: MillraceProcess,
  [former, newer]: readonly [Record<string, string>, Record<string, string>],
  isOver: () => boolean,
): Promise<string[]> {
  const seen: string[] = [];
  while (!isOver() || seen.at(-1) !== 'newer') {
    const answer = await served(node, 'v');
    seen.push(same(answer, former) ? 'former' : same(answer, newer) ? 'newer' : JSON.stringify(answer));
    const value = `${String(await pulled(node, users[seen.length % 40]!))} PRESENT`;
    const user = users[seen.length % 40]!;
    expect([former[user], newer[user]]).toContain(value);
  }
  return seen;
}

test('while a version is filled two nodes answer every read with the former one, then with the new one', async () => {
  const topic = `versions_${Date.now()}_`;
  await createTopic(`${topic}s`, 4);
  await send(`${topic}s`, events);
  const nodes = [await startMillrace(topic), await startMillrace(topic)];
  await nodes[0]!.sql(`CREATE STREAM s (u STRING, n INT) WITH (kafka_topic='${topic}s', value_format='JSON');
    CREATE FEATURE VIEW v ENTITY KEY (u) WITH (KAFKA_TOPIC='${topic}v') AS SELECT u, COUNT(*) AS f FROM s GROUP BY u EMIT CHANGES;
    CREATE FEATURE SERVICE pinned FEATURES (v@v1.f);`);
  const both = [await computed('count(*)'), await computed('sum(n)')] as const;
  for (const node of nodes) await untilServed(node, 'v', both[0]);
  let over = false;
  const reads = nodes.map((node) => readUntil(node, both, () => over));
  await nodes[1]!.sql(
    `CREATE OR REPLACE FEATURE VIEW v ENTITY KEY (u) WITH (KAFKA_TOPIC='${topic}v') AS SELECT u, SUM(n) AS f FROM s GROUP BY u EMIT CHANGES;`,
  );
  await until(
    () => versions(nodes[0]!),
    (list) => list[1]?.isLive === true,
  );
  over = true;
  for (const seen of await Promise.all(reads)) {
    // It goes over once, and reads of both versions were there.
    expect(seen).toEqual([...seen].sort());
    expect(new Set(seen)).toEqual(new Set(['former', 'newer']));
  }
  const later = users.map((u, i) => ({ u, n: 1000, ts: 100_000 + i }));
  await send(`${topic}s`, later);
  for (const node of nodes) {
    await untilServed(node, 'v', await computed('sum(n)', [...events, ...later]));
    await untilServed(node, 'v@v1', await computed('count(*)', [...events, ...later]));
  }
  await expect(nodes[0]!.sql('DROP FEATURE VIEW v VERSION 1;')).rejects.toThrow('PINNED');
  await nodes[0]!.sql('DROP FEATURE SERVICE pinned; DROP FEATURE VIEW v VERSION 1;');
  for (const node of nodes) {
    await until(
      () => versions(node),
      (list) => list.length === 1,
    );
    await untilServed(node, 'v', await computed('sum(n)', [...events, ...later]));
  }
  for (const node of nodes) await node.kill('SIGKILL');
});

test('a version that was being filled when nodes were killed is filled and live after their next start', async () => {
  const topic = `killed_versions_${Date.now()}_`;
  await createTopic(`${topic}s`, 4);
  await send(`${topic}s`, events);
  let nodes = [await startMillrace(topic), await startMillrace(topic)];
  await nodes[0]!.sql(`CREATE STREAM s (u STRING, n INT) WITH (kafka_topic='${topic}s', value_format='JSON');
    CREATE FEATURE VIEW v ENTITY KEY (u) WITH (KAFKA_TOPIC='${topic}v') AS SELECT u, COUNT(*) AS f FROM s GROUP BY u EMIT CHANGES;`);
  await untilServed(nodes[0]!, 'v', await computed('count(*)'));
  await nodes[0]!.sql(
    `CREATE OR REPLACE FEATURE VIEW v ENTITY KEY (u) WITH (KAFKA_TOPIC='${topic}v') AS SELECT u, SUM(n) AS f FROM s GROUP BY u EMIT CHANGES;`,
  );
  const [, filling] = await versions(nodes[0]!);
  expect(filling).toMatchObject({ version: 2, isLive: false });
  for (const node of nodes) await node.kill('SIGKILL');
  const later = users.map((u, i) => ({ u, n: 1000, ts: 100_000 + i }));
  await send(`${topic}s`, later);
  nodes = [await startMillrace(topic), await startMillrace(topic)];
  for (const node of nodes) {
    await untilServed(node, 'v', await computed('sum(n)', [...events, ...later]));
    await untilServed(node, 'v@v1', await computed('count(*)', [...events, ...later]));
  }
  expect((await versions(nodes[1]!)).map(({ version, isLive, state }) => [version, isLive, state])).toEqual([
    [1, false, 'AVAILABLE_ONLINE'],
    [2, true, 'AVAILABLE_ONLINE'],
  ]);
  for (const node of nodes) await node.kill('SIGKILL');
});
