import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReachedStores } from '../../src/adapters/online/reached-stores.ts';
import type { EntityWrite, OnlineSpec } from '../../src/runtime/ports/online-store.ts';
import { BIGINT, DOUBLE, STRING } from '../../src/types/sql-type.ts';
import { Random } from '../fuzz/random.ts';
import { setAws } from '../../src/util/aws.ts';
import { TestDynamo } from '../support/dynamodb.ts';
import { noRedis, TestRedis } from '../support/redis.ts';
import { runsOf, seedOf } from '../support/scale.ts';

const columns = [
  { name: 'K', type: STRING },
  { name: 'N', type: BIGINT },
  { name: 'X', type: DOUBLE },
];

/** What is left of writes: that of the greatest time, of the earliest window of it, of the last offset. */
const isNewer = (a: EntityWrite, b: EntityWrite): boolean =>
  a.time !== b.time
    ? a.time > b.time
    : a.windowStart !== b.windowStart
      ? a.windowStart! < b.windowStart!
      : a.offset >= b.offset;

/** Each store and layout, with why it is not tried here, and how many runs its server takes in good time. */
const layouts: readonly {
  readonly name: string;
  readonly store: Pick<OnlineSpec, 'store' | 'layout'>;
  readonly why: string | undefined;
  readonly runs: number;
}[] = [
  { name: 'plain', store: { store: 'redis', layout: 'plain' }, why: noRedis, runs: 20 },
  { name: 'feast', store: { store: 'redis', layout: 'feast' }, why: noRedis, runs: 20 },
  { name: 'dynamodb', store: { store: 'dynamodb', layout: 'plain' }, why: undefined, runs: 5 },
];

describe('stores of entities', { timeout: 300_000 }, () => {
  let redis: TestRedis | undefined;
  let dynamo: TestDynamo;
  beforeAll(async () => {
    if (noRedis === undefined) redis = await TestRedis.start();
    dynamo = await TestDynamo.start('features');
  });
  afterAll(async () => {
    setAws({ endpoints: {} });
    await redis?.kill();
    await dynamo.kill();
  });

  for (const { name, store: kind, why, runs } of layouts)
    test.skipIf(why !== undefined)(
      `${name}: in whatever order rows are written, and however often, the newest of each entity is left`,
      async () => {
        const stores = new ReachedStores();
        const spec: OnlineSpec = {
          ...kind,
          url: kind.store === 'redis' ? redis!.url : 'dynamodb://features',
          prefix: `${name}:`,
          view: 'V',
          version: 1,
          key: ['K'],
          order: 'time',
          ttlMs: 3_600_000,
          validates: true,
        };
        const store = stores.open(spec, columns);
        const later = stores.open({ ...spec, version: 2 }, columns);
        const random = new Random(seedOf(3));
        const now = Date.now();
        for (let run = 0; run < runsOf(runs); run++) {
          const keys = Array.from({ length: 3 }, (_, i) => [`${run}-é|${i}`]);
          const newest = new Map<string, EntityWrite>();
          const writes = Array.from({ length: 30 }, (_, offset): EntityWrite => {
            const key = random.pick(keys);
            const row = [key[0]!, random.below(5) === 0 ? null : offset, offset / 3];
            const write = { key, row, time: now + random.below(4), windowStart: random.below(3), offset };
            const before = newest.get(key[0]!);
            if (before === undefined || isNewer(write, before)) newest.set(key[0]!, write);
            return write;
          });
          for (const write of [...writes, ...writes].sort(() => random.next() - 0.5)) await store.write([write]);
          const expected = keys.map((key) => {
            const found = newest.get(key[0]!);
            return found && { row: found.row, time: found.time };
          });
          expect(await store.read(keys)).toEqual(expected);
          // A later version of the view counts before any time.
          const again = {
            key: keys[0]!,
            row: [keys[0]![0]!, -1, 0.5],
            time: 1 + now - 60_000,
            windowStart: 9,
            offset: 0,
          };
          await later.write([again]);
          await store.write(writes);
          expect(await store.read([keys[0]!])).toEqual([{ row: again.row, time: again.time }]);
          await store.erase(keys);
          expect(await store.read(keys)).toEqual(keys.map(() => undefined));
        }
        await stores.close();
      },
    );
});
