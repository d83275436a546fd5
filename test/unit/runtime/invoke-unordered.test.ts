import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';
import { recordsOf } from '../../support/topics.ts';

/** A model that gives each row ten times its number: at once, after a time, or when a test lets it. */
let server: Server;
let delayOf: (n: number) => number | 'held' = () => 0;
let held: (() => void)[] = [];
let calls: number[][] = [];
let refused: number | undefined;
beforeEach(async () => {
  [delayOf, held, calls, refused] = [() => 0, [], [], undefined];
  server = createServer((request, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { instances } = JSON.parse(Buffer.concat(chunks).toString()) as { instances: { N: number }[] };
      const numbers = instances.map(({ N }) => N);
      calls.push(numbers);
      const answer = (): void => {
        if (refused !== undefined && numbers.includes(refused)) response.writeHead(400);
        response.end(JSON.stringify({ predictions: numbers.map((n) => n * 10) }));
      };
      const delays = numbers.map(delayOf);
      if (delays.includes('held')) held.push(answer);
      else setTimeout(answer, Math.max(...(delays as number[])));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
let open: TestEngine[] = [];
afterEach(async () => {
  for (const answer of held) answer();
  await Promise.all(open.map((engine) => engine.close().catch(() => undefined)));
  open = [];
  server.closeAllConnections();
  server.close();
});

const setup = (mode: string, options = '', query = ''): string => `
  CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=2);
  CREATE MODEL m INPUT (n INT) OUTPUT (y INT) WITH (PROVIDER='http', VALIDATE='OFF', MAX_BATCH_SIZE=1, MAX_IN_FLIGHT=8,
    ENDPOINT='http://127.0.0.1:${(server.address() as AddressInfo).port}', OUTPUT_MODE='${mode}' ${options});
  CREATE STREAM o AS SELECT k, n, p.y AS y ${query} FROM s INVOKE MODEL m USING (s.n) AS p;`;
async function start(folder?: string): Promise<TestEngine> {
  const engine = await openEngine(folder, { 'commit.interval.ms': '20' });
  open.push(engine);
  return engine;
}
const feed = ({ engine }: TestEngine, rows: readonly (readonly [string | null, number])[]): Promise<unknown> =>
  engine.node.produce(
    's',
    rows.map(([key, n]) => ({ key, value: JSON.stringify({ N: n }), timestamp: n, partition: undefined })),
  );
const out = async ({ engine }: TestEngine): Promise<{ key: string; n: number; y: number; time: number }[]> =>
  (await recordsOf(engine.node, 'O')).map(({ key, value, timestamp }) => {
    const { N: n, Y: y } = JSON.parse(value!.toString()) as { N: number; Y: number };
    return { key: key?.toString() ?? '', n, y, time: timestamp };
  });
async function until(check: () => Promise<boolean> | boolean): Promise<void> {
  for (let left = 400; left > 0 && !(await check()); left--) await sleep(10);
}
const numbers = (rows: readonly { readonly n: number }[]): number[] => rows.map(({ n }) => n);

test('a slow row holds no other back, but those of its key, and its time stays', async () => {
  delayOf = (n) => (n === 1 ? 'held' : 0);
  const engine = await start();
  await engine.run(setup('UNORDERED'));
  await feed(engine, [['slow', 1], ['a', 2], ['b', 3], ['slow', 4], ['c', 5], [null, 6]]); // prettier-ignore
  await until(async () => (await out(engine)).length === 4);
  expect(numbers(await out(engine)).sort()).toEqual([2, 3, 5, 6]);
  // What waits is told as lag: it is not done with.
  expect(engine.engine.node.status('CSAS_O_0')!.lag).toBe(2);
  held[0]!();
  await engine.settle();
  await until(async () => (await out(engine)).length === 6);
  const rows = await out(engine);
  expect(rows.filter(({ key }) => key === 'slow').map(({ n, y, time }) => [n, y, time])).toEqual([
    [1, 10, 1],
    [4, 40, 4],
  ]);
  expect(numbers(rows).sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

test('in order a slow row holds all back that come after it', async () => {
  delayOf = (n) => (n === 1 ? 'held' : 0);
  const engine = await start();
  await engine.run(setup('ORDERED'));
  await feed(engine, [['slow', 1], ['a', 2]]); // prettier-ignore
  await until(() => held.length === 1);
  await sleep(100);
  expect(await out(engine)).toEqual([]);
});

test('rows that wait at a commit are asked for again by who opens the node after it, and none twice', async () => {
  delayOf = (n) => (n % 3 === 0 ? 'held' : 0);
  const first = await start();
  await first.run(setup('UNORDERED'));
  await feed(
    first,
    Array.from({ length: 9 }, (_, i) => [`k${i}`, i] as const),
  );
  await until(async () => (await out(first)).length === 6);
  expect(numbers(await out(first)).sort()).toEqual([1, 2, 4, 5, 7, 8]);
  await first.close();
  open = [];
  delayOf = () => 0;
  calls = [];
  const second = await start(first.folder);
  await until(async () => (await out(second)).length === 9);
  await second.settle();
  expect(numbers(await out(second)).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(calls.flat().sort()).toEqual([0, 3, 6]);
});

test('with random latencies every row comes once and in order by key, and rows wait less', async () => {
  let seed = 7;
  const next = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  const latency = Array.from({ length: 600 }, () => (next() < 0.02 ? 150 : 1));
  delayOf = (n) => latency[n]!;
  const medians: Record<string, number> = {};
  for (const mode of ['ORDERED', 'UNORDERED']) {
    const engine = await start();
    await engine.run(setup(mode));
    const sent: number[] = [];
    const seen = new Map<number, number>();
    const reader = await engine.engine.node.openReader('O', 'beginning');
    let count = 0;
    for (let n = 0; seen.size < 600; n++) {
      if (n < 600) {
        sent[n] = performance.now();
        await feed(engine, [[`k${n % 50}`, n]]);
      }
      for (const { value } of await reader.poll(1000, 1)) {
        const row = JSON.parse(value!.toString()) as { N: number; Y: number };
        expect(row.Y).toBe(row.N * 10);
        seen.set(row.N, performance.now() - sent[row.N]!);
        count++;
      }
    }
    expect([count, seen.size]).toEqual([600, 600]);
    const rows = await out(engine);
    for (let key = 0; key < 50; key++) {
      const own = numbers(rows.filter((row) => row.key === `k${key}`));
      expect(own).toEqual([...own].sort((a, b) => a - b));
    }
    medians[mode] = [...seen.values()].sort((a, b) => a - b)[Math.floor(600 * 0.8)]!;
    await engine.close();
    open = [];
  }
  expect(medians['UNORDERED']!).toBeLessThan(medians['ORDERED']!);
}, 60_000);

test('a row that fails later is told of with its own record', async () => {
  delayOf = (n) => (n === 1 ? 60 : 0);
  const engine = await start();
  await engine.run(setup('UNORDERED', '', ', 100 / (p.y - 10) AS z'));
  await feed(engine, [['a', 1], ['b', 2]]); // prettier-ignore
  await until(async () => (await out(engine)).length === 2);
  await engine.settle();
  const errors = (await recordsOf(engine.engine.node, 'test_ksql_processing_log')).map(({ value }) => String(value));
  expect(errors.filter((line) => line.includes('"S"') || line.includes('"s"'))).toHaveLength(1);
  expect(errors[0]).toMatch(/zero/i);
});

test('a row that cannot be scored stops the query where ON_ERROR is FAIL, and is named', async () => {
  refused = 2;
  delayOf = (n) => (n === 2 ? 60 : 0);
  const engine = await openEngine(undefined, { 'commit.interval.ms': '20' }, undefined, {
    pauses: { firstMs: 1, longestMs: 1 },
  });
  open.push(engine);
  await engine.run(setup('UNORDERED'));
  await feed(engine, [['a', 1], ['b', 2], ['c', 3]]); // prettier-ignore
  const status = () => engine.engine.node.status('CSAS_O_0');
  await until(() => status()?.state === 'ERROR' && status()!.error!.includes('after 3 attempts'));
  expect(status()!.error).toContain('HTTP_4XX');
  refused = undefined;
  await engine.run('RESUME CSAS_O_0;');
  await until(async () => (await out(engine)).length === 3);
  expect(numbers(await out(engine)).sort()).toEqual([1, 2, 3]);
}, 20_000);

test('push and pull queries and the statement of a call: all rows, in order', async () => {
  delayOf = (n) => (n === 1 ? 40 : 0);
  const engine = await start();
  await engine.run(setup('UNORDERED'));
  await feed(engine, [['a', 1], ['a', 2], ['a', 3]]); // prettier-ignore
  await engine.settle();
  await until(async () => (await out(engine)).length === 3);
  expect(numbers(await out(engine))).toEqual([1, 2, 3]);
  expect(engine.engine.catalog.queries.get('CSAS_O_0')!.plan.root).toMatchObject({ input: { op: 'invokeUnordered' } });
  await engine.run(
    `CREATE STREAM o2 AS SELECT k, p.y AS y FROM s INVOKE MODEL m USING (s.n) WITH (OUTPUT_MODE='ORDERED') AS p;`,
  );
  expect(engine.engine.catalog.queries.get('CSAS_O2_1')!.plan.root).toMatchObject({ input: { op: 'invoke' } });
});
