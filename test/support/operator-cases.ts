/** A record: topic, key, value, time. The header of the n-th (from 1) is its number; a record marked `bare` has none. */
export type Input = readonly [topic: string, key: string | null, value: unknown, time: number, bare?: 'bare'];
/** Statements that write to `O`, of which every operator is part in some. */
export interface Case {
  readonly statements: string;
  readonly input: readonly Input[];
  /** The number of the record that each row of the output has its header from; 0 for none. */
  readonly from: readonly number[];
  /** The same where equal keys of what is sent at once leave once. */
  readonly atOnce?: readonly number[];
}

const s = `CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);`;
const r = `CREATE STREAM r (k STRING KEY, m INT) WITH (kafka_topic='r', value_format='JSON', partitions=1);`;
const t = `CREATE TABLE t (k STRING PRIMARY KEY, n INT) WITH (kafka_topic='t', value_format='JSON', partitions=1);`;
const u = `CREATE TABLE u (k STRING PRIMARY KEY, m STRING) WITH (kafka_topic='u', value_format='JSON', partitions=1);`;
const three: readonly Input[] = [
  ['s', 'a', { n: 1 }, 1000],
  ['s', 'a', { n: 2 }, 2000, 'bare'],
  ['s', 'b', { n: 3 }, 3000],
];
const inWindows: readonly Input[] = [
  ['s', 'a', { n: 1 }, 1000],
  ['s', 'b', { n: 1 }, 1500],
  ['s', 'a', { n: 2 }, 2000],
  ['s', 'b', { n: 2 }, 2500, 'bare'],
  ['s', 'c', { n: 3 }, 100_000],
];
const grouped = (window: string, emit: string): string =>
  `${s} CREATE TABLE o AS SELECT k, COUNT(*) AS c FROM s WINDOW ${window} GROUP BY k EMIT ${emit};`;

export const operatorCases: Readonly<Record<string, Case>> = {
  'a filter and a projection': {
    statements: `${s} CREATE STREAM o AS SELECT k, n + 1 AS m FROM s WHERE n > 0;`,
    input: three,
    from: [1, 0, 3],
  },
  'PARTITION BY': {
    statements: `${s} CREATE STREAM o AS SELECT * FROM s PARTITION BY n;`,
    input: three,
    from: [1, 0, 3],
  },
  'a table function': {
    statements: `${s} CREATE STREAM o AS SELECT k, EXPLODE(ARRAY[n, n + 1]) AS m FROM s;`,
    input: three,
    from: [1, 1, 0, 0, 3, 3],
  },
  UNION: {
    statements: `${s} ${r} CREATE STREAM o AS SELECT k, n FROM s UNION ALL SELECT k, m AS n FROM r;`,
    input: [...three, ['r', 'a', { m: 5 }, 4000]],
    from: [1, 0, 3, 4],
  },
  'INSERT INTO': {
    statements: `${s} CREATE STREAM o (k STRING KEY, n INT) WITH (kafka_topic='O', value_format='JSON', partitions=1);
      INSERT INTO o SELECT * FROM s;`,
    input: three,
    from: [1, 0, 3],
  },
  'GROUP BY': {
    statements: `${s} CREATE TABLE o AS SELECT k, SUM(n) AS m FROM s GROUP BY k;`,
    input: [...three, ['s', 'a', { n: 4 }, 500]],
    from: [1, 0, 3, 4],
    atOnce: [3, 4],
  },
  'GROUP BY of another column, and HAVING': {
    statements: `${s} CREATE TABLE o AS SELECT n % 2 AS odd, COUNT(*) AS m FROM s GROUP BY n % 2 HAVING COUNT(*) > 0;`,
    input: three,
    from: [1, 0, 3],
    atOnce: [0, 3],
  },
  'a table': {
    statements: `${t} CREATE TABLE o AS SELECT k, n FROM t WHERE n > 0;`,
    input: [
      ['t', 'a', { n: 1 }, 1],
      ['t', 'a', { n: 2 }, 2],
      ['t', 'a', null, 3],
    ],
    from: [1, 2, 3],
    atOnce: [3],
  },
  'GROUP BY over a table': {
    statements: `${t} CREATE TABLE o AS SELECT n, COUNT(*) AS c FROM t GROUP BY n;`,
    input: [
      ['t', 'a', { n: 1 }, 1],
      ['t', 'b', { n: 2 }, 2, 'bare'],
      ['t', 'a', { n: 2 }, 3],
    ],
    from: [1, 0, 3, 3],
    atOnce: [3, 3],
  },
  'GROUP BY over a table that has been grouped': {
    statements: `${s} CREATE TABLE g AS SELECT k, COUNT(*) AS c FROM s GROUP BY k;
      CREATE TABLE o AS SELECT c, COUNT(*) AS cc FROM g GROUP BY c;`,
    input: [
      ['s', 'a', { n: 1 }, 1],
      ['s', 'b', { n: 1 }, 2],
      ['s', 'a', { n: 1 }, 3],
    ],
    from: [1, 2, 3, 3],
    atOnce: [2, 3],
  },
  'tumbling windows': { statements: grouped('TUMBLING (SIZE 1 SECOND)', 'CHANGES'), input: three, from: [1, 0, 3] },
  'hopping windows': {
    statements: grouped('HOPPING (SIZE 2 SECONDS, ADVANCE BY 1 SECOND)', 'CHANGES'),
    input: three,
    from: [1, 1, 0, 0, 3, 3],
    atOnce: [0, 0, 0, 3, 3],
  },
  'session windows': {
    statements: grouped('SESSION (5 SECONDS)', 'CHANGES'),
    input: three,
    from: [1, 0, 0, 3],
    atOnce: [0, 3],
  },
  'tumbling windows, FINAL': {
    statements: grouped('TUMBLING (SIZE 1 SECOND, GRACE PERIOD 0 SECONDS)', 'FINAL'),
    input: [
      ['s', 'a', { n: 1 }, 1000],
      ['s', 'b', { n: 1 }, 1100],
      ['s', 'a', { n: 1 }, 1200],
      ['s', 'b', { n: 1 }, 1300, 'bare'],
      ['s', 'c', { n: 1 }, 100_000],
    ],
    from: [3, 0],
  },
  'hopping windows, FINAL': {
    statements: grouped('HOPPING (SIZE 4 SECONDS, ADVANCE BY 2 SECONDS, GRACE PERIOD 0 SECONDS)', 'FINAL'),
    input: inWindows,
    from: [3, 0, 3, 0],
  },
  'session windows, FINAL': {
    statements: grouped('SESSION (1500 MILLISECONDS, GRACE PERIOD 0 SECONDS)', 'FINAL'),
    input: inWindows,
    from: [3, 0],
  },
  'cumulating windows, FINAL': {
    statements: grouped('CUMULATE (SIZE 4 SECONDS, STEP 1 SECOND, GRACE PERIOD 0 SECONDS)', 'FINAL'),
    input: inWindows,
    from: [1, 2, 3, 0, 3, 0],
  },
  'sliding windows, FINAL': {
    statements: grouped('SLIDING (SIZE 1 SECOND, GRACE PERIOD 0 SECONDS)', 'FINAL'),
    input: inWindows,
    from: [1, 2, 3, 3, 0, 0],
  },
  'a stream and a table': {
    statements: `${s} ${u} CREATE STREAM o AS SELECT s.k, n, m FROM s LEFT JOIN u ON s.k = u.k;`,
    input: [['u', 'a', { m: 'x' }, 1], ...three],
    from: [2, 0, 4],
  },
  'two streams': {
    statements: `${s} ${r} CREATE STREAM o AS SELECT s.k, n, m FROM s JOIN r WITHIN 5 SECONDS ON s.k = r.k;`,
    input: [...three, ['r', 'a', { m: 5 }, 4000], ['s', 'a', { n: 4 }, 4001, 'bare']],
    from: [4, 4, 0],
  },
  'MATCH_RECOGNIZE in order of time': {
    statements: `${s} CREATE STREAM o AS SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ROWTIME, n
      MEASURES COUNT(*) AS c PATTERN (x y) GRACE PERIOD 1 SECOND) EMIT FINAL;`,
    input: inWindows,
    from: [3, 0],
  },
  'two streams, a row without a match': {
    statements: `${s} ${r} CREATE STREAM o AS
      SELECT s.k, n, m FROM s LEFT JOIN r WITHIN 1 SECOND GRACE PERIOD 0 SECONDS ON s.k = r.k;`,
    input: [...three, ['s', 'z', { n: 4 }, 100_000]],
    from: [1, 0, 3],
  },
  'two tables': {
    statements: `${t} ${u} CREATE TABLE o AS SELECT t.k, n, m FROM t LEFT JOIN u ON t.k = u.k;`,
    input: [
      ['t', 'a', { n: 1 }, 1],
      ['u', 'a', { m: 'x' }, 2],
      ['t', 'a', { n: 2 }, 3, 'bare'],
    ],
    from: [1, 2, 0],
    atOnce: [0],
  },
  'a foreign key': {
    statements: `CREATE TABLE l (id STRING PRIMARY KEY, f STRING) WITH (kafka_topic='l', value_format='JSON', partitions=1); ${u}
      CREATE TABLE o AS SELECT l.id, f, m FROM l JOIN u ON l.f = u.k;`,
    input: [
      ['u', 'a', { m: 'x' }, 1],
      ['l', '1', { f: 'a' }, 2],
      ['l', '2', { f: 'a' }, 3],
      ['u', 'a', { m: 'y' }, 4],
    ],
    from: [2, 3, 4, 4],
    atOnce: [4, 4],
  },
  OVER: {
    statements: `${s} CREATE STREAM o AS SELECT k, SUM(n) OVER (PARTITION BY k ORDER BY ROWTIME ROWS 2 PRECEDING) AS m FROM s;`,
    input: three,
    from: [1, 0, 3],
  },
  'OVER, FINAL': {
    statements: `${s} CREATE STREAM o AS SELECT k, SUM(n) OVER (PARTITION BY k ORDER BY ROWTIME ROWS 2 PRECEDING) AS m FROM s
      EMIT FINAL;`,
    input: [...three, ['s', 'z', { n: 4 }, 1_000_000_000]],
    from: [1, 0, 3],
  },
};
