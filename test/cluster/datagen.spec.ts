import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readAll, startMillrace, until, withAdmin, type MillraceProcess } from './support.ts';

/** Streams of CONNECTOR='datagen' on a cluster: one owner makes the rows, and another node goes on when it dies. */

const nodes: MillraceProcess[] = [];
afterAll(() => {
  for (const { child } of nodes) child.kill('SIGKILL');
});
async function start(...args: Parameters<typeof startMillrace>): Promise<MillraceProcess> {
  const node = await startMillrace(...args);
  nodes.push(node);
  return node;
}

const rate = 200;
const queriesOf = async (node: MillraceProcess): Promise<{ id: string; sinks: string[] }[]> => {
  const [answer] = await node.sql('SHOW QUERIES;');
  return answer!['queries'] as { id: string; sinks: string[] }[];
};
const isAtWork = async (node: MillraceProcess): Promise<boolean> => (await node.metric('millrace_tasks')) > 0;

test.each([
  ['exactly_once_v2', 'STREAM', 'DROP STREAM made DELETE TOPIC;'],
  ['at_least_once', 'SOURCE STREAM', 'DROP STREAM made;'],
])(
  'one node makes the rows, at their rate; another goes on when it is killed, a restart goes on, and DROP leaves nothing: %s',
  async (guarantee, kind, drop) => {
    const stamp = `${Date.now()}`;
    const service = `made${stamp}_`;
    const topic = `rows_${stamp}`;
    const settings = { 'processing.guarantee': guarantee };
    const folders = ['a', 'b'].map((name) => mkdtempSync(join(tmpdir(), `millrace-made-${name}-`))) as [string, string];
    const pair = await Promise.all([start(service, settings, folders[0]), start(service, settings, folders[1])]);
    await pair[0].sql(
      `CREATE ${kind} made (n INT) WITH (CONNECTOR='datagen', ROWS_PER_SECOND=${rate}, KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON', 'fields.n.kind'='sequence', PARTITIONS=1);`,
    );
    const made = (): ReturnType<typeof readAll> => readAll(topic).catch(() => []);
    const numbers = async (): Promise<number[]> =>
      (await made()).map(({ value }) => (JSON.parse(value!.toString()) as { N: number }).N);
    /** Waits until there are so many rows more. */
    const more = async (count: number): Promise<void> => {
      const { length } = await made();
      const enough = await until(made, (rows) => rows.length >= length + count);
      expect(enough.length).toBeGreaterThanOrEqual(length + count);
    };
    await more(2 * rate);
    for (const node of pair) expect((await queriesOf(node)).map(({ sinks }) => sinks)).toEqual([['MADE']]);
    const [isFirst, isSecond] = await Promise.all(pair.map(isAtWork));
    expect([isFirst, isSecond].filter(Boolean)).toHaveLength(1);

    const [owner, other] = isFirst === true ? pair : [pair[1], pair[0]];
    await owner.kill('SIGKILL');
    const before = (await made()).length;
    await more(2 * rate);
    expect(await isAtWork(other)).toBe(true);

    await other.kill('SIGTERM');
    const again = await start(service, settings, isFirst === true ? folders[1] : folders[0]);
    await more(rate);

    // Each number is there, in order; one that was killed may have its last ones twice where that is allowed.
    const all = await numbers();
    const distinct = [...new Set(all)];
    expect(distinct).toEqual(distinct.map((_, i) => i));
    if (guarantee === 'exactly_once_v2') expect(all).toHaveLength(distinct.length);
    // By the times of the rows: never more than a second's rows are made up for, and a second is full where nothing died.
    const times = (await made()).slice(0, before).map(({ timestamp }) => timestamp);
    const seconds = (times.at(-1)! - times[0]!) / 1000;
    expect(times.length).toBeLessThanOrEqual(rate * (seconds + 1) + 1);
    const counts = new Map<number, number>();
    for (const time of times) counts.set(Math.floor(time / 1000), (counts.get(Math.floor(time / 1000)) ?? 0) + 1);
    expect(Math.max(...counts.values())).toBeGreaterThan(rate / 2);

    const [query] = await queriesOf(again);
    await again.sql(drop);
    expect(await queriesOf(again)).toEqual([]);
    const left = await until(
      () =>
        withAdmin(async (admin) => {
          const [topics, { groups }] = await Promise.all([admin.listTopics(), admin.listGroups()]);
          const names = [...topics, ...groups.map(({ groupId }) => groupId)];
          return names.filter(
            (name) => name.includes(`${service}query_${query!.id}`) || (name === topic && drop.includes('TOPIC')),
          );
        }),
      (names) => names.length === 0,
    );
    expect(left).toEqual([]);
    expect(await isAtWork(again)).toBe(false);
    await again.kill('SIGTERM');
  },
);
