import { expect, test } from 'vitest';
import { createTopic, produceAll, startMillrace, type MillraceProcess, until } from './support.ts';

const keys = Array.from({ length: 100 }, (_, i) => `user-${i}`);
const partitions = 4;

interface Answer {
  readonly status: number;
  readonly rows: readonly unknown[][];
  readonly body: Record<string, unknown>;
}

async function pull({ url }: MillraceProcess, sql: string): Promise<Answer> {
  const response = await fetch(`${url}/query-stream`, { method: 'POST', body: JSON.stringify({ sql }) });
  const text = await response.text();
  if (!response.ok) return { status: response.status, rows: [], body: JSON.parse(text) as Record<string, unknown> };
  const [head, ...rows] = JSON.parse(
    text.startsWith('[') ? text : `[${text.trim().split('\n').join(',')}]`,
  ) as unknown[];
  return { status: 200, rows: rows as unknown[][], body: head as Record<string, unknown> };
}

async function features({ url }: MillraceProcess): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ features: ['views:n'], entities: { user_id: keys } });
  const response = await fetch(`${url}/get-online-features`, { method: 'POST', body });
  return { status: response.status, ...((await response.json()) as object) };
}

const statements = (topic: string): string => `
  CREATE STREAM clicks (user_id STRING KEY, n INT) WITH (kafka_topic='${topic}', value_format='JSON');
  CREATE TABLE counts AS SELECT user_id, COUNT(*) AS c, SUM(n) AS total FROM clicks GROUP BY user_id;
  CREATE FEATURE VIEW views ENTITY KEY (user_id) AS SELECT user_id, n FROM clicks EMIT CHANGES;`;

test('any node answers reads for all nodes; what a dead node held is an error until it is taken over', async () => {
  const topic = `reads-${Date.now()}`;
  await createTopic(topic, partitions);
  const first = await startMillrace(`${topic}_`);
  const second = await startMillrace(`${topic}_`);
  await first.sql(statements(topic));
  await second.sql('SHOW QUERIES;');
  const records = keys.map((key, i) => ({
    partition: i % partitions,
    key,
    value: JSON.stringify({ n: i }),
    timestamp: i,
  }));
  await produceAll(topic, records);
  const count = async (node: MillraceProcess): Promise<number> =>
    (await pull(node, 'SELECT * FROM counts;')).rows.length;
  for (const node of [first, second])
    expect(
      await until(
        () => count(node),
        (n) => n === 100,
      ),
    ).toBe(100);
  // The group of the view may still be dealing its partitions out.
  for (const node of [first, second])
    await until(
      () => features(node),
      ({ status }) => status === 200,
    );
  // Both nodes have tasks.
  expect(await first.metric('millrace_tasks')).toBeGreaterThan(0);
  expect(await second.metric('millrace_tasks')).toBeGreaterThan(0);

  for (const node of [first, second]) {
    for (const [i, key] of keys.entries())
      expect(await pull(node, `SELECT * FROM counts WHERE user_id='${key}';`)).toMatchObject({ rows: [[key, 1, i]] });
    const some = keys.slice(10, 30);
    const chosen = await pull(
      node,
      `SELECT user_id FROM counts WHERE user_id IN (${some.map((k) => `'${k}'`).join()});`,
    );
    expect(chosen.rows.flat()).toEqual(some);
    const range = await pull(node, "SELECT user_id FROM counts WHERE user_id >= 'user-90';");
    expect(range.rows.flat()).toEqual(keys.slice(90).filter((key) => key >= 'user-90'));
    const top = await pull(node, 'SELECT user_id, total FROM counts ORDER BY total DESC LIMIT 3;');
    expect(top.rows).toEqual([
      ['user-99', 99],
      ['user-98', 98],
      ['user-97', 97],
    ]);
    expect((await pull(node, 'SELECT * FROM counts LIMIT 60;')).rows).toHaveLength(60);
    expect((await pull(node, "SELECT * FROM counts WHERE user_id = 'nobody';")).rows).toEqual([]);
    expect(await features(node)).toMatchObject({
      status: 200,
      results: [{}, { values: keys.map((_, i) => i), statuses: keys.map(() => 'PRESENT') }],
    });
  }

  await second.kill('SIGKILL');
  const statuses = await Promise.all(keys.map((key) => pull(first, `SELECT * FROM counts WHERE user_id='${key}';`)));
  const missing = statuses.filter(({ status }) => status !== 200);
  expect(missing.length).toBeGreaterThan(0);
  expect(missing.length).toBeLessThan(100);
  for (const { status, body } of missing) {
    expect(status).toBe(503);
    expect(body).toMatchObject({ error_code: 50304, code: 'PARTITIONS_UNAVAILABLE' });
    expect(body['message']).toMatch(/partitions? \d(, \d)* of "COUNTS" cannot be read: http:\S+ does not answer/);
  }
  for (const { rows } of statuses.filter(({ status }) => status === 200)) expect(rows).toHaveLength(1);
  expect(await pull(first, 'SELECT * FROM counts;')).toMatchObject({ status: 503 });
  expect(await features(first)).toMatchObject({ status: 503, code: 'PARTITIONS_UNAVAILABLE' });

  const whole = await until(
    () => pull(first, 'SELECT * FROM counts;'),
    ({ status }) => status === 200,
  );
  expect(whole.rows).toHaveLength(100);
  expect(
    await until(
      () => features(first),
      ({ status }) => status === 200,
    ),
  ).toMatchObject({
    results: [{}, { values: keys.map((_, i) => i) }],
  });
  await first.kill('SIGTERM');
});

test('frames of a view are evaluated at the time of the read, on whatever node the entity is', async () => {
  const topic = `at-read-${Date.now()}`;
  await createTopic(topic, partitions);
  const nodes = [await startMillrace(`${topic}_`), await startMillrace(`${topic}_`)];
  await nodes[0]!.sql(`CREATE STREAM s (user_id STRING KEY, n INT) WITH (kafka_topic='${topic}', value_format='JSON');
    CREATE FEATURE VIEW views ENTITY KEY (user_id) WITH (EVAL='AT_READ') AS SELECT user_id,
      COUNT(*) OVER (PARTITION BY user_id ORDER BY ROWTIME RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW) AS n FROM s EMIT CHANGES;`);
  const now = Date.now();
  const hours = (count: number): number => now - count * 3_600_000;
  // Every user was there two hours ago, twice; every third one since.
  const times = keys.flatMap((key, i) =>
    [hours(2) - 1, hours(2), ...(i % 3 === 0 ? [hours(0.1)] : [])].map((timestamp) => ({ key, timestamp, i })),
  );
  const records = times
    .sort((a, b) => a.timestamp - b.timestamp)
    .map(({ key, timestamp, i }) => ({ partition: i % partitions, key, value: '{"n":1}', timestamp }));
  await produceAll(topic, records);
  const expected = keys.map((_key, i) => (i % 3 === 0 ? 1 : 0));
  for (const node of nodes) {
    const values = async (): Promise<unknown> =>
      ((await features(node))['results'] as { values: unknown[] }[] | undefined)?.[1]?.values;
    expect(await until(values, (found) => JSON.stringify(found) === JSON.stringify(expected))).toEqual(expected);
    const rows = await pull(node, 'SELECT user_id FROM views WHERE n = 0;');
    expect(rows.rows.length).toBe(expected.filter((n) => n === 0).length);
  }
  await Promise.all(nodes.map((node) => node.kill('SIGKILL')));
});
