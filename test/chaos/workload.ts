import { join } from 'node:path';

/** A record of a source, as it is in the topic at the end: `at` is its time, `n` its number. */
export interface Event {
  readonly k: string;
  readonly n: number;
  readonly at: number;
  readonly text: string;
}

const sumModel = join(import.meta.dirname, '../../../test/golden/models/sum.onnx');
const grace = 'GRACE PERIOD 1000 DAYS';
/** `m` is read by a query without state only: its topic may get more partitions. */
export const sources = ['s', 'r', 'o', 'u', 'm'] as const;
export type Source = (typeof sources)[number];

export const isTable = (source: Source): boolean => source === 'o' || source === 'u';

/** The sources, and a stream over each topic, which is read at the end. Tables are filled by key. */
export const schema = sources
  .map((name) => {
    const columns = `n INT, text STRING) WITH (kafka_topic='${name}', value_format='JSON', partitions=3)`;
    const key = isTable(name) ? 'k STRING PRIMARY KEY' : 'k STRING KEY';
    const log = isTable(name)
      ? `CREATE STREAM ${name}_log (k STRING KEY, n INT, text STRING) WITH (kafka_topic='${name}', value_format='JSON');`
      : '';
    return `CREATE ${isTable(name) ? 'TABLE' : 'STREAM'} ${name} (${key}, ${columns};${log}`;
  })
  .join('\n');

type Rows = readonly (readonly unknown[])[];
interface Output {
  readonly create: string;
  /** Gives the columns that `expected` computes. */
  readonly read: string;
  readonly expected: (events: Readonly<Record<Source, readonly Event[]>>) => Rows;
}

const byKey = (events: readonly Event[]): Map<string, Event[]> => {
  const groups = new Map<string, Event[]>();
  for (const event of events) groups.set(event.k, [...(groups.get(event.k) ?? []), event]);
  for (const group of groups.values()) group.sort((a, b) => a.at - b.at);
  return groups;
};
const sum = (events: readonly Event[]): number => events.reduce((total, { n }) => total + n, 0);
/** The rows of five seconds up to a row; of its own time those that came before it. */
const seenBy = (events: readonly Event[], n: number, at: number): Event[] =>
  events.filter((other) => (other.at < at || (other.at === at && other.n <= n)) && other.at >= at - 5000);
/** The last record of each key, by its number: records of a key are written in that order. */
const last = (events: readonly Event[]): Map<string, Event> =>
  new Map([...events].sort((a, b) => a.n - b.n).map((event) => [event.k, event]));
const windows = (events: readonly Event[], size: number, advance: number): Rows => {
  const counts = new Map<string, number>();
  for (const { k, at } of events)
    for (let start = Math.floor(at / advance) * advance; start > at - size && start >= 0; start -= advance)
      counts.set(`${k} ${start}`, (counts.get(`${k} ${start}`) ?? 0) + 1);
  return [...counts].map(([key, count]) => [key.split(' ')[0]!, Number(key.split(' ')[1]), count]);
};

/** Each output as a query, and as a batch computation over what the topics hold. */
export const outputs: Readonly<Record<string, Output>> = {
  copied: {
    create: 'CREATE STREAM copied WITH (partitions=2) AS SELECT k, n FROM s;',
    read: 'SELECT k, n FROM copied;',
    expected: ({ s }) => s.map(({ k, n }) => [k, n]),
  },
  widened: {
    create: 'CREATE STREAM widened AS SELECT k, n FROM m;',
    read: 'SELECT k, n FROM widened;',
    expected: ({ m }) => m.map(({ k, n }) => [k, n]),
  },
  scored: {
    create: `CREATE MODEL adds INPUT (a DOUBLE, b DOUBLE) OUTPUT (total DOUBLE, product DOUBLE) WITH (PROVIDER='onnx', PATH='${sumModel}');
      CREATE STREAM scored AS SELECT s.k AS k, s.n AS n, a.total AS total FROM s INVOKE MODEL adds (s.n, 0.5) AS a;`,
    read: 'SELECT k, n, total FROM scored;',
    expected: ({ s }) => s.map(({ k, n }) => [k, n, n + 0.5]),
  },
  counted: {
    create: 'CREATE TABLE counted AS SELECT k, COUNT(*) AS c, SUM(n) AS total FROM s GROUP BY k;',
    read: 'SELECT k, c, total FROM counted;',
    expected: ({ s }) => [...byKey(s)].map(([k, events]) => [k, events.length, sum(events)]),
  },
  regrouped: {
    create: 'CREATE TABLE regrouped AS SELECT text, COUNT(*) AS c FROM s GROUP BY text;',
    read: 'SELECT text, c FROM regrouped;',
    expected: ({ s }) =>
      [...byKey(s.map((event) => ({ ...event, k: event.text })))].map(([k, events]) => [k, events.length]),
  },
  hopped: {
    create: `CREATE TABLE hopped AS SELECT k, COUNT(*) AS c FROM s WINDOW HOPPING (SIZE 10 SECONDS, ADVANCE BY 5 SECONDS, ${grace}) GROUP BY k;`,
    read: 'SELECT k, WINDOWSTART, c FROM hopped;',
    expected: ({ s }) => windows(s, 10_000, 5000),
  },
  met: {
    create: `CREATE TABLE met AS SELECT k, COUNT(*) AS c FROM s WINDOW SESSION (600 MILLISECONDS, ${grace}) GROUP BY k;`,
    read: 'SELECT k, WINDOWSTART, c FROM met;',
    expected: ({ s }) =>
      [...byKey(s)].flatMap(([k, events]) => {
        const sessions: [string, number, number][] = [];
        let before = -Infinity;
        for (const { at } of events) {
          if (at - before > 600) sessions.push([k, at, 0]);
          sessions.at(-1)![2]++;
          before = at;
        }
        return sessions;
      }),
  },
  running: {
    create: `CREATE STREAM running AS SELECT k, n, SUM(n) OVER (PARTITION BY k ORDER BY ROWTIME RANGE 5 SECONDS PRECEDING ${grace}) AS total FROM s;`,
    read: 'SELECT k, n, total FROM running;',
    expected: ({ s }) =>
      [...byKey(s)].flatMap(([k, events]) => events.map(({ n, at }) => [k, n, sum(seenBy(events, n, at))])),
  },
  paired: {
    create: `CREATE STREAM paired AS SELECT s.k AS k, s.n AS n, r.n AS m FROM s JOIN r WITHIN 1 SECOND ${grace} ON s.k = r.k;`,
    read: 'SELECT k, n, m FROM paired;',
    expected: ({ s, r }) => {
      const others = byKey(r);
      return s.flatMap(({ k, n, at }) =>
        (others.get(k) ?? []).filter((other) => Math.abs(other.at - at) <= 1000).map((other) => [k, n, other.n]),
      );
    },
  },
  looked: {
    create: 'CREATE TABLE looked AS SELECT o.k AS k, o.n AS n, u.n AS m FROM o JOIN u ON o.text = u.k;',
    read: 'SELECT k, n, m FROM looked;',
    expected: ({ o, u }) => {
      const users = last(u);
      return [...last(o).values()].flatMap(({ k, n, text }) => {
        const user = users.get(text);
        return user === undefined ? [] : [[k, n, user.n]];
      });
    },
  },
};
