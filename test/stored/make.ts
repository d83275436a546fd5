/**
 * Writes `test/stored/<number>`: the folder of an engine with a query for every kind of step, as this version stores it, with what it
 * must give after it was opened again and has read more. `node dist/test/stored/make.js <number>` after `npm run -s prepare-dist`.
 * An entry stays as it is once a version was released: `stored.test.ts` loads every one.
 */
import { cpSync, mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedNode } from '../../src/adapters/embedded/embedded-node.ts';
import { logDefaults } from '../../src/adapters/embedded/log-entries.ts';
import { everyStepSql } from '../support/every-step.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { answersOf, resultsOf, runEach, storedFolder } from './entries.ts';

/** Conflated windows are kept in another form than those of which every change is sent. */
const conflated = `SET 'cache.max.bytes.buffering' = '1000000';
CREATE TABLE panes AS SELECT id, SUM(n) AS total FROM s WINDOW HOPPING (SIZE 10 SECONDS, ADVANCE BY 1 SECOND) GROUP BY id;`;
/** Rows that wait in one window for the values of another. */
const waiting = `CREATE STREAM settled AS SELECT id, SUM(n) OVER (PARTITION BY id ORDER BY ROWTIME GRACE PERIOD 1 SECOND) AS s,
  COUNT(*) OVER (PARTITION BY n ORDER BY ROWTIME) AS c FROM s EMIT FINAL;`;
/** A folder that the entry names and never has: what is told of a training set whose rows are elsewhere. */
const elsewhere = join(tmpdir(), 'millrace-stored-set');
/** What has gone when the log of commands is compacted, and has left its mark on the ids of what follows. */
const superseded = [
  ...Array.from({ length: 80 }, () => `ALTER SYSTEM 'ksql.query.push.v2.enabled' = 'true';`),
  'CREATE STREAM gone AS SELECT id, n FROM s;',
  'DROP STREAM gone DELETE TOPIC;',
].join('\n');
/** What is stored beside queries: each kind of command, with what is there and what is gone. */
const others = `
CREATE TYPE place AS STRUCT<city STRING, zip INT>;
CREATE TYPE gone_type AS INT;
DROP TYPE gone_type;
CREATE STREAM placed (id STRING KEY, p place) WITH (KAFKA_TOPIC='placed', VALUE_FORMAT='JSON', PARTITIONS=1);
CREATE STREAM cities AS SELECT id, p->city AS city FROM placed WHERE p->zip > 1000;
CREATE VIEW heavy AS SELECT id, total * 2 AS twice FROM counted WHERE total > 9;
CREATE VIEW named AS SELECT s.id AS id, n, m FROM s LEFT JOIN t ON s.id = t.id;
CREATE STREAM of_view AS SELECT id, n + m AS both FROM named WHERE n > 3;
CREATE VIEW gone_view AS SELECT id FROM s;
DROP VIEW gone_view;
CREATE MODEL gone_model INPUT (n INT) OUTPUT (y DOUBLE) WITH (PROVIDER='onnx', PATH='gone.onnx', VALIDATE='OFF');
DROP MODEL gone_model;
CREATE FEATURE VIEW newest ENTITY KEY (id) TIMESTAMP made TTL 1 MINUTE WITH (START_TIME='earliest') AS
  SELECT id, n, ROWTIME + 1 AS made FROM s EMIT CHANGES;
CREATE FEATURE SERVICE payment REQUEST (amount DOUBLE) FEATURES (served.c, newest.n AS last_n, request.amount / served.c AS ratio);
CREATE FEATURE SERVICE gone_service FEATURES (served.c);
DROP FEATURE SERVICE gone_service;
CREATE FEATURE VIEW logic ENTITY KEY (id) AS SELECT id, COUNT(*) AS c FROM s GROUP BY id;
CREATE FEATURE SERVICE versions FEATURES (logic.c, logic@v1.c AS former);
CREATE OR REPLACE FEATURE VIEW logic ENTITY KEY (id) AS SELECT id, SUM(n) AS n, COUNT(*) * 10 AS c FROM s GROUP BY id;
CREATE TRAINING SET labelled WITH (PATH='${elsewhere}/1', MODE='OVERWRITE') AS
  SELECT r.o, v.n FROM r LEFT JOIN newest FOR SYSTEM_TIME AS OF r.ROWTIME AS v ON r.id = v.id;
CREATE TRAINING SET gone_set WITH (PATH='${elsewhere}/2', MODE='OVERWRITE') AS
  SELECT r.o, v.n FROM r LEFT JOIN newest FOR SYSTEM_TIME AS OF r.ROWTIME AS v ON r.id = v.id;
DROP TRAINING SET gone_set;
ALTER SYSTEM 'ksql.query.pull.limit.clause.enabled' = 'true';
CREATE STREAM gone AS SELECT id, n FROM s;
DROP STREAM gone DELETE TOPIC;
CREATE STREAM ended AS SELECT id, n FROM s;
CREATE STREAM filled (id STRING KEY, n INT) WITH (KAFKA_TOPIC='filled', VALUE_FORMAT='JSON', PARTITIONS=1);
INSERT INTO filled SELECT id, n FROM s WHERE n > 3;
CREATE STREAM halted AS SELECT id, n FROM s;
CREATE TABLE halves AS SELECT id, COLLECT_LIST(SUBSTRING('a😀', 2, 1)) AS items FROM s GROUP BY id;
CREATE STREAM halved AS SELECT id, EARLIEST_BY_OFFSET(SUBSTRING('a😀', 2, 1)) OVER (PARTITION BY id ORDER BY ROWTIME ROWS 3 PRECEDING) AS half FROM s;
CREATE STREAM raw (line STRING) WITH (KAFKA_TOPIC='lines', PARTITIONS=1, VALUE_FORMAT='DELIMITED', VALUE_DELIMITER='TAB');
CREATE STREAM numbers (n INT) WITH (KAFKA_TOPIC='lines', VALUE_FORMAT='JSON');
SET 'ksql.fail.on.deserialization.error' = 'true';
CREATE STREAM strict AS SELECT n FROM numbers;
INSERT INTO numbers (ROWTIME, n) VALUES (1, 1);
INSERT INTO raw (ROWTIME, line) VALUES (2, 'no JSON');
INSERT INTO numbers (ROWTIME, n) VALUES (3, 3);
`;
const before = [
  `INSERT INTO t (ROWTIME, id, m) VALUES (1000, 'a', 10);`,
  `INSERT INTO t (ROWTIME, id, m) VALUES (1001, 'b', 20);`,
  `INSERT INTO u (ROWTIME, id, boss, p) VALUES (1002, 'a', 'b', 1);`,
  `INSERT INTO s (ROWTIME, id, n, tags) VALUES (2000, 'a', 3, ARRAY['x', 'y']);`,
  `INSERT INTO s (ROWTIME, id, n, tags) VALUES (3000, 'a', 4, ARRAY['z']);`,
  `INSERT INTO r (ROWTIME, id, o) VALUES (2500, 'a', 7);`,
  `INSERT INTO s (ROWTIME, id, n, tags) VALUES (3100, 'b', 5, ARRAY['q']);`,
];
const after = [
  `INSERT INTO s (ROWTIME, id, n, tags) VALUES (4000, 'a', 5, ARRAY['w']);`,
  `INSERT INTO r (ROWTIME, id, o) VALUES (4500, 'a', 8);`,
  `INSERT INTO t (ROWTIME, id, m) VALUES (5000, 'b', 21);`,
  `INSERT INTO u (ROWTIME, id, boss, p) VALUES (5001, 'b', 'a', 2);`,
  `INSERT INTO s (ROWTIME, id, n, tags) VALUES (30000, 'b', 9, ARRAY['v']);`,
  `INSERT INTO placed (ROWTIME, id, p) VALUES (31000, 'c', STRUCT(city := 'Bern', zip := 3000));`,
  `INSERT INTO numbers (ROWTIME, n) VALUES (4, 4);`,
  `CREATE STREAM of_type (id STRING KEY, p place) WITH (KAFKA_TOPIC='placed', VALUE_FORMAT='JSON');`,
  `CREATE STREAM newer AS SELECT id, p->city AS city FROM of_type;`,
];
const questions = [
  'SELECT * FROM logic;',
  'SELECT * FROM logic@v1;',
  'FEATURES service/versions @32000 id=b',
  'SELECT * FROM heavy;',
  `SELECT id, m FROM positive WHERE id = 'a';`,
  'SELECT * FROM newest;',
  'FEATURES service/payment @32000 id=a AMOUNT=3',
  'FEATURES service/payment @95000 id=b AMOUNT=3',
  'FEATURES served:c,newest:n @32000 id=b',
  'TRAINING SELECT r.id, r.o, v.n, v.ROWTIME AS since, w.c FROM r LEFT JOIN newest FOR SYSTEM_TIME AS OF r.ROWTIME AS v ON r.id = v.id LEFT JOIN served FOR SYSTEM_TIME AS OF r.ROWTIME AS w ON r.id = w.id;',
];

/** Each commit makes a segment, and nothing is compacted before it is said. */
const compacting = { ...logDefaults, segmentBytes: 1, minRatio: 0, backoffMs: 1e9 };

async function begun(folder: string): Promise<TestEngine> {
  const engine = await openEngine(folder, {}, undefined, { settings: compacting });
  await engine.run(everyStepSql);
  await engine.run(conflated);
  await engine.run(waiting);
  await engine.run(superseded);
  if (!(await engine.engine.compaction.run())) throw new TypeError('the commands are not compacted');
  await engine.run(others);
  const idOf = (sink: string): string =>
    [...engine.engine.catalog.queries.values()].find((query) => query.sink === sink)!.id;
  await engine.run(`TERMINATE ${idOf('ENDED')}; PAUSE ${idOf('HALTED')};`);
  while (engine.engine.node.status(idOf('STRICT'))?.stoppedAt === undefined)
    await new Promise((resolve) => setTimeout(resolve, 10));
  await engine.run(`RESUME ${idOf('STRICT')} SKIP 1;`);
  await engine.settle();
  // A version that is not live, beside two that have been read.
  await engine.run(
    `CREATE OR REPLACE FEATURE VIEW logic ENTITY KEY (id) AS SELECT id, MAX(n) AS n, COUNT(*) * 7 AS c FROM s GROUP BY id;`,
  );
  await engine.run(`PAUSE ${idOf('LOGIC@V3')};`);
  await runEach(engine, before);
  await (engine.engine.node as EmbeddedNode).compact();
  return engine;
}

const [number] = process.argv.slice(2);
if (number === undefined || !/^\d+$/.test(number)) throw new TypeError('which number is the entry to have?');
const target = join(storedFolder, number);
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'millrace-stored-'));
// Messages name files by their whole paths: those of an entry are of no machine's checkout.
process.chdir('/');
// What is to come of it is told by an engine that is never closed.
const whole = await begun(join(work, 'whole'));
await runEach(whole, after);
const states = [...whole.engine.catalog.queries.keys()]
  .filter((id) => /HALTED|STRICT|FILLED|LOGIC_V3/.test(id))
  .map((id) => `STATE ${id}`);
const results = await resultsOf(whole.engine);
const answers = await answersOf(whole, [...questions, ...states]);
writeFileSync(join(target, 'expected.json'), `${JSON.stringify({ after, ...results, answers }, null, 2)}\n`);
await whole.close();
const cut = await begun(join(work, 'cut'));
await cut.close();
for (const name of readdirSync(join(work, 'cut', 'db')).filter((name) => /^(LOG|LOCK)/.test(name)))
  rmSync(join(work, 'cut', 'db', name));
cpSync(join(work, 'cut'), join(target, 'folder'), { recursive: true });
