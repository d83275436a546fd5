import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { ksql, startWith } from '../../support/access.ts';
import { found, pgClient, psql, rowsOf, type PgClient } from '../../support/postgres.ts';

let node: RunningNode;
let ann: PgClient;

const objects = `
  CREATE STREAM clicks (k STRING KEY, v INT) WITH (kafka_topic='clicks', value_format='JSON', partitions=1);
  CREATE TABLE counts AS SELECT k, COUNT(*) AS n FROM clicks GROUP BY k;
  INSERT INTO clicks VALUES ('a', 1);`;

beforeAll(async () => {
  node = await startWith({ 'postgres.listener': '0' });
  const made = await ksql(node, {}, objects);
  expect(made.status, made.text).toBe(200);
  ann = await pgClient(node.postgresPort!);
  while ((await rowsOf(ann, 'SELECT k FROM counts')).length < 1) await new Promise((done) => setTimeout(done, 50));
}, 120_000);
afterAll(async () => {
  await ann.end();
  await node.close();
});

test('a view is a view, whose columns follow what it reads', async () => {
  const columns = `SELECT table_name, column_name, data_type FROM information_schema.columns JOIN information_schema.views USING (table_name)
    WHERE columns.table_schema = 'public' ORDER BY table_name, ordinal_position`;
  expect(await rowsOf(ann, columns)).toEqual([]);
  await ksql(
    node,
    {},
    `CREATE VIEW frequent AS SELECT k AS who, n, n / 2.0 AS "half" FROM counts WHERE n > 0; CREATE VIEW over_it AS SELECT who FROM frequent;`,
  );
  const shown = [
    ['FREQUENT', 'WHO', 'text'],
    ['FREQUENT', 'N', 'bigint'],
    ['FREQUENT', 'half', 'numeric'],
  ];
  expect(await rowsOf(ann, columns)).toEqual([...shown, ['OVER_IT', 'WHO', 'text']]);
  expect(await rowsOf(ann, 'SELECT "half" FROM frequent WHERE who = $1', ['a'])).toEqual([['0.500000']]);
  await ksql(node, {}, 'DROP VIEW over_it; CREATE OR REPLACE VIEW frequent AS SELECT k FROM clicks;');
  expect(await rowsOf(ann, columns)).toEqual([['FREQUENT', 'K', 'text']]);
  await ksql(
    node,
    {},
    "DROP VIEW frequent; CREATE STREAM frequent (k STRING KEY) WITH (kafka_topic='clicks', value_format='JSON');",
  );
  const kind = "SELECT relkind FROM pg_class WHERE relname = 'FREQUENT'";
  expect(await rowsOf(ann, kind)).toEqual([['r']]);
  await ksql(node, {}, 'DROP STREAM frequent;');
  expect(await rowsOf(ann, kind)).toEqual([]);
});

test.skipIf(!found('psql'))('psql lists and describes views, and lists databases (needs psql)', async () => {
  expect(await psql(node.postgresPort!, '\\l')).toMatch(/postgres +\| postgres +\| UTF8/);
  await ksql(node, {}, 'CREATE VIEW seen AS SELECT k, n FROM counts;');
  expect(await psql(node.postgresPort!, '\\dv')).toMatch(/public \| SEEN +\| view/);
  expect(await psql(node.postgresPort!, '\\d seen')).toMatch(/View "public.SEEN"[^]*N +\| bigint/);
  await ksql(node, {}, 'DROP VIEW seen;');
});
