import { expect, test } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';
import { pulled } from '../../support/pulled.ts';

/** What a head has room for at a limit of 6. */
const room = 6 + 64;

test('the rows behind the head that are tied with its last are counted anew when the last one is another', async () => {
  const engine = await openEngine();
  await engine.run(`CREATE TABLE items (id STRING PRIMARY KEY, cat STRING, n INT) WITH (kafka_topic='items', value_format='JSON', partitions=1);
    CREATE TABLE best WITH (key_format='JSON') AS
      SELECT cat, ROW_NUMBER() OVER w AS rn, CUME_DIST() OVER w AS c FROM items WINDOW w AS (PARTITION BY cat ORDER BY n) QUALIFY rn <= 6;`);
  let timestamp = 0;
  const change = async (ids: readonly string[], n: number | undefined): Promise<void> => {
    const value = n === undefined ? null : JSON.stringify({ cat: 'x', n });
    await engine.engine.node.produce(
      'items',
      ids.map((key) => ({ key, value, timestamp: timestamp++, partition: undefined })),
    );
    await engine.settle();
  };
  const first = async (): Promise<unknown> => (await pulled(engine.engine.node, 'CTAS_BEST_0'))[0]!.after!.at(-1);
  await change(
    Array.from({ length: room - 1 }, (_, i) => `a${i}`),
    1,
  );
  // The first of these is the last of the head, and the others are tied with it behind the head.
  await change(['b0', 'b1', 'b2'], 2);
  expect(await first()).toBe((room - 1) / (room + 2));
  await change(['b0'], undefined);
  expect(await first()).toBe((room - 1) / (room + 1));
  // One of the greater rows joins the others.
  await change(['b1'], 1);
  expect(await first()).toBe(room / (room + 1));
  await change(['b2'], 1);
  expect(await first()).toBe(1);
  await change(['a0', 'a1', 'b2'], undefined);
  expect(await first()).toBe(1);
  await engine.close();
});
