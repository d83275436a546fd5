import { expect, test } from 'vitest';
import { openEngine } from '../support/memory-node.ts';
import { consume } from '../support/topics.ts';

// What `npm run fuzz` found: statements that were answered with an internal error.
test.each([
  // A lambda whose result is of no type that its function can take.
  ['SELECT REDUCE(a, 5, (s, x) => s != x) AS r FROM f EMIT CHANGES;', 'LAMBDA_RESULT'],
])('%s is refused: %s', async (sql, code) => {
  const engine = await openEngine();
  await engine.run(
    "CREATE STREAM f (k INT KEY, a ARRAY<INT>) WITH (kafka_topic='f', partitions=1, value_format='JSON');",
  );
  await expect(engine.run(`CREATE STREAM g AS ${sql}`)).rejects.toMatchObject({ code });
  await engine.close();
});

// A lambda without columns was folded into what it gives, and its function found no form for that.
test('a lambda may give a constant', async () => {
  const engine = await openEngine();
  await engine.run(`CREATE STREAM f (k INT KEY, a ARRAY<INT>) WITH (kafka_topic='f', partitions=1, value_format='JSON');
    CREATE STREAM g AS SELECT k, TRANSFORM(a, x => 2 + 3) AS r FROM f;
    INSERT INTO f VALUES (1, ARRAY[1, 2]);`);
  await engine.settle();
  expect((await consume(engine.engine, 'G'))[0]).toContain('{"R":[5,5]}');
  await engine.close();
});
