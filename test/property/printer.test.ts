import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseScript } from '../../src/syntax/parse.ts';
import { printStatement, type Statement } from '../../src/syntax/statements/index.ts';

const examples = join(import.meta.dirname, '../../examples');
const scripts = readdirSync(examples).map((name) =>
  readFileSync(join(examples, name, 'query.sql'), 'utf8').replaceAll('${model_path}', 'm.onnx'),
);
const more = `
SELECT a + b * -c || d, CASE WHEN x > 1 AND NOT y IS NULL OR z THEN 'it''s' ELSE NULL END AS q, ARRAY[1, 2][1], MAP('k' := 1)['k'], STRUCT(f := 1)->f FROM s t WHERE a BETWEEN 1 AND 2 AND b NOT IN (1, 2) AND c LIKE 'x%' ESCAPE '!' EMIT CHANGES LIMIT 5;
SELECT TRANSFORM(m, (k, v) => k, (k, v) => v + 1), REDUCE(a, 0, (s, x) => s + x), DATEADD(DAYS, 1, d) FROM s;
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
SELECT INVOKE MODEL m VERSION 2 (a, b AS x)->score FROM s INVOKE MODEL n USING (*) WITH (ON_ERROR='NULL') AS p;`;

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
