import type { QueryObject } from '../../src/catalog/catalog.ts';
import { allSteps, type Step } from '../../src/plan/physical/step.ts';
import { openEngine } from './memory-node.ts';

/** Sources and queries whose plans hold every kind of step at least once. */
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
CREATE TABLE regrouped AS SELECT total, COUNT(*) AS c FROM counted GROUP BY total;
CREATE TABLE tumbled AS SELECT id, COUNT(*) AS c FROM s WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY id;
CREATE TABLE hopped AS SELECT id, MAX(n) AS c FROM s WINDOW HOPPING (SIZE 10 SECONDS, ADVANCE BY 1 SECOND) GROUP BY id;
CREATE TABLE closed AS SELECT id, COUNT(*) AS c FROM s WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY id EMIT FINAL;
CREATE TABLE sessions AS SELECT id, COUNT(*) AS c FROM s WINDOW SESSION (5 SECONDS) GROUP BY id;
CREATE STREAM met AS SELECT s.id AS id, n, o FROM s JOIN r WITHIN 1 HOUR GRACE PERIOD 1 HOUR ON s.id = r.id WHERE ABS(n) > 1;
CREATE STREAM enriched AS SELECT s.id AS id, n, m FROM s LEFT JOIN t ON s.id = t.id WHERE m > 1;
CREATE TABLE paired AS SELECT t.id AS id, m, p FROM t JOIN u ON t.id = u.id;
CREATE TABLE bossed AS SELECT u.id AS id, p, m FROM u LEFT JOIN t ON u.boss = t.id;
CREATE TABLE positive AS SELECT id, UCASE(id) AS big, m FROM t WHERE m > 0;
CREATE STREAM running AS SELECT id, SUM(n) OVER (PARTITION BY id ORDER BY ROWTIME ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS s3,
  LAG(n) OVER (PARTITION BY n ORDER BY ROWTIME) AS before FROM s;
CREATE STREAM scored AS SELECT s.id AS id, f.y AS y FROM s INVOKE MODEL fraud USING (s.n) AS f;
CREATE FEATURE VIEW served ENTITY KEY (id) AS SELECT id, COUNT(*) AS c FROM s GROUP BY id;
`;

/** The queries of `everyStepSql`, as they are stored. */
export async function everyStepQueries(): Promise<readonly QueryObject[]> {
  const engine = await openEngine();
  await engine.run(everyStepSql);
  const queries = [...engine.engine.catalog.queries.values()];
  await engine.close();
  return queries;
}

/** Every step of some queries. */
export const stepsIn = (queries: readonly QueryObject[]): Step[] => queries.flatMap(({ plan }) => allSteps(plan.root));
