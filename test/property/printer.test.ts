import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseScript } from '../../src/syntax/parse.ts';
import { printStatement, type Statement } from '../../src/syntax/statements/index.ts';
import { Random } from '../fuzz/random.ts';

const examples = join(import.meta.dirname, '../../examples');
const scripts = readdirSync(examples).map((name) =>
  readFileSync(join(examples, name, 'query.sql'), 'utf8').replaceAll('${model_path}', 'm.onnx'),
);
const more = `
SELECT a + b * -c || d, CASE WHEN x > 1 AND NOT y IS NULL OR z THEN 'it''s' ELSE NULL END AS q, ARRAY[1, 2][1], MAP('k' := 1)['k'], STRUCT(f := 1)->f FROM s t WHERE a BETWEEN 1 AND 2 AND b NOT IN (1, 2) AND c LIKE 'x%' ESCAPE '!' EMIT CHANGES LIMIT 5;
SELECT TRANSFORM(m, (k, v) => k, (k, v) => v + 1), REDUCE(a, 0, (s, x) => s + x), DATEADD(DAYS, 1, d) FROM s;
SELECT sliding FROM s WINDOW SLIDING (SIZE 5 MINUTES, RETENTION 1 HOUR, GRACE PERIOD 30 SECONDS) GROUP BY sliding;
SELECT step, cumulate FROM s WINDOW CUMULATE (SIZE 1 DAY, STEP 1 HOUR, RETENTION 2 DAYS, GRACE PERIOD 1 SECOND) GROUP BY step, cumulate;
SELECT \`from\`, "b c", s.*, x->* FROM s WINDOW TUMBLING (SIZE 1 MINUTE, RETENTION 2 DAYS, GRACE PERIOD 1 SECOND) GROUP BY (a, b) HAVING COUNT(*) > 1 EMIT FINAL;
SELECT * FROM a LEFT JOIN b WITHIN (1 HOUR, 2 HOURS) GRACE PERIOD 5 MINUTES ON a.x = b.y INNER JOIN c ON a.x = c.z PARTITION BY a.k EMIT CHANGES;
INSERT INTO s (a, b) VALUES (1, CAST('2' AS DECIMAL(4, 2))); INSERT INTO s SELECT * FROM t; DROP STREAM IF EXISTS s DELETE TOPIC; TERMINATE ALL; PAUSE q1; EXPLAIN q1;
SHOW ALL TOPICS EXTENDED; DESCRIBE FUNCTION len; DESCRIBE s EXTENDED; PRINT 'x-y' FROM BEGINNING INTERVAL 2 LIMIT 3; SET 'a' = 'b'; UNSET 'a'; DEFINE x = 'y'; UNDEFINE x;
ALTER STREAM s ADD COLUMN a INT, ADD b ARRAY<STRING>, ADD COLUMN column DOUBLE; ALTER TABLE \`t\` ADD x DECIMAL(3, 1); ALTER SYSTEM 'a' = 'b';
ASSERT TOPIC 'x-y' WITH (PARTITIONS=2) TIMEOUT 3 SECONDS; ASSERT NOT EXISTS TOPIC t; ASSERT SCHEMA SUBJECT s ID 3 TIMEOUT 1 MINUTE; ASSERT NOT EXISTS SCHEMA ID 1;
ASSERT VALUES s (a, b) VALUES (1, 'x'); ASSERT NULL VALUES t KEY (2); ASSERT STREAM s (a INT KEY) WITH (KAFKA_TOPIC='t'); ASSERT TABLE t;
DELETE FROM t WHERE a = 1 AND b = 'x'; DROP TABLE t CASCADE; DROP STREAM IF EXISTS s DELETE TOPIC CASCADE;
CREATE SOURCE CONNECTOR IF NOT EXISTS c WITH ('connector.class'='x.Y', tasks=3); CREATE SINK CONNECTOR 'My C' WITH (a='b'); DROP CONNECTOR IF EXISTS c; DESCRIBE CONNECTOR c; SHOW CONNECTORS; SHOW SINK CONNECTORS; SHOW SOURCE CONNECTORS; SHOW CONNECTOR PLUGINS;
CREATE TYPE t AS STRUCT<a INT, b ARRAY<MAP<STRING, DECIMAL(3, 1)>>>; DROP TYPE IF EXISTS t; ALTER MODEL m ADD VERSION 3 WITH (PATH='p'); ALTER MODEL m SET DEFAULT VERSION 2; DROP MODEL m;
WITH a AS (SELECT * FROM s), b AS (SELECT x FROM a GROUP BY x) SELECT * FROM a JOIN (SELECT k FROM b WHERE k > 1) AS c ON a.x = c.k UNION ALL SELECT * FROM d EMIT CHANGES;
SELECT * FROM t ORDER BY a DESC NULLS LAST, b + 1 NULLS FIRST, 3 LIMIT 5;
INSERT INTO s WITH a AS (SELECT * FROM t) SELECT * FROM a;
SELECT COUNT(*) FILTER (WHERE a > 1) OVER (PARTITION BY a ORDER BY ts ROWS 5 PRECEDING EXCLUDE NO OTHERS GRACE 5 MINUTES MAXSIZE 3), COUNT(DISTINCT x) OVER w, LAST_VALUE(x) FILTER (WHERE y) IGNORE NULLS OVER w, LAG(x IGNORE NULLS) OVER w, LAG(x, 2, -1) RESPECT NULLS OVER w filter, f(x) ignore, f(x) respect, FILTER(a, x => x > 1) filter FROM s WINDOW w AS (PARTITION BY a, b ORDER BY ts ASC NULLS LAST, u NULLS FIRST RANGE BETWEEN INTERVAL '24' HOUR PRECEDING AND INTERVAL '1' HOUR PRECEDING TILE INTERVAL '5' MINUTE EXCLUDE CURRENT ROW), v AS (PARTITION BY tile, rows, range ORDER BY grace RANGE -1.5 HOURS FOLLOWING EXCLUDE GROUP GRACE PERIOD 1 DAY), u AS (ORDER BY exclude DESC ROWS UNBOUNDED PRECEDING EXCLUDE TIES TILE 5 MINUTES MAXSIZE 3), t AS (RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), r AS (RANGE CURRENT ROW), q AS () EMIT FINAL;
SELECT x::INT, -x::INT, xs::ARRAY<INT>=y, xs::INT array, x::NUMERIC(3, 1)::VARCHAR(4)[1]->f, TRY_CAST(x AS DECIMAL(4)), a ILIKE 'x' ESCAPE '!', NOT b NOT ILIKE c, EXTRACT(YEAR FROM ts), ts + INTERVAL '5 minutes', CURRENT_TIMESTAMP, COUNT(*) FILTER (WHERE a > 1), COUNT(DISTINCT b) FILTER (WHERE c) filter, try_cast, extract, ilike ilike FROM ilike ilike WHERE ilike ILIKE ilike;
SELECT window_start, COUNT(*) FROM TABLE(HOP(TABLE s, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '5 minutes')) AS x GROUP BY x.a, window_start; SELECT descriptor FROM (SELECT * FROM (SELECT a FROM s) JOIN (SELECT b FROM t) AS u ON a = b) GROUP BY TUMBLE(ts, INTERVAL 1 HOUR), a;
SELECT * FROM t OFFSET 3; SELECT * FROM offset offset ORDER BY offset LIMIT 5 OFFSET 3;
INSERT INTO s (a, b) VALUES (1, 2), (3, 4), (5, 6);
SELECT INVOKE MODEL m VERSION 2 (a, b AS x)->score FROM s INVOKE MODEL n USING (*) WITH (ON_ERROR='NULL') AS p;
SELECT ml_evaluate, e.result FROM ML_EVALUATE(INPUT => TABLE s, MODEL => MODEL m VERSION 2, LABEL => DESCRIPTOR(y), ARGS => DESCRIPTOR(a, \`b c\`), TASK => 'regression', CONFIG => MAP['score', 'p', 'max-retries', 2]) AS e; SELECT * FROM ML_EVALUATE(TABLE s, MODEL m VERSION 'a b', DESCRIPTOR(y), DESCRIPTOR(a)) AS e JOIN ml_evaluate AS x ON e.a = x.a EMIT CHANGES; SELECT id FROM ML_PREDICT(TABLE s, MODEL m, DESCRIPTOR(a, b), MAP['on_error', 'NULL']);`;

/** A tree without its positions. */
const shape = (statements: readonly Statement[]): unknown =>
  JSON.parse(
    JSON.stringify(statements, (name, value: unknown) =>
      name === 'span' || name === 'text' || name === 'statement' ? undefined : value,
    ),
  );

test.each([...scripts, more])('printing and parsing again gives the same tree', (text) => {
  const first = parseScript({ name: 'a', text });
  const printed = first.map(printStatement).join('\n');
  expect(shape(parseScript({ name: 'b', text: printed }))).toEqual(shape(first));
});

/** What may stand behind OVER, each part there or not, its options in any order. */
function randomOver(random: Random): string {
  const one = <T>(of: readonly T[]): T => of[random.below(of.length)]!;
  const maybe = (text: string): string[] => (random.below(2) === 0 ? [] : [text]);
  const duration = (): string => one(['5 MINUTES', '1 DAY', "INTERVAL '90' SECOND", 'INTERVAL 2 HOURS']);
  const bound = (): string =>
    one(['CURRENT ROW', `${one(['UNBOUNDED', '3', '-1.5', '0', duration()])} ${one(['PRECEDING', 'FOLLOWING'])}`]);
  const frame = `${one(['ROWS', 'RANGE'])} ${one([bound(), `BETWEEN ${bound()} AND ${bound()}`])}`;
  const options = [
    `EXCLUDE ${one(['CURRENT ROW', 'GROUP', 'TIES', 'NO OTHERS'])}`,
    'MAXSIZE 7',
    `TILE ${duration()}`,
    `GRACE ${one(['', 'PERIOD '])}${duration()}`,
  ].flatMap(maybe);
  for (let i = options.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [options[i], options[other]] = [options[other]!, options[i]!];
  }
  const order = `ORDER BY ${one(['ts', 'tile', 'a + 1'])}${one(['', ' ASC', ' DESC', ' NULLS LAST', ' DESC NULLS FIRST'])}`;
  const parts = [...maybe(`PARTITION BY ${one(['a', 'rows, grace', 'UCASE(b)'])}`), ...maybe(order), ...maybe(frame)];
  return `(${[...parts, ...options].join(' ')})`;
}

test('windows are printed as they were meant, their options in one order', () => {
  const random = new Random(14);
  const call = [
    'COUNT(*)',
    'COUNT(DISTINCT a)',
    'LAG(a, 2, -1 IGNORE NULLS)',
    'SUM(a) FILTER (WHERE b > 1)',
    'f(a) RESPECT NULLS',
  ];
  for (let i = 0; i < 500; i++) {
    const text = `SELECT ${call[i % call.length]!} OVER ${randomOver(random)} AS x, SUM(b) OVER w FROM s WINDOW w AS ${randomOver(random)} EMIT FINAL;`;
    const first = parseScript({ name: 'a', text });
    const printed = first.map(printStatement).join('\n');
    const again = parseScript({ name: 'b', text: printed });
    expect(shape(again), text).toEqual(shape(first));
    expect(again.map(printStatement).join('\n')).toBe(printed);
    expect(printed).not.toMatch(/(GRACE PERIOD|TILE|MAXSIZE) \d[^)]*EXCLUDE|GRACE PERIOD \d[^)]*(TILE|MAXSIZE) \d/);
  }
});
