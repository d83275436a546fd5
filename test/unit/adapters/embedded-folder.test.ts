import { mkdirSync, readdirSync, rmdirSync, truncateSync } from 'node:fs';
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

test('a start that ends while it copies the names of the database leaves the database alone', async () => {
  const node = await openEngine();
  await node.run(`CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);`);
  await node.close();
  const database = join(node.folder, 'db');
  const files = readdirSync(database).sort();
  // Names that can be neither linked nor copied.
  const others = Array.from({ length: 20 }, (_, i) => join(database, `${i}-folder`));
  for (const other of others) mkdirSync(other);
  await expect(openEngine(node.folder)).rejects.toThrow();
  for (const other of others) rmdirSync(other);
  expect(readdirSync(database).sort()).toEqual(files);
  const again = await openEngine(node.folder);
  expect([...again.engine.catalog.sources.keys()]).toEqual(['S']);
  expect(readdirSync(node.folder).filter((name) => name.startsWith('db'))).toEqual(['db']);
  await again.close();
});
