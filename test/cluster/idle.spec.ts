import { afterAll, expect, test } from 'vitest';
import { createTopic, produceAll, readAll, startMillrace, until, type MillraceProcess } from './support.ts';

const nodes: MillraceProcess[] = [];
afterAll(() => {
  for (const { child } of nodes) child.kill('SIGKILL');
});

test('after a time without records the first one comes through at once, and so do those of a new query', async () => {
  const stamp = Date.now();
  const node = await startMillrace(`idle${stamp}_`);
  nodes.push(node);
  await createTopic(`in_${stamp}`, 1);
  await node.sql(`CREATE STREAM s (k STRING KEY, v INT) WITH (KAFKA_TOPIC='in_${stamp}', VALUE_FORMAT='JSON');`);
  for (let i = 0; i < 10; i++)
    await node.sql(`CREATE STREAM c${i} WITH (KAFKA_TOPIC='out_${stamp}_${i}') AS SELECT * FROM s WHERE v >= ${i};`);
  const push = await fetch(`${node.url}/query`, {
    method: 'POST',
    body: JSON.stringify({
      ksql: 'SELECT * FROM c0 EMIT CHANGES;',
      streamsProperties: { 'auto.offset.reset': 'latest' },
    }),
  });
  const reader = push.body!.getReader();
  let text = '';
  const arrived = async (value: number): Promise<number> => {
    while (!text.includes(`,${value}]`)) text += Buffer.from((await reader.read()).value).toString();
    return performance.now();
  };
  await reader.read();
  const produce = async (value: number): Promise<void> =>
    produceAll(`in_${stamp}`, [{ partition: 0, key: 'a', value: `{"v":${value}}`, timestamp: Date.now() }]);
  await produce(1);
  await arrived(1);
  const delays: number[] = [];
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const { begun } = { begun: performance.now() };
    await produce(100 + i);
    delays.push((await arrived(100 + i)) - begun);
  }
  // Opening the producer's connections is most of it.
  expect(delays.sort((a, b) => a - b)[2]).toBeLessThan(300);
  await reader.cancel();

  const begun = performance.now();
  await node.sql(`CREATE STREAM late WITH (KAFKA_TOPIC='late_${stamp}') AS SELECT * FROM s;`);
  await until(
    () => readAll(`late_${stamp}`).catch(() => []),
    (rows) => rows.length === 6,
  );
  expect(performance.now() - begun).toBeLessThan(3000);
  await node.kill('SIGTERM');
});
