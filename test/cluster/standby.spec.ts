import { expect, test } from 'vitest';
import { createTopic, produceAll, startMillrace, type MillraceProcess, until } from './support.ts';

const count = 2000;
const keys = Array.from({ length: count }, (_, i) => `user-${i}`);
const partitions = 4;

interface Answer {
  readonly status: number;
  readonly rows: unknown[][];
  /** Whether it says that standby tasks gave a part of it. */
  readonly isMarked: boolean;
}
/** The status of a pull query and its rows, the key first. */
async function pull({ url }: MillraceProcess, sql: string): Promise<Answer> {
  const response = await fetch(`${url}/query-stream`, { method: 'POST', body: JSON.stringify({ sql }) });
  const isMarked = response.headers.get('x-millrace-standby') === 'true';
  const lines = (await response.text()).trim().split('\n');
  if (!response.ok) return { status: response.status, rows: [], isMarked };
  const [, ...rows] = lines.map((line) => JSON.parse(line) as unknown[]);
  return { status: 200, isMarked, rows: rows.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)) };
}

interface HostStatus {
  readonly hostAlive: boolean;
  readonly activeStandbyPerQuery: Record<
    string,
    Record<'activePartitions' | 'standByPartitions', { readonly partition: number }[]>
  >;
}
async function clusterOf({ url }: MillraceProcess): Promise<Record<string, HostStatus>> {
  const body = (await (await fetch(`${url}/clusterStatus`)).json()) as { clusterStatus: Record<string, HostStatus> };
  return body.clusterStatus;
}

const rounds = (from: number, to: number): Parameters<typeof produceAll>[1] =>
  Array.from({ length: to - from }, (_, round) => keys.map((key, i) => ({ round: from + round, key, i }))).flatMap(
    (list) =>
      list.map(({ round, key, i }) => ({
        partition: i % partitions,
        key,
        value: JSON.stringify({ n: round }),
        timestamp: 1_700_000_000_000 + round * 1000,
      })),
  );

test.each(['at_least_once', 'exactly_once_v2'])(
  'a standby task answers for a node that died, and its state is there when it takes over (%s)',
  async (guarantee) => {
    const topic = `standby-${Date.now()}`;
    await createTopic(topic, partitions);
    const settings = {
      'processing.guarantee': guarantee,
      'commit.interval.ms': '100',
      'ksql.streams.num.standby.replicas': '1',
      'ksql.query.pull.enable.standby.reads': 'true',
      'session.timeout.ms': '6000',
    };
    const first = await startMillrace(`${topic}_`, settings);
    const second = await startMillrace(`${topic}_`, settings);
    await first.sql(`CREATE STREAM clicks (user_id STRING KEY, n INT) WITH (kafka_topic='${topic}', value_format='JSON');
      CREATE TABLE counts AS SELECT user_id, COUNT(*) AS c, SUM(n) AS total FROM clicks GROUP BY user_id;
      CREATE FEATURE VIEW views ENTITY KEY (user_id) WITH (EVAL='AT_READ') AS SELECT user_id, n, COUNT(*) OVER recent AS recent, COUNT(*) OVER ever AS ever
        FROM clicks WINDOW ever AS (PARTITION BY user_id ORDER BY ROWTIME),
          recent AS (PARTITION BY user_id ORDER BY ROWTIME RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW) EMIT CHANGES;`);
    await second.sql('SHOW QUERIES;');
    await produceAll(topic, rounds(0, 3));
    // After one transaction its end may not be known yet, so that it is read again: a small one is the last.
    const last = Array.from({ length: partitions }, (_, partition) => ({
      partition,
      key: `z-${partition}`,
      value: '{"n":7}',
      timestamp: 1_700_000_010_000,
    }));
    const all = 'SELECT * FROM counts;';
    const expected = (round: number): unknown[][] =>
      [...keys.map((key) => [key, round, (round * (round - 1)) / 2]), ...last.map(({ key }) => [key, 1, 7])].sort(
        ([a], [b]) => (String(a) < String(b) ? -1 : 1),
      );
    for (const node of [first, second]) {
      await until(
        () => pull(node, all),
        ({ rows }) => rows.length === count && rows.every(([, c]) => c === 3),
      );
      // What one node runs the other one keeps.
      expect(
        await until(
          () => node.metric('millrace_standby_tasks'),
          (tasks) => tasks === 4,
        ),
      ).toBe(4);
    }
    await produceAll(topic, last);
    for (const node of [first, second]) {
      const whole = await until(
        () => pull(node, all),
        ({ rows }) => rows.length === count + partitions,
      );
      expect(whole).toEqual({ status: 200, rows: expected(3), isMarked: false });
    }
    // Standby tasks look at their changelogs a few times in a second.
    await new Promise((resolve) => setTimeout(resolve, 1000));

    const [one, other] = [first, second].map(({ url }) => new URL(url).host) as [string, string];
    const before = await clusterOf(first);
    expect(Object.keys(before).sort()).toEqual([one, other].sort());
    for (const host of [one, other]) expect(before[host]!.hostAlive).toBe(true);
    // Every partition runs on one of them, and the other one keeps its state.
    const assigned = Object.values(before).map(({ activeStandbyPerQuery }) => activeStandbyPerQuery['CTAS_COUNTS_0']!);
    for (const part of ['activePartitions', 'standByPartitions'] as const)
      expect(assigned.flatMap((of) => of[part].map(({ partition }) => partition)).sort()).toEqual([0, 1, 2, 3]);
    expect(assigned[0]!.activePartitions).toEqual(assigned[1]!.standByPartitions);
    const [described] = await first.sql('DESCRIBE counts EXTENDED;');
    const { queryOffsetSummaries } = described!['sourceDescription'] as { queryOffsetSummaries: unknown[] };
    expect(queryOffsetSummaries).toMatchObject([
      { groupId: `_millrace-${topic}_query_CTAS_COUNTS_0`, topicSummaries: [{ kafkaTopic: topic }] },
    ]);
    // Of each partition 500 keys were read three times, and one more.
    const { offsets } = (queryOffsetSummaries[0] as { topicSummaries: { offsets: { consumerOffset: number }[] }[] })
      .topicSummaries[0]!;
    expect(offsets.map(({ consumerOffset }) => consumerOffset)).toEqual([1501, 1501, 1501, 1501]);

    await second.kill('SIGKILL');
    const answer = await pull(first, all);
    expect(answer).toEqual({ status: 200, rows: expected(3), isMarked: true });
    const some = keys.slice(10, 30);
    const chosen = await pull(
      first,
      `SELECT * FROM counts WHERE user_id IN (${some.map((key) => `'${key}'`).join()});`,
    );
    expect(chosen.rows.map(([key]) => key)).toEqual([...some].sort());
    // Standby tasks evaluate frames at the time of the read too.
    const names = ['views:n', 'views:recent', 'views:ever'];
    const body = JSON.stringify({ features: names, entities: { user_id: keys.slice(0, 100) } });
    const features = await fetch(`${first.url}/get-online-features`, { method: 'POST', body });
    const hundred = (value: number): object => ({ values: Array.from({ length: 100 }, () => value) });
    expect(await features.json()).toMatchObject({ results: [{}, hundred(2), hundred(0), hundred(3)] });

    const restored = await first.metric('millrace_restored_records');
    const tasks = await first.metric('millrace_tasks');
    await until(
      () => first.metric('millrace_tasks'),
      (now) => now === 2 * tasks,
    );
    const taken = await until(
      () => pull(first, all),
      ({ status, isMarked }) => status === 200 && !isMarked,
    );
    expect(taken.rows).toEqual(expected(3));
    // Without standby tasks all that the dead node's tasks had stored would be read.
    expect((await first.metric('millrace_restored_records')) - restored).toBeLessThan(count / 10);
    const after = await clusterOf(first);
    expect(after[other]!.hostAlive).toBe(false);
    expect(after[one]!.activeStandbyPerQuery['CTAS_COUNTS_0']!.activePartitions).toHaveLength(4);
    await produceAll(topic, rounds(3, 4));
    const whole = await until(
      () => pull(first, all),
      ({ rows }) => rows.filter(([, c]) => c === 4).length === count,
    );
    expect(whole.rows).toEqual(expected(4));
    await first.kill('SIGTERM');
  },
);
