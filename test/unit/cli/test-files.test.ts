import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runTestFiles } from '../../../src/cli/test-files.ts';

async function run(text: string): Promise<string[]> {
  const file = join(mkdtempSync(join(tmpdir(), 'millrace-sql-')), 'a.sql');
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
