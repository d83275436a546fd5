import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { MemoryLog } from '../../../src/adapters/memory/memory-log.ts';
import type { StateBackend } from '../../../src/runtime/ports/state-backend.ts';
import type { Task } from '../../../src/runtime/task/task.ts';
import { batchesOf } from '../../../src/runtime/topic-records.ts';
import { planOf } from '../../contract/plan-of.ts';
import { memoryTask } from '../../support/memory-task.ts';

const sources = `
  CREATE STREAM s (k STRING KEY, v STRING, n INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM r (k STRING KEY, v STRING, n INT) WITH (KAFKA_TOPIC='r', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE TABLE t (id STRING PRIMARY KEY, v STRING, k STRING) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE TABLE u (k STRING PRIMARY KEY, v STRING) WITH (KAFKA_TOPIC='r', VALUE_FORMAT='JSON', PARTITIONS=1);`;
const windows = {
  'no window': '',
  tumbling: 'WINDOW TUMBLING (SIZE 1 DAY)',
  hopping: 'WINDOW HOPPING (SIZE 2 DAYS, ADVANCE BY 1 DAY)',
  session: 'WINDOW SESSION (1 HOUR)',
  'tumbling, final': 'WINDOW TUMBLING (SIZE 1 DAY)',
  'session, final': 'WINDOW SESSION (1 HOUR)',
};
const lists = {
  COLLECT_LIST: 'ARRAY_LENGTH(COLLECT_LIST(v))',
  COLLECT_SET: 'ARRAY_LENGTH(COLLECT_SET(n))',
  COUNT_DISTINCT: 'COUNT_DISTINCT(v)',
  HISTOGRAM: 'ARRAY_LENGTH(MAP_KEYS(HISTOGRAM(v)))',
  'TOPK and ATTR': 'TOPK(v, 3), LATEST_BY_OFFSET(v, 1000)',
  'several at once': 'ARRAY_LENGTH(COLLECT_LIST(v)), COUNT_DISTINCT(n), ARRAY_LENGTH(COLLECT_LIST(n)), COUNT(*)',
};
const queries = Object.fromEntries([
  ...Object.entries(windows).flatMap(([window, spec]) =>
    Object.entries(lists).map(([name, call]): [string, string] => [
      `${name}, ${window}`,
      `CREATE TABLE o WITH (KAFKA_TOPIC='out', PARTITIONS=1) AS SELECT k, ${call
        .split(/, (?=[A-Z])/)
        .map((each, i) => `${each} AS c${i}`)
        .join(', ')} FROM s ${spec} GROUP BY k EMIT ${window.endsWith('final') ? 'FINAL' : 'CHANGES'};`,
    ]),
  ),
  [
    'buffers of a join',
    `CREATE STREAM o WITH (KAFKA_TOPIC='out', PARTITIONS=1) AS SELECT s.k AS k, s.v AS a, r.v AS b
      FROM s LEFT JOIN r WITHIN 1 HOUR GRACE PERIOD 1 HOUR ON s.k = r.k;`,
  ],
  [
    'subscriptions of a foreign key',
    `CREATE TABLE o WITH (KAFKA_TOPIC='out', PARTITIONS=1) AS SELECT t.id AS id, t.v AS a, u.v AS b
      FROM t JOIN u ON t.k = u.k;`,
  ],
]) as Record<string, string>;

/** A value of 40 bytes, different for each number. */
const valueOf = (n: number): string => `${n}`.padStart(8, '0').repeat(5);

interface Run {
  readonly out: readonly string[];
  readonly state: readonly string[];
  /** The longest value that was written into the state. */
  readonly longest: number;
}

/** Runs a query over events of one key, with restarts in between. */
async function run(sql: string, events: number, batch: number, restarts: number, pieceBytes?: number): Promise<Run> {
  const plan = await planOf(sources + sql);
  const log = new MemoryLog();
  for (const topic of ['s', 'r', 'out', 'errors']) log.create(topic, 1);
  const inner = new MemoryBackend();
  let longest = 0;
  const backend: StateBackend = {
    getMany: (keys) => inner.getMany(keys),
    range: (from, to) => inner.range(from, to),
    last: (from, to) => inner.last(from, to),
    deleteRange: (from, to) => inner.deleteRange(from, to),
    close: () => inner.close(),
    batch: () => {
      const into = inner.batch();
      return {
        get length() {
          return into.length;
        },
        put: (key, value) => {
          longest = Math.max(longest, value.length);
          into.put(key, value);
        },
        delete: (key) => into.delete(key),
        write: (sync) => into.write(sync),
      };
    },
  };
  const start = async (): Promise<Task> => {
    const output = log.open('q');
    const task = memoryTask(plan, output, {}, { backend, ...(pieceBytes === undefined ? {} : { pieceBytes }) });
    await task.start();
    return task;
  };
  // Each row of the right side meets all of the left: few are enough.
  const rightEvery = events / 5;
  const isForeign = sql.includes('FROM t');
  let task = await start();
  const perStart = Math.ceil(events / (restarts + 1));
  for (let from = 0; from < events; from += batch) {
    const numbers = Array.from({ length: Math.min(batch, events - from) }, (_, i) => from + i);
    const records = numbers.map((n) => ({
      key: isForeign ? `id${n}` : 'k',
      value: JSON.stringify({ V: valueOf(n), N: n, K: 'k' }),
      timestamp: 1_000_000 + n,
      partition: 0,
    }));
    for (const each of batchesOf(records, 1)) log.partitions('s')[0]!.append(each.batch);
    const few = records.filter((_, i) => (from + i) % rightEvery === 0).map((record) => ({ ...record, key: 'k' }));
    for (const each of batchesOf(few, 1)) log.partitions('r')[0]!.append(each.batch);
    while (await task.step());
    await task.commit();
    if (Math.floor((from + batch) / perStart) > Math.floor(from / perStart)) task = await start();
  }
  // What a day later closes.
  const late = [{ key: isForeign ? 'last' : 'k', value: '{"V":"last","N":0,"K":"k"}', timestamp: 9e8, partition: 0 }];
  for (const each of batchesOf(late, 1)) log.partitions('s')[0]!.append(each.batch);
  while (await task.step());
  await task.commit();
  task = await start();
  expect(log.records('errors')).toEqual([]);
  return {
    out: log.records('out').map(({ key, value }) => `${key?.toString('latin1')} ${value?.toString()}`),
    state: [...(task.current(undefined) ?? [])].map(({ key, after, window }) => JSON.stringify([key, after, window])),
    longest,
  };
}

test.each(Object.keys(queries))('entries of %s are bounded, and give what whole ones do', async (name) => {
  const sql = queries[name]!;
  const whole = await run(sql, 400, 40, 3, Infinity);
  const pieces = await run(sql, 400, 40, 3, 64);
  expect(pieces.out).toEqual(whole.out);
  expect(pieces.state).toEqual(whole.state);
  expect(pieces.out.length).toBeGreaterThan(0);
  if (whole.longest > 10_000) expect(pieces.longest).toBeLessThan(whole.longest / 2);
});

/** Other windows keep entries as these do; a session that is sent as it grows sends the whole list with each row. */
const isLarge = (name: string): boolean =>
  /no window|session, final|join|foreign/.test(name) && name !== 'TOPK and ATTR, session, final';

test.each(Object.keys(queries).filter(isLarge))(
  '50,000 events of one key: no entry of %s is larger than 256 kB',
  async (name) => {
    const { longest, out } = await run(queries[name]!, name.startsWith('subscriptions') ? 5000 : 50_000, 5000, 1);
    expect(out.length).toBeGreaterThan(0);
    expect(longest).toBeLessThanOrEqual(256_000);
  },
);
