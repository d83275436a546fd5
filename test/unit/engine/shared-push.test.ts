import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import type { SqlError } from '../../../src/diagnostics/sql-error.ts';
import type { QueryStream } from '../../../src/engine/client-rows.ts';
import { openQuery } from '../../../src/engine/query-stream.ts';
import { Session } from '../../../src/engine/session.ts';
import { parseScript } from '../../../src/syntax/parse.ts';
import type { Select } from '../../../src/syntax/statements/select.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';

const stream = "CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=2);";
const equal = 'SELECT k, n * 2 AS m FROM s WHERE n >= 0 EMIT CHANGES';

const openPush = (node: TestEngine, sql: string, settings: Record<string, string> = {}): Promise<QueryStream> => {
  const [statement] = parseScript({ name: 'test', text: `${sql};` });
  const session = new Session({ ...node.engine.defaults, 'auto.offset.reset': 'latest', ...settings });
  return openQuery(statement as Select, node.engine, session, () => new MemoryBackend());
};
/** Reads a stream in the background. */
function read(query: QueryStream): { readonly values: number[]; readonly ended: Promise<string | undefined> } {
  const values: number[] = [];
  const ended = (async () => {
    for await (const rows of query.rows()) values.push(...rows.map((row) => row.values[1] as number));
    return query.finalMessage;
  })().catch((error: unknown) => `${(error as SqlError).code}: ${(error as SqlError).message}`);
  return { values, ended };
}
const produce = (node: TestEngine, from: number, to: number): Promise<void> =>
  node.engine.node.produce(
    's',
    Array.from({ length: to - from }, (_, i) => ({
      key: Buffer.from('a'),
      value: Buffer.from(JSON.stringify({ N: from + i })),
      timestamp: 1000 + i,
      partition: 0,
    })),
  );
const doubled = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => (from + i) * 2);
/** How many readers of topics were opened since. */
function countReaders({ engine: { node } }: TestEngine): () => number {
  let count = 0;
  const open = node.openReader.bind(node);
  node.openReader = (...args) => {
    count++;
    return open(...args);
  };
  return () => count;
}

test('equal push queries share one evaluation, each with its own LIMIT; others do not', async () => {
  const node = await openEngine();
  await node.run(stream);
  const readers = countReaders(node);
  const queries: QueryStream[] = [];
  for (let i = 0; i < 20; i++) queries.push(await openPush(node, equal));
  // Eight have their own, the others one together.
  expect(readers()).toBe(9);
  const limited = await openPush(node, `${equal} LIMIT 3`);
  expect(readers()).toBe(9);
  const other = await openPush(node, equal.replace('* 2', '* 3'));
  const counting = await openPush(node, 'SELECT k, COUNT(*) AS c FROM s GROUP BY k EMIT CHANGES');
  const earliest = await openPush(node, equal, { 'auto.offset.reset': 'earliest' });
  expect(readers()).toBe(12);
  expect(new Set(queries.map(({ id }) => id)).size).toBe(20);
  expect(node.engine.pushQueries.size).toBe(24);

  const reads = queries.map(read);
  const three = read(limited);
  await produce(node, 0, 100);
  await expect.poll(() => reads.every(({ values }) => values.length === 100)).toBe(true);
  for (const { values } of reads) expect(values).toEqual(doubled(0, 100));
  expect(await three.ended).toBe('Limit Reached');
  expect(three.values).toEqual([0, 2, 4]);

  // Who comes later has what comes later; who leaves disturbs nobody.
  const late = read(await openPush(node, equal));
  expect(readers()).toBe(12);
  for (const query of queries.slice(8, 15)) query.close();
  await produce(node, 100, 150);
  await expect.poll(() => late.values.length).toBe(50);
  expect(late.values).toEqual(doubled(100, 150));
  await expect.poll(() => reads[19]!.values.length).toBe(150);
  expect(reads[19]!.values).toEqual(doubled(0, 150));
  expect(reads[8]!.values).toEqual(doubled(0, 100));
  for (const query of [...queries, other, counting, earliest]) query.close();
  node.engine.pushQueries.closeAll();
  await Promise.all([...reads, late].map(({ ended }) => ended));
  expect(node.engine.pushQueries.size).toBe(0);

  // The evaluation has ended with its last client: another one begins, when enough are there again.
  for (let i = 0; i < 10; i++) await openPush(node, equal);
  expect(readers()).toBe(21);
  node.engine.pushQueries.closeAll();
  await node.close();
});

test('a client that reads nothing is ended, and told so; the others have every row', async () => {
  const node = await openEngine();
  await node.run(stream);
  const queries: QueryStream[] = [];
  for (let i = 0; i < 10; i++) queries.push(await openPush(node, equal));
  const quick = read(queries[8]!);
  for (let at = 0; at < 60_000; at += 5000) {
    await produce(node, at, at + 5000);
    await expect.poll(() => quick.values.length, { timeout: 20_000 }).toBe(at + 5000);
  }
  expect(quick.values).toEqual(doubled(0, 60_000));
  const slow = read(queries[9]!);
  expect(await slow.ended).toMatch(
    /CLIENT_BEHIND: the client is 5\d{4} rows behind the query that it shares with others/,
  );
  expect(slow.values).toEqual([]);
  node.engine.pushQueries.closeAll();
  await node.close();
});

test('an evaluation that fails ends its clients, and the next one begins anew', async () => {
  const node = await openEngine();
  await node.run(stream);
  const open = node.engine.node.openReader.bind(node.engine.node);
  let failing = false;
  node.engine.node.openReader = async (...args) => {
    const reader = await open(...args);
    const fetch = reader.fetch.bind(reader);
    reader.fetch = (ms) => (failing ? Promise.reject(new TypeError('the disk is gone')) : fetch(ms));
    return reader;
  };
  for (let i = 0; i < 8; i++) await openPush(node, equal);
  const reads = [await openPush(node, equal), await openPush(node, equal)].map(read);
  // One that has not read yet is not told yet.
  await openPush(node, equal);
  failing = true;
  await produce(node, 0, 1);
  for (const { ended } of reads) expect(await ended).toContain('the disk is gone');
  failing = false;
  const again = read(await openPush(node, equal));
  await produce(node, 1, 3);
  await expect.poll(() => again.values).toEqual(doubled(1, 3));
  node.engine.pushQueries.closeAll();
  await node.close();
});
