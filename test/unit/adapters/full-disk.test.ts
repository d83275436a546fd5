import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EmbeddedLog } from '../../../src/adapters/embedded/embedded-log.ts';
import { RocksBackend } from '../../../src/adapters/rocksdb/rocks-backend.ts';
import type { StateBackend } from '../../../src/runtime/ports/state-backend.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';
import { numbersOf } from '../../support/topics.ts';
import { pulled } from '../../support/pulled.ts';

/** Mounts a small disk; returns why that cannot be. */
function mount(folder: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `a small disk cannot be mounted: ${(error as Error).message}`;
  }
}
/** Fills the disk up to some bytes. */
function fill(folder: string, left: number): void {
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - left)));
}

test.for([0, 200_000])(
  'a disk that fills up with %i bytes left, and has room again: acknowledged rows are there once, also after a restart',
  { timeout: 120_000 },
  async (left, context) => {
    const disk = mkdtempSync(join(tmpdir(), 'millrace-disk-'));
    const refused = mount(disk);
    if (refused !== undefined) return context.skip(refused);
    try {
      const disks = { pauses: { firstMs: 5, longestMs: 50 } };
      const folder = join(disk, 'state');
      const engine = await openEngine(folder, {}, undefined, disks);
      await engine.run(`CREATE STREAM s (k STRING KEY, n INT, pad STRING) WITH (kafka_topic='s', value_format='JSON', partitions=2);
        CREATE STREAM c WITH (partitions=3) AS SELECT k, n FROM s;
        CREATE TABLE t AS SELECT k, COUNT(*) AS c, LEN(LATEST_BY_OFFSET(pad)) AS l FROM s GROUP BY k;`);
      const acknowledged: number[] = [];
      let n = 0;
      const insert = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++, n++) {
          const value = JSON.stringify({ N: n, PAD: 'x'.repeat(2000) });
          const record = { key: `k${n % 7}`, value, timestamp: n, partition: undefined };
          await engine.engine.node.produce('s', [record]).then(
            () => acknowledged.push(n),
            (error: unknown) => expect(String(error)).toMatch(/no space|ENOSPC|cannot be written|opened again/i),
          );
        }
      };
      await insert(100);
      await engine.settle();
      fill(disk, left);
      // Some go through, until the disk is full; a few are enough to see that nothing more is taken.
      for (let refusals = 0; refusals < 3;) {
        const before = acknowledged.length;
        await insert(1);
        if (acknowledged.length === before) refusals++;
      }
      await new Promise((resolve) => setTimeout(resolve, 300)); // the queries meet it too
      rmSync(join(disk, 'ballast'));
      for (;;) {
        const before = acknowledged.length;
        await insert(1);
        if (acknowledged.length > before) break;
      }
      await insert(100);
      const check = async (on: TestEngine): Promise<void> => {
        await on.settle();
        expect(await numbersOf(on.engine.node, 's')).toEqual(acknowledged);
        expect(await numbersOf(on.engine.node, 'C')).toEqual(acknowledged);
        const counts = (await pulled(on.engine.node, 'CTAS_T_1')).map(({ after }) => after![1] as number);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(acknowledged.length);
      };
      await check(engine);
      await engine.close();
      const again = await openEngine(folder);
      await check(again);
      await again.close();
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  },
);

test('a database whose write-ahead log met a full disk is opened again, and holds what was acknowledged', async (context) => {
  const disk = mkdtempSync(join(tmpdir(), 'millrace-disk-'));
  const refused = mount(disk);
  if (refused !== undefined) return context.skip(refused);
  try {
    const backend = await RocksBackend.open(join(disk, 'db'));
    const log = new EmbeddedLog({ folder: join(disk, 'log'), backend, sync: false });
    const acknowledged: string[] = [];
    let i = 0;
    const commit = async (): Promise<boolean> => {
      const key = `k${String(i++).padStart(5, '0')}`;
      try {
        await log.whenReady(() => {
          const batch = backend.batch();
          batch.put(Buffer.from(key), Buffer.alloc(50_000, i));
          log.write(batch);
        });
      } catch {
        return false;
      }
      acknowledged.push(key);
      return true;
    };
    fill(disk, 3_000_000);
    while (await commit());
    expect(log.isReady).toBe(false);
    rmSync(join(disk, 'ballast'));
    await log.ready();
    expect(log.number).toBe(acknowledged.length);
    for (let more = 0; more < 20; more++) expect(await commit()).toBe(true);
    const keys = (from: StateBackend): string[] => [...from.range(Buffer.from('k'), Buffer.from('l'))].map(String);
    const held = keys(backend).map((entry) => entry.slice(0, 6));
    expect(held).toEqual(acknowledged);
    log.close();
    await backend.close();
    const again = await RocksBackend.open(join(disk, 'db'));
    expect(keys(again).map((entry) => entry.slice(0, 6))).toEqual(acknowledged);
    await again.close();
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
});
