import { expect, test } from 'vitest';
import { Session } from '../../src/engine/session.ts';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { openQuery } from '../../src/engine/query-stream.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';
import type { Select } from '../../src/syntax/statements/select.ts';
import { openEngine } from '../support/memory-node.ts';

// A scan of two joined tables gave keys as the text that the store knows them by.
test('a scan of joined tables gives keys of their own type', async () => {
  const engine = await openEngine();
  await engine.run(`CREATE TABLE l (k INT PRIMARY KEY, v INT) WITH (kafka_topic='l', partitions=1, value_format='JSON');
    CREATE TABLE r (k INT PRIMARY KEY, v INT) WITH (kafka_topic='r', partitions=1, value_format='JSON');
    CREATE TABLE o AS SELECT l.k AS k, l.v AS a, r.v AS b FROM l JOIN r ON l.k = r.k;
    INSERT INTO l VALUES (7, 1); INSERT INTO r VALUES (7, 2);`);
  await engine.settle();
  const statement = parse(splitScript({ name: 'pull', text: 'SELECT * FROM o;' })[0]!) as Select;
  const session = new Session(engine.engine.defaults);
  const query = await openQuery(statement, engine.engine, session, () => new MemoryBackend());
  const rows: unknown[] = [];
  for await (const list of query.rows()) rows.push(...list.map(({ values }) => values));
  expect(rows).toEqual([[7, 1, 2]]);
  await engine.close();
});
