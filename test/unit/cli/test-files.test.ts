import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runTestFiles } from '../../../src/cli/test-files.ts';

async function run(text: string, folder = mkdtempSync(join(tmpdir(), 'millrace-sql-'))): Promise<string[]> {
  const file = join(folder, 'a.sql');
  writeFileSync(file, text);
  const said: string[] = [];
  await runTestFiles([file], (line) => said.push(line.replace(file, 'a.sql')));
  return said;
}

const create = `CREATE STREAM s (id INT KEY, a BIGINT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
CREATE TABLE sums AS SELECT id, SUM(a) AS total FROM s GROUP BY id;`;

test('records and sources are as the file says', async () => {
  const said = await run(`
--@test: sums go on
${create}
INSERT INTO s (ROWTIME, id, a) VALUES (7, 1, 5);
INSERT INTO s (id, a) VALUES (1, 6);
ASSERT VALUES sums (ROWTIME, id, total) VALUES (7, 1, 5);
ASSERT VALUES sums (id, total) VALUES (1, 11);
ASSERT TABLE sums (id INT PRIMARY KEY, total BIGINT) WITH (kafka_topic='SUMS', value_format='JSON');
ASSERT STREAM s;
--@test: a tombstone
CREATE TABLE t (id STRING PRIMARY KEY, a INT) WITH (kafka_topic='t', value_format='JSON', partitions=1);
INSERT INTO t VALUES ('x', 1);
DELETE FROM t WHERE id = 'x';
ASSERT VALUES t (id, a) VALUES ('x', 1);
ASSERT NULL VALUES t (id) KEY ('x');
--@test: a refusal
--@expected.error: io.confluent.ksql.util.KsqlException
--@expected.message: ALREADY exists
CREATE STREAM s (id INT KEY) WITH (kafka_topic='s', value_format='JSON', partitions=1);
CREATE STREAM s (id INT KEY) WITH (kafka_topic='s', value_format='JSON', partitions=1);
`);
  expect(said).toEqual([
    'ok  a.sql: sums go on',
    'ok  a.sql: a tombstone',
    'ok  a.sql: a refusal',
    '3 passed, 0 failed',
  ]);
});

test('what is otherwise fails, and says how', async () => {
  const said = await run(`
--@test: value
${create}
INSERT INTO s (id, a) VALUES (1, 5);
ASSERT VALUES sums (id, total) VALUES (1, 6);
--@test: nothing came
${create}
ASSERT VALUES sums (id, total) VALUES (1, 6);
--@test: columns
${create}
ASSERT TABLE sums (id INT PRIMARY KEY, total INT);
--@test: not refused
--@expected.error: x
${create}
--@test: refused
CREATE STREAM s;
`);
  const text = said.join('\n');
  for (const each of [
    'TOTAL is 5, not 6',
    'no record came',
    'its columns are',
    'a refusal was expected',
    'PROPERTY_MISSING',
    '0 passed, 5 failed',
  ])
    expect(text).toContain(each);
});

test("a file of ksqlDB's runs as it is: it makes no topics, and expects errors by their words", async () => {
  const said = await run(`
--@test: topics of one partition
CREATE STREAM foo (id INT KEY, col1 INT) WITH (kafka_topic='foo', value_format='JSON');
CREATE STREAM bar AS SELECT * FROM foo;
INSERT INTO foo (rowtime, id, col1) VALUES (1, 1, 1);
ASSERT VALUES bar (rowtime, id, col1) VALUES (1, 1, 1);
ASSERT STREAM bar (id INT KEY, col1 INT) WITH (kafka_topic='BAR', value_format='JSON');

--@test: the columns of a replaced source
CREATE STREAM a (id INT KEY, c INT) WITH (kafka_topic='a', value_format='JSON');
CREATE STREAM b AS SELECT id, c FROM a;
INSERT INTO a (id, c) VALUES (1, 2);
ASSERT VALUES b (id, c) VALUES (1, 2);
CREATE OR REPLACE STREAM b AS SELECT id, c, c + 1 AS d FROM a;
INSERT INTO a (id, c) VALUES (1, 3);
ASSERT VALUES b (id, c, d) VALUES (1, 3, 4);

--@test: an assertion that fails as expected
--@expected.error: java.lang.AssertionError
--@expected.message: Expected record does not match actual
CREATE STREAM foo (id INT KEY, col1 INT) WITH (kafka_topic='foo', value_format='JSON');
INSERT INTO foo (id, col1) VALUES (1, 1);
ASSERT VALUES foo (id, col1) VALUES (1, 2);

--@test: a refused upgrade
--@expected.error: io.confluent.ksql.util.KsqlException
--@expected.message: The following columns are changed, missing or reordered: [\`C\` INTEGER]
CREATE STREAM a (id INT KEY, c INT, d INT) WITH (kafka_topic='a', value_format='JSON');
CREATE STREAM b AS SELECT id, c FROM a;
CREATE OR REPLACE STREAM b AS SELECT id, d FROM a;

--@test: a join is never upgraded
--@expected.error: io.confluent.ksql.util.KsqlException
--@expected.message: Upgrades not yet supported for StreamTableJoin
CREATE STREAM a (id INT KEY, c INT) WITH (kafka_topic='a', value_format='JSON');
CREATE TABLE t (id INT PRIMARY KEY, d INT) WITH (kafka_topic='t', value_format='JSON');
CREATE STREAM b AS SELECT a.id, c, d FROM a JOIN t ON a.id = t.id;
CREATE OR REPLACE STREAM b AS SELECT a.id, c, d, c + d AS e FROM a JOIN t ON a.id = t.id;
`);
  expect(said).toEqual([
    'ok  a.sql: topics of one partition',
    'ok  a.sql: the columns of a replaced source',
    'ok  a.sql: an assertion that fails as expected',
    'ok  a.sql: a refused upgrade',
    'ok  a.sql: a join is never upgraded',
    '5 passed, 0 failed',
  ]);
});

test('an expected message that did not come fails the test, and properties are compared', async () => {
  const said = await run(`
--@test: another message
--@expected.error: io.confluent.ksql.util.KsqlException
--@expected.message: alredy exists
CREATE STREAM s (id INT KEY) WITH (kafka_topic='s', value_format='JSON');
CREATE STREAM s (id INT KEY) WITH (kafka_topic='s', value_format='JSON');
--@test: timestamp format
CREATE STREAM s (id INT KEY, t STRING) WITH (kafka_topic='s', value_format='JSON', timestamp='t', timestamp_format='yyyy-MM-dd');
ASSERT STREAM s (id INT KEY, t STRING) WITH (kafka_topic='s', value_format='JSON', timestamp='t', timestamp_format='yyyy');
--@test: wrapping
CREATE STREAM s (id INT KEY, t STRING) WITH (kafka_topic='s', value_format='JSON', wrap_single_value=true);
ASSERT STREAM s (id INT KEY, t STRING) WITH (kafka_topic='s', value_format='JSON', wrap_single_value=false);
--@test: no script
RUN SCRIPT 'none.sql';
`);
  const text = said.join('\n');
  for (const part of [
    '"alredy exists" was expected, but it was refused with',
    'its timestamp format is yyyy-MM-dd, not yyyy',
    'its single value is wrapped, not bare',
    'ENOENT',
    '0 passed, 4 failed',
  ])
    expect(text).toContain(part);
});

test('RUN SCRIPT runs the statements of a file beside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sql-'));
  writeFileSync(join(folder, 'sources.sql'), create);
  const said = await run(
    `--@test: by a script
run script 'sources.sql';
INSERT INTO s (id, a) VALUES (1, 5);
ASSERT VALUES sums (id, total) VALUES (1, 5);`,
    folder,
  );
  expect(said).toEqual(['ok  a.sql: by a script', '1 passed, 0 failed']);
});
