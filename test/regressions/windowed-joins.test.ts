import { expect, test } from 'vitest';
import { openEngine } from '../support/memory-node.ts';

const key = (id: number, start: number): Buffer => {
  const bytes = Buffer.alloc(12);
  bytes.writeInt32BE(id);
  bytes.writeBigInt64BE(BigInt(start), 4);
  return bytes;
};

// Windowed sources were joined by their keys alone, and the result had lost its window.
test('windowed streams are joined by key and window, and the result has the window', async () => {
  const engine = await openEngine();
  const windowed = "value_format='JSON', partitions=1, window_type='TUMBLING', window_size='2 SECONDS'";
  await engine.run(`CREATE STREAM l (k INT KEY, v INT) WITH (kafka_topic='l', ${windowed});
    CREATE STREAM r (k INT KEY, v INT) WITH (kafka_topic='r', ${windowed});
    CREATE STREAM o AS SELECT l.k AS k, l.v AS a, r.v AS b FROM l JOIN r WITHIN 1 MINUTE ON l.k = r.k;`);
  const { node } = engine.engine;
  const record = (start: number, v: number) => ({
    key: key(1, start),
    value: `{"v":${v}}`,
    timestamp: 100 + start,
    partition: undefined,
  });
  await node.produce('l', [record(0, 1)]);
  await node.produce('r', [record(0, 2), record(2000, 3)]);
  await engine.settle();
  const reader = await node.openReader('O', 'beginning');
  const rows = (await reader.poll(10, 100)).map((each) => [each.key, each.value?.toString()]);
  expect(rows).toEqual([[key(1, 0), '{"A":1,"B":2}']]);
  reader.close();
  await engine.close();
});
