import { expect, test } from 'vitest';
import { ksql, send, startWith, type Answer } from '../../support/access.ts';

const made = `CREATE STREAM s (k STRING KEY, v STRING) WITH (kafka_topic='s', value_format='JSON', partitions=1);
CREATE STREAM o (k STRING KEY, v STRING) WITH (kafka_topic='o', value_format='JSON', partitions=1);
CREATE TABLE t (k STRING PRIMARY KEY, n INT) WITH (kafka_topic='t', value_format='JSON', partitions=1);
CREATE STREAM filled AS SELECT * FROM s EMIT CHANGES;
CREATE TABLE counted AS SELECT k, COUNT(*) AS n FROM s GROUP BY k EMIT CHANGES;
CREATE FEATURE VIEW served ENTITY KEY (k) AS SELECT k, COUNT(*) AS n FROM s GROUP BY k EMIT CHANGES;
CREATE VIEW named AS SELECT k, v FROM o;`;

const doors = Object.entries({
  '/query': 'application/vnd.ksql.v1+json',
  '/query-stream': 'application/vnd.ksqlapi.delimited.v1',
});

test.each<[what: string, query: string, drop: string, name: string, clients: number]>([
  ['a stream', 'SELECT * FROM o EMIT CHANGES;', 'DROP STREAM o CASCADE;', 'O', 1],
  ['a stream with its topic', 'SELECT * FROM filled EMIT CHANGES;', 'DROP STREAM filled DELETE TOPIC;', 'FILLED', 1],
  ['a table', 'SELECT * FROM t EMIT CHANGES;', 'DROP TABLE t;', 'T', 1],
  ['a table of a query', 'SELECT * FROM counted EMIT CHANGES;', 'DROP TABLE counted;', 'COUNTED', 1],
  ['a feature view', 'SELECT * FROM served EMIT CHANGES;', 'DROP FEATURE VIEW served;', 'SERVED', 1],
  ['what a join reads', 'SELECT s.k, n FROM s JOIN t ON s.k = t.k EMIT CHANGES;', 'DROP TABLE t;', 'T', 1],
  ['what a view reads', 'SELECT * FROM named EMIT CHANGES;', 'DROP STREAM o CASCADE;', 'O', 1],
  ['what many read', 'SELECT * FROM o EMIT CHANGES;', 'DROP STREAM o CASCADE;', 'O', 12],
  ['what CASCADE takes along', 'SELECT * FROM counted EMIT CHANGES;', 'DROP STREAM s CASCADE;', 'COUNTED', 1],
])('push queries end when %s is dropped', async (_, query, drop, name, clients) => {
  const node = await startWith({});
  try {
    expect((await ksql(node, {}, made)).status).toBe(200);
    const answers: Promise<Answer>[] = [];
    for (const [path, accept] of doors)
      for (let i = 0; i < clients; i++) {
        answers.push(send(node, 'POST', path, { accept }, JSON.stringify({ sql: query, ksql: query })));
        await expect.poll(() => node.engine.pushQueries.size).toBe(answers.length);
      }
    const other = send(node, 'POST', '/query', {}, JSON.stringify({ ksql: 'SELECT * FROM s EMIT CHANGES;' }));
    // It is cut off where the node closes first.
    other.catch(() => undefined);
    await expect.poll(() => node.engine.pushQueries.size).toBe(answers.length + 1);
    const dropped = await ksql(node, {}, drop);
    expect(dropped.status, dropped.text).toBe(200);
    const texts = (await Promise.all(answers)).map(({ text }) => text);
    for (const text of texts.slice(0, clients)) expect(text).toContain(`{"finalMessage":"\\"${name}\\" was dropped"}`);
    for (const text of texts.slice(clients)) expect(text).toMatch(/^\{"queryId":.*\}\n$/);
    if (drop.startsWith('DROP STREAM s')) expect((await other).text).toContain('was dropped');
    else expect(node.engine.pushQueries.size).toBe(1);
  } finally {
    await node.close();
  }
});
