import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { openQuery } from '../../../src/engine/query-stream.ts';
import { Session } from '../../../src/engine/session.ts';
import { parse, splitScript } from '../../../src/syntax/parse.ts';
import type { Select } from '../../../src/syntax/statements/select.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';

let engine: TestEngine;

async function pull(sql: string): Promise<unknown[]> {
  const statement = parse(splitScript({ name: 'pull', text: `${sql};` })[0]!) as Select;
  const session = new Session(engine.engine.defaults);
  const query = await openQuery(statement, engine.engine, session, () => new MemoryBackend());
  const rows: unknown[] = [];
  for await (const list of query.rows()) rows.push(...list.map(({ values }) => values));
  return [query.columns.map(({ name }) => name), ...rows];
}

beforeAll(async () => {
  engine = await openEngine();
  await engine.run(`
    CREATE STREAM s (id INT KEY, name STRING, tags ARRAY<INT>) WITH (kafka_topic='s', partitions=1, value_format='JSON');
    CREATE TABLE t AS SELECT id, LATEST_BY_OFFSET(name, false) AS name, COUNT(*) AS n FROM s GROUP BY id;
    INSERT INTO s VALUES (1, 'b', ARRAY[1]); INSERT INTO s VALUES (2, NULL, ARRAY[2]);
    INSERT INTO s VALUES (3, 'a', ARRAY[3]); INSERT INTO s VALUES (3, 'a', ARRAY[3]);`);
  await engine.settle();
});
afterAll(() => engine.close());

describe('ORDER BY in pull queries', () => {
  test('orders a table by a column that SELECT leaves out', async () => {
    expect(await pull('SELECT id FROM t ORDER BY name')).toEqual([['ID'], [3], [1], [2]]);
  });
  test('puts nulls first when it descends, and where it is told', async () => {
    expect(await pull('SELECT id FROM t ORDER BY name DESC')).toEqual([['ID'], [2], [1], [3]]);
    expect(await pull('SELECT id FROM t ORDER BY name DESC NULLS LAST')).toEqual([['ID'], [1], [3], [2]]);
    expect(await pull('SELECT id FROM t ORDER BY name ASC NULLS FIRST')).toEqual([['ID'], [2], [3], [1]]);
  });
  test('takes aliases, numbers and expressions, and then the limit', async () => {
    expect(await pull('SELECT id, n * -1 AS m FROM t ORDER BY m, 1 DESC LIMIT 2')).toEqual([
      ['ID', 'M'],
      [3, -2],
      [2, -1],
    ]);
    expect(await pull('SELECT * FROM t ORDER BY 3 DESC, id % 2, id')).toEqual([
      ['ID', 'NAME', 'N'],
      [3, 'a', 2],
      [2, null, 1],
      [1, 'b', 1],
    ]);
  });
  test('adds no column of a name that SELECT may give', async () => {
    const sql = 'SELECT id AS KSQL_INTERNAL_ORDER_0 FROM t ORDER BY name DESC';
    expect(await pull(sql)).toEqual([['KSQL_INTERNAL_ORDER_0'], [2], [1], [3]]);
  });
  test('orders what a pull query on a stream gives', async () => {
    expect(await pull('SELECT name, id FROM s WHERE id > 1 ORDER BY id DESC LIMIT 2')).toEqual([
      ['NAME', 'ID'],
      ['a', 3],
      ['a', 3],
    ]);
  });
  test.each([
    ['SELECT * FROM t EMIT CHANGES ORDER BY id', 'ORDER_BY_MISPLACED'],
    ['SELECT * FROM t ORDER BY 9', 'ORDER_BY_COLUMN'],
    ["SELECT * FROM t ORDER BY 'x'", 'ORDER_BY_CONSTANT'],
    ['SELECT tags FROM s ORDER BY tags', 'ORDER_BY_TYPE'],
    ['SELECT * FROM t ORDER BY nope', 'COLUMN_NOT_FOUND'],
  ])('%s is refused: %s', async (sql, code) => {
    await expect(pull(sql)).rejects.toMatchObject({ code });
  });
});
