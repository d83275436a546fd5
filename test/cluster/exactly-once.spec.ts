import { expect, test } from 'vitest';
import { partitionOf } from '../../src/records/murmur2.ts';
import { randomNumbers } from '../../src/cli/payments.ts';
import { createTopic, groupOffset, produceAll, readAll, startMillrace } from './support.ts';

const events = Number(process.env['MILLRACE_KILL_EVENTS'] ?? 200_000);
const runs = Number(process.env['MILLRACE_KILL_RUNS'] ?? 1);
const partitions = 4;
const sizeMs = 60_000;
const advanceMs = 20_000;

/** What every window must count, computed without Millrace. */
function expectedCounts(list: readonly { key: string; timestamp: number }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { key, timestamp } of list) {
    for (
      let start = Math.floor(timestamp / advanceMs) * advanceMs;
      start > timestamp - sizeMs && start >= 0;
      start -= advanceMs
    ) {
      const name = `${key}/${start}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

test.each(Array.from({ length: runs }, (_, run) => run))(
  'kill -9 of one of two nodes loses nothing and counts nothing twice (run %i)',
  async (run) => {
    const seed = run + 1;
    const random = randomNumbers(seed);
    const stamp = `${Date.now()}${run}`;
    const service = `kill${stamp}_`;
    const topic = `kill_${stamp}`;
    await createTopic(topic, partitions);
    const list = Array.from({ length: events }, (_, i) => {
      const key = `u${Math.floor(500 * random())}`;
      return {
        key,
        partition: partitionOf(Buffer.from(key), partitions),
        value: `{"id":${i}}`,
        timestamp: 1_700_000_000_000 + i * 20,
      };
    });
    const settings = {
      'processing.guarantee': 'exactly_once_v2',
      'commit.interval.ms': '100',
      'ksql.streams.num.stream.threads': '1',
    };
    const first = await startMillrace(service, settings);
    const second = await startMillrace(service, settings);
    await first.sql(`CREATE STREAM events (k STRING KEY, id BIGINT) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
    CREATE STREAM copies WITH (KAFKA_TOPIC='copies_${stamp}', RETENTION_MS=-1) AS SELECT k, id FROM events EMIT CHANGES;
    CREATE TABLE counts WITH (KAFKA_TOPIC='counts_${stamp}', RETENTION_MS=-1) AS SELECT k, COUNT(*) AS n FROM events WINDOW HOPPING (SIZE 60 SECONDS, ADVANCE BY 20 SECONDS) GROUP BY k EMIT CHANGES;`);
    // The second node learns of the queries from the command topic.
    await second.sql('SHOW QUERIES;');
    const groups = ['CSAS_COPIES_0', 'CTAS_COUNTS_1'].map((id) => `_millrace-${service}query_${id}`);
    const killAt = Math.floor(events * (0.2 + 0.6 * random()));
    const producing = (async () => {
      for (let i = 0; i < events; i += 10_000) {
        await produceAll(topic, list.slice(i, i + 10_000));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    let at = 0;
    while ((at = await groupOffset(groups[1]!, topic)) < killAt)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const tasks = await first.metric('millrace_tasks');
    await second.kill('SIGKILL');
    await producing;
    for (const group of groups) {
      const end = Date.now() + 120_000;
      while ((await groupOffset(group, topic)) < events && Date.now() < end)
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const copies = (await readAll(`copies_${stamp}`)).map(
      ({ value }) => (JSON.parse(value!.toString()) as { ID: number }).ID,
    );
    const finals = new Map<string, number>();
    for (const { key, value } of await readAll(`counts_${stamp}`)) {
      finals.set(
        `${key!.subarray(0, -8).toString()}/${key!.readBigInt64BE(key!.length - 8)}`,
        (JSON.parse(value!.toString()) as { N: number }).N,
      );
    }
    const moved = (await first.metric('millrace_tasks')) - tasks;
    const restored = await first.metric('millrace_restored_records');
    console.log(
      `run ${run}: killed at ${at} of ${events}, ${moved} tasks moved, ${restored} records restored; ${copies.length} copies, ${finals.size} windows`,
    );
    expect(moved).toBeGreaterThan(0);
    expect(restored).toBeGreaterThan(0);
    expect(copies.length).toBe(events);
    expect(new Set(copies).size).toBe(events);
    const expected = expectedCounts(list);
    const wrong = [...expected].filter(([name, count]) => finals.get(name) !== count);
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(finals.size).toBe(expected.size);
    await first.kill('SIGTERM');
  },
);
