import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Catalog } from '../../../src/catalog/catalog.ts';
import { ViewLags } from '../../../src/engine/view-lags.ts';
import type { Node, QueryWhereabouts } from '../../../src/runtime/ports/node.ts';
import { openEngine } from '../../support/memory-node.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

/** A view whose one query has two partitions: each look takes the ends and the positions of its time. */
function watched(target = 1000): {
  readonly lags: ViewLags;
  look: (ends: readonly number[] | undefined, committed?: readonly number[]) => Promise<unknown>;
} {
  let found: QueryWhereabouts | undefined;
  const source = { createdBy: 'q', featureView: { freshnessTargetMs: target } };
  const catalog = { sources: new Map([['V', source]]) } as unknown as Catalog;
  const whereabouts = (): Promise<QueryWhereabouts | undefined> =>
    found === undefined ? Promise.reject(new TypeError('the broker is away')) : Promise.resolve(found);
  const lags = new ViewLags(() => catalog, { whereabouts } as unknown as Node);
  return {
    lags,
    look: async (ends, committed = ends) => {
      found = ends && {
        group: 'q',
        hosts: undefined,
        positions: ends.map((end, partition) => ({
          topic: 't',
          partition,
          start: 0,
          end,
          committed: committed![partition]!,
        })),
      };
      return lags.freshness('V', target);
    },
  };
}

test('a view that has all is not behind, however long nothing comes', async () => {
  const { look } = watched();
  expect(await look([5, 0])).toEqual({ lagMs: 0, isFresh: true });
  vi.advanceTimersByTime(60_000);
  expect(await look([5, 0])).toEqual({ lagMs: 0, isFresh: true });
});

test('the lag is the time since the newest look whose ends every partition has passed', async () => {
  const { look } = watched();
  await look([5, 5]);
  vi.advanceTimersByTime(400);
  expect(await look([9, 5], [5, 5])).toEqual({ lagMs: 400, isFresh: true });
  vi.advanceTimersByTime(500);
  expect(await look([12, 8], [9, 4])).toEqual({ lagMs: 900, isFresh: true });
  vi.advanceTimersByTime(500);
  // One partition is at the ends of the last look, the other one is not.
  expect(await look([20, 8], [12, 5])).toEqual({ lagMs: 1000, isFresh: true });
  vi.advanceTimersByTime(200);
  expect(await look([20, 8], [12, 8])).toEqual({ lagMs: 700, isFresh: true });
  vi.advanceTimersByTime(2000);
  expect(await look([20, 8], [12, 8])).toEqual({ lagMs: 2700, isFresh: false });
  expect(await look([20, 8], [20, 8])).toEqual({ lagMs: 0, isFresh: true });
});

test('what is not known yet is neither fresh nor late until the target is over', async () => {
  const { look } = watched();
  expect(await look([100, 0], [3, 0])).toEqual({ lagMs: null, isFresh: null });
  vi.advanceTimersByTime(1001);
  expect(await look([100, 0], [4, 0])).toEqual({ lagMs: null, isFresh: false });
});

test('positions that cannot be read are a lag that grows', async () => {
  const { look } = watched();
  await look([1, 1]);
  vi.advanceTimersByTime(1500);
  expect(await look(undefined)).toEqual({ lagMs: 1500, isFresh: false });
});

test('a query far behind is told so, however often it is looked at', async () => {
  const { look } = watched();
  await look([0, 0]);
  for (let i = 1; i <= 1000; i++) {
    vi.advanceTimersByTime(100);
    await look([i, 0], [0, 0]);
  }
  expect(await look([1000, 0], [0, 0])).toEqual({ lagMs: 100_000, isFresh: false });
  const lag = (await look([1000, 0], [900, 0])) as { lagMs: number };
  expect(lag.lagMs).toBeGreaterThanOrEqual(10_000);
  expect(lag.lagMs).toBeLessThan(20_000);
});

test('views are looked at again and again until the node ends', async () => {
  const { lags, look } = watched(8000);
  await look([1, 1]);
  lags.start();
  await vi.advanceTimersByTimeAsync(5000);
  await look([2, 1], [1, 1]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(lags.lagOf('q')!.ms).toBeGreaterThanOrEqual(9000);
  lags.close();
  const last = lags.lagOf('q');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(lags.lagOf('q')).toEqual(last);
});

test('a view that is paused is late until it goes on, over a restart and with what ALTER sets', async () => {
  vi.useRealTimers();
  let node = await openEngine();
  const told = async (): Promise<unknown> => {
    const [answer] = (await node.run('DESCRIBE FEATURE VIEW v;')) as { sourceDescription: Record<string, unknown> }[];
    const { freshnessTargetMs, isFresh } = answer!.sourceDescription['featureView'] as Record<string, unknown>;
    return [freshnessTargetMs, isFresh];
  };
  await node.run(`CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=2);
    CREATE FEATURE VIEW v ENTITY KEY (id) WITH (FRESHNESS='1 DAY') AS SELECT id, n FROM s EMIT CHANGES;
    INSERT INTO s (id, n) VALUES ('a', 1);`);
  await node.settle();
  expect(await told()).toEqual([86_400_000, true]);
  const started = vi.spyOn(node.engine.node, 'startQuery');
  await node.run('ALTER FEATURE VIEW v SET (FRESHNESS=20 MILLISECONDS);');
  expect(started.mock.calls.map(([query]) => query.properties['commit.interval.ms'])).toEqual(['10']);
  await node.run("PAUSE FEATURE_VIEW_V_0; INSERT INTO s (id, n) VALUES ('b', 1);");
  await expect.poll(told, { timeout: 20_000 }).toEqual([20, false]);
  await node.close();
  node = await openEngine(node.folder);
  await expect.poll(told, { timeout: 20_000 }).toEqual([20, false]);
  await node.run('RESUME FEATURE_VIEW_V_0;');
  await expect.poll(told, { timeout: 20_000 }).toEqual([20, true]);
  await node.close();
});
