import { expect, test } from 'vitest';
import { openEngine } from '../support/memory-node.ts';
import { consume } from '../support/topics.ts';

const withStreams = `CREATE STREAM a (id INT KEY) WITH (kafka_topic='a', partitions=1, value_format='JSON');
  CREATE STREAM n (id INT KEY, v ARRAY<INT>) WITH (kafka_topic='n', partitions=1, value_format='JSON');`;

// A source without value columns was refused.
test('a source may have key columns alone', async () => {
  const engine = await openEngine();
  await engine.run(`${withStreams}
    CREATE STREAM b AS SELECT id, LPAD('foo', 5, 'x') AS r FROM a;
    INSERT INTO a (id) VALUES (1);`);
  await engine.settle();
  expect(await consume(engine.engine, 'B')).toEqual([expect.stringContaining('{"R":"xxfoo"}')]);
  await engine.close();
});

// CAST(NULL AS INT) forgot its type, so that an array of it had none.
test('a null that was cast has a type', async () => {
  const engine = await openEngine();
  await engine.run(`${withStreams}
    INSERT INTO n VALUES (1, ARRAY[CAST(NULL AS INT)]);
    CREATE STREAM c AS SELECT id, CAST(NULL AS DOUBLE) AS d, CAST(NULL AS ARRAY<INT>) AS e FROM n;`);
  await engine.settle();
  expect(await consume(engine.engine, 'n')).toEqual([expect.stringContaining('{"V":[null]}')]);
  expect(await consume(engine.engine, 'C')).toEqual([expect.stringContaining('{"D":null,"E":null}')]);
  await engine.close();
});

// The key that PARTITION BY made of a pseudo column was missing from `*`.
test('a stream can be partitioned by ROWTIME', async () => {
  const engine = await openEngine();
  await engine.run(`${withStreams}
    CREATE STREAM d AS SELECT * FROM n PARTITION BY ROWTIME;
    INSERT INTO n (ROWTIME, id, v) VALUES (1234, 1, ARRAY[5]);`);
  await engine.settle();
  expect(await consume(engine.engine, 'D')).toEqual([expect.stringContaining('@1234 {"V":[5],"ID":1}')]);
  await expect(engine.run('CREATE STREAM e AS SELECT id, ROWTIME FROM n;')).rejects.toThrow(/reserved column name/);
  await engine.close();
});
