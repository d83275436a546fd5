import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';

test('a folder has one node, and goes to the next when that closes', async () => {
  const first = await openEngine();
  await expect(openEngine(first.folder)).rejects.toMatchObject({ code: 'STATE_LOCKED' });
  await first.close();
  await (await openEngine(first.folder)).close();
});

test('a log that lost what was committed is told of, and not read as though nothing had been there', async () => {
  const node = await openEngine();
  await node.run(`CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    INSERT INTO s VALUES ('a', 1);`);
  await node.settle();
  await node.close();
  const logs = readdirSync(node.folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.log') && /(^|\/)s[/-]/.test(name),
  );
  expect(logs).toHaveLength(1);
  truncateSync(join(node.folder, logs[0]!), 10);
  const reopen = async (): Promise<void> => {
    const again = await openEngine(node.folder);
    await again.run("INSERT INTO s VALUES ('b', 1);").finally(again.close);
  };
  await expect(reopen()).rejects.toMatchObject({ code: 'STATE_DAMAGED' });
});
