import { expect, test } from 'vitest';
import { openEngine } from '../support/memory-node.ts';

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
