import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { rowsOf } from '../../../src/runtime/batch.ts';
import { Draws } from '../../../src/runtime/datagen.ts';
import { Datagen } from '../../../src/runtime/operators/datagen.ts';
import { KeyValueStore } from '../../../src/runtime/stores/key-value-store.ts';
import type { DatagenSpec } from '../../../src/specs/datagen.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';
import { runsOf } from '../../support/scale.ts';
import { consume } from '../../support/topics.ts';

const numbered: DatagenSpec = {
  rowsPerSecond: 100,
  rows: undefined,
  seed: 1,
  fields: [{ type: { kind: 'INTEGER' }, values: { kind: 'sequence', start: 0, step: 1 }, nullRate: 0 }],
  tickMs: 20,
};
/** A datagen whose clock the caller moves, over a store that another one may go on from. */
function open(spec: DatagenSpec, backend = new MemoryBackend()) {
  const store = new KeyValueStore<number>(
    { backend, prefix: Buffer.from('d'), cacheBytes: 1 << 20 },
    { name: 'datagen', version: 1 },
  );
  let now = 1_000_000;
  const datagen = new Datagen(store, { spec, keyCount: 1, now: () => now });
  const after = (ms: number): number[] => {
    now += ms;
    return rowsOf(datagen.tick()).map(({ after: row }) => row![0] as number);
  };
  after(0);
  return { store, backend, after };
}

test('however ticks fall, the rate is kept, and no row is left out or made twice', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 40 }), (steps) => {
      const { after } = open(numbered);
      const made = steps.flatMap(after);
      const passed = steps.reduce((a, b) => a + b, 0);
      expect(made).toEqual(Array.from({ length: Math.floor(passed / 10) }, (_, i) => i));
    }),
    { numRuns: runsOf(100) },
  );
});

test('what a pause missed is not made up for, and the rows have an end', () => {
  const { after } = open({ ...numbered, rows: 130 });
  expect(after(3_600_000)).toHaveLength(100);
  expect(after(10)).toEqual([100]);
  expect(after(1000)).toEqual(Array.from({ length: 29 }, (_, i) => 101 + i));
  expect(after(1000)).toEqual([]);
});

test('a clock that is set back makes no rows and stops none', () => {
  const { after } = open(numbered);
  expect(after(-5000)).toEqual([]);
  expect(after(20)).toEqual([0, 1]);
});

test('numbers that are drawn are spread evenly and hang on seed, column and row alone', () => {
  const draws = new Draws(7);
  const counts = new Array<number>(16).fill(0);
  const at = (column: number, row: number): number => {
    draws.begin(column, row);
    return draws.unit();
  };
  for (let row = 0; row < 8000; row++)
    for (let column = 0; column < 2; column++) counts[Math.floor(at(column, row) * 16)]!++;
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  expect(at(0, 5)).toBe(at(0, 5));
  expect(new Set([at(0, 5), at(1, 5), at(0, 6), at(0, 2 ** 33 + 5)]).size).toBe(4);
});

const made = (options: string): string =>
  `CREATE SOURCE STREAM made (k STRING KEY, n INT, x DOUBLE) WITH (CONNECTOR='datagen', SEED=9, KAFKA_TOPIC='made', VALUE_FORMAT='JSON', PARTITIONS=1,
   'fields.n.kind'='sequence', ${options});`;
/** The rows without their times. */
const rows = async ({ engine }: TestEngine): Promise<string[]> =>
  (await consume(engine, 'MADE')).map((line) => line.replace(/@\d+/, ''));

test('a restart goes on at the next row: the rows are those of a node that ran through', async () => {
  const through = await openEngine();
  await through.run(made('ROWS_PER_SECOND=1000, NUMBER_OF_ROWS=400'));
  await expect.poll(() => rows(through), { timeout: 20_000 }).toHaveLength(400);
  const expected = await rows(through);
  await through.close();
  let node = await openEngine();
  await node.run(made('ROWS_PER_SECOND=1000, NUMBER_OF_ROWS=400'));
  for (const least of [1, 120, 260]) {
    await expect.poll(async () => (await rows(node)).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(least);
    const { folder } = node;
    await node.close();
    node = await openEngine(folder);
  }
  await expect.poll(() => rows(node), { timeout: 20_000 }).toHaveLength(400);
  expect(await rows(node)).toEqual(expected);
  await node.close();
});

test('PAUSE, RESUME, TERMINATE and DROP hold for it as for any query', async () => {
  const node = await openEngine();
  await node.run(made('ROWS_PER_SECOND=500'));
  const count = async (): Promise<number> => (await rows(node)).length;
  await expect.poll(count).toBeGreaterThan(5);
  const [id] = node.engine.catalog.queries.keys();
  await node.run(`PAUSE ${id};`);
  await expect.poll(() => node.engine.node.status(id!)?.state).toBe('PAUSED');
  let before = -1;
  await expect.poll(async () => before === (before = await count()), { interval: 100 }).toBe(true);
  await node.run(`RESUME ${id};`);
  await expect.poll(count).toBeGreaterThan(before + 5);
  await node.run(`TERMINATE ${id};`);
  expect(node.engine.catalog.queries.size).toBe(0);
  const ended = await count();
  await node.run(`DROP STREAM made;`);
  await node.run(made('ROWS_PER_SECOND=500').replace('SOURCE STREAM', 'STREAM'));
  await expect.poll(count).toBeGreaterThan(ended);
  await node.run('DROP STREAM made DELETE TOPIC;');
  expect(node.engine.catalog.queries.size).toBe(0);
  await node.close();
});
