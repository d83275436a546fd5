import type { QueryObject } from '../../src/catalog/catalog.ts';
import { allSteps, type Step } from '../../src/plan/physical/step.ts';
import { openEngine } from './memory-node.ts';

/** Sources and queries whose plans contain every kind of step. */
export const everyStepSql = `
CREATE STREAM s (id STRING KEY, n INT, tags ARRAY<STRING>) WITH (kafka_topic='s', value_format='JSON', partitions=1);
CREATE STREAM r (id STRING KEY, o INT) WITH (kafka_topic='r', value_format='JSON', partitions=1);
CREATE TABLE t (id STRING PRIMARY KEY, m INT) WITH (kafka_topic='t', value_format='JSON', partitions=1);
CREATE TABLE u (id STRING PRIMARY KEY, boss STRING, p INT) WITH (kafka_topic='u', value_format='JSON', partitions=1);
CREATE MODEL fraud INPUT (n INT) OUTPUT (y DOUBLE) WITH (PROVIDER='onnx', PATH='fraud.onnx', VALIDATE='OFF', ON_ERROR='NULL');
CREATE STREAM exploded AS SELECT id, EXPLODE(tags) AS tag FROM s;
CREATE STREAM moved AS SELECT n, id FROM s PARTITION BY n;
CREATE STREAM both AS SELECT id, n FROM s UNION ALL SELECT id, o FROM r;
CREATE TABLE counted AS SELECT id, SUM(n + 1) AS total FROM s GROUP BY id HAVING COUNT(*) > 1;
CREATE TABLE seen AS SELECT DISTINCT n FROM s;
CREATE TABLE boxes AS SELECT DISTINCT m FROM t;
CREATE TABLE regrouped AS SELECT total, COUNT(*) AS c FROM counted GROUP BY total;
CREATE TABLE tumbled AS SELECT id, COUNT(*) AS c FROM s WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY id;
CREATE TABLE hopped AS SELECT id, MAX(n) AS c FROM s WINDOW HOPPING (SIZE 10 SECONDS, ADVANCE BY 1 SECOND) GROUP BY id;
CREATE TABLE closed AS SELECT id, COUNT(*) AS c FROM s WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY id EMIT FINAL;
CREATE TABLE sessions AS SELECT id, COUNT(*) AS c FROM s WINDOW SESSION (5 SECONDS) GROUP BY id;
CREATE TABLE slid AS SELECT id, COUNT(*) AS c FROM s WINDOW SLIDING (SIZE 10 SECONDS) GROUP BY id;
CREATE TABLE cumulated AS SELECT id, COUNT(*) AS c FROM s WINDOW CUMULATE (SIZE 1 MINUTE, STEP 10 SECONDS) GROUP BY id;
CREATE STREAM met AS SELECT s.id AS id, n, o FROM s JOIN r WITHIN 1 HOUR GRACE PERIOD 1 HOUR ON s.id = r.id WHERE ABS(n) > 1;
CREATE STREAM enriched AS SELECT s.id AS id, n, m FROM s LEFT JOIN t ON s.id = t.id WHERE m > 1;
CREATE STREAM dated AS SELECT s.id AS id, n, m FROM s LEFT JOIN t FOR SYSTEM_TIME AS OF s.ROWTIME AS t ON s.id = t.id;
CREATE TABLE paired AS SELECT t.id AS id, m, p FROM t JOIN u ON t.id = u.id;
CREATE TABLE bossed AS SELECT u.id AS id, p, m FROM u LEFT JOIN t ON u.boss = t.id;
CREATE TABLE positive AS SELECT id, UCASE(id) AS big, m FROM t WHERE m > 0;
CREATE STREAM running AS SELECT id, SUM(n) OVER (PARTITION BY id ORDER BY ROWTIME ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS s3,
  LAG(n) OVER (PARTITION BY n ORDER BY ROWTIME) AS before FROM s;
CREATE TABLE best WITH (key_format='JSON') AS SELECT boss, ROW_NUMBER() OVER (PARTITION BY boss ORDER BY p DESC) AS rn, id, p FROM u QUALIFY rn <= 2;
CREATE STREAM found AS SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY id ORDER BY ROWTIME MEASURES COUNT(*) AS c, LAST(b.n) AS n PATTERN (a b+? c) WITHIN INTERVAL '1' HOUR DEFINE b AS b.n > LAST(a.n), c AS c.n < b.n);
CREATE STREAM found_late AS SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY id ORDER BY ROWTIME, n MEASURES COUNT(*) AS c PATTERN (a b) GRACE PERIOD 1 SECOND DEFINE b AS b.n > a.n) EMIT FINAL;
CREATE STREAM firsts AS SELECT id, n FROM s QUALIFY ROW_NUMBER() OVER (PARTITION BY n ORDER BY ROWTIME) = 1;
CREATE STREAM firsts_of_day WITH (STATE_TTL='1 DAY') AS SELECT id, n FROM s QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY ROWTIME) = 1;
CREATE TABLE counted_of_day WITH (STATE_TTL='1 DAY') AS SELECT id, COUNT(*) AS c FROM s GROUP BY id;
CREATE TABLE boxes_of_day WITH (STATE_TTL='1 DAY') AS SELECT m, COUNT(*) AS c FROM t GROUP BY m;
CREATE TABLE best_of_day WITH (key_format='JSON', STATE_TTL='1 DAY') AS SELECT id, ROW_NUMBER() OVER (PARTITION BY id ORDER BY n DESC) AS rn, n FROM s QUALIFY rn <= 2;
CREATE STREAM scored AS SELECT s.id AS id, f.y AS y FROM s INVOKE MODEL fraud USING (s.n) AS f;
CREATE STREAM scored_late AS SELECT s.id AS id, f.y AS y FROM s INVOKE MODEL fraud USING (s.n) WITH (OUTPUT_MODE='UNORDERED') AS f;
CREATE MONITOR watched ON STREAM s WINDOW TUMBLING (SIZE 10 SECONDS) SEGMENT BY id BASELINE PREVIOUS 2 WINDOWS WITH (MIN_ROWS=1, TICK='1 DAY') (CHECK (DRIFT(n, 'KS') <= 0.5) FOR 2 WINDOWS, CHECK (ROW_COUNT() > 1));
CREATE SOURCE STREAM made (id STRING KEY, n INT) WITH (CONNECTOR='datagen', ROWS_PER_SECOND=1, NUMBER_OF_ROWS=0, SEED=1, KAFKA_TOPIC='made', VALUE_FORMAT='JSON', PARTITIONS=1);
CREATE FEATURE VIEW served ENTITY KEY (id) AS SELECT id, COUNT(*) AS c FROM s GROUP BY id;
`;

/** The queries of `everyStepSql` as commands store them. */
export async function everyStepQueries(): Promise<readonly QueryObject[]> {
  const engine = await openEngine();
  await engine.run(everyStepSql);
  const queries = [...engine.engine.catalog.queries.values()];
  await engine.close();
  return queries;
}

/** All steps of the queries. */
export const stepsIn = (queries: readonly QueryObject[]): Step[] => queries.flatMap(({ plan }) => allSteps(plan.root));
