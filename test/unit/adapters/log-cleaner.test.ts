import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EmbeddedLog } from '../../../src/adapters/embedded/embedded-log.ts';
import { LogCleaner } from '../../../src/adapters/embedded/log-cleaner.ts';
import { logDefaults } from '../../../src/adapters/embedded/log-entries.ts';
import { nodeFiles, type LogFiles } from '../../../src/adapters/embedded/log-files.ts';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import type { StateBackend } from '../../../src/runtime/ports/state-backend.ts';
import { batchesOf } from '../../../src/runtime/topic-records.ts';
import { newFolder } from '../../support/files.ts';
import { FaultyDisk } from '../../support/faulty-disk.ts';

const settings = { ...logDefaults, segmentBytes: 60, minRatio: 0, backoffMs: 1e9 };

interface Opened {
  readonly folder: string;
  readonly log: EmbeddedLog;
  readonly said: string[];
  readonly cleaner: LogCleaner;
  readonly append: (topic: string, count: number) => void;
  readonly size: () => number;
}

/** A log with a compacted topic `t` of several segments, and a stream's. */
function open(
  files: LogFiles = nodeFiles,
  backend: StateBackend = new MemoryBackend(),
  neededFrom: (topic: string) => Promise<number> = () => Promise.resolve(Infinity),
): Opened {
  const folder = newFolder();
  const log = new EmbeddedLog({ folder, backend, sync: false, settings, files });
  log.create('t', { partitions: 1, replicas: 1, config: { 'cleanup.policy': 'compact' } });
  log.create('stream', { partitions: 1, replicas: 1, config: {} });
  const append = (topic: string, count: number): void => {
    for (let i = 0; i < count; i++) {
      const records = [{ key: `k${i % 2}`, value: `row ${i}`, timestamp: i, partition: 0 }];
      log.commit({ appends: batchesOf(records, 1).map((batch) => ({ topic, ...batch })) });
    }
  };
  append('t', 12);
  append('stream', 1);
  const said: string[] = [];
  const cleaner = new LogCleaner({ log, files, settings, neededFrom, say: (text) => said.push(text) });
  return { folder, log, said, cleaner, append, size: () => log.partition('t', 0)!.bytes };
}

test('before former segments are deleted, what takes their place, its name, the commit and what it counts on are on the disk', async () => {
  const [paths, done] = [new Map<number, string>(), [] as string[]];
  const files: LogFiles = {
    ...nodeFiles,
    open: (path, mode) => {
      const file = nodeFiles.open(path, mode);
      paths.set(file, path);
      return file;
    },
    syncLater: async (file) => {
      await nodeFiles.syncLater(file);
      done.push(`sync ${paths.get(file)}`);
    },
    syncFolderLater: async (path) => {
      await nodeFiles.syncFolderLater(path);
      done.push(`folder ${path}`);
    },
    remove: (path) => {
      done.push(`remove ${path}`);
      nodeFiles.remove(path);
    },
  };
  const backend = new MemoryBackend();
  const { folder, log, cleaner, append } = open(files, backend);
  await log.syncLater();
  done.length = 0;
  append('stream', 1);
  const begin = backend.batch.bind(backend);
  backend.batch = () => {
    const batch = begin();
    const write = batch.write.bind(batch);
    return Object.assign(batch, {
      write: (sync: boolean) => {
        write(sync);
        if (sync) done.push('commit');
      },
    });
  };
  await cleaner.round();
  const commit = done.indexOf('commit');
  const [own, stream] = [join(folder, 't/0'), join(folder, 'stream/0')];
  expect(done.slice(0, commit)).toEqual([
    `sync ${join(own, '00000000000000000000-1.log')}`,
    `folder ${own}`,
    // The database names these bytes, and will be on the disk.
    `sync ${join(stream, '00000000000000000001.log')}`,
    `folder ${stream}`,
  ]);
  expect(done.findIndex((what) => what.startsWith('remove'))).toBeGreaterThan(commit);
  await cleaner.close();
  log.close();
});

test('where it cannot be known what queries have still to read, nothing is compacted, and nothing else comes of it', async () => {
  let isAway = true;
  const neededFrom = (): Promise<number> =>
    isAway ? Promise.reject(new TypeError('the database is away')) : Promise.resolve(Infinity);
  const { log, cleaner, said, size } = open(undefined, undefined, neededFrom);
  const before = size();
  await cleaner.round();
  await cleaner.round();
  expect([size(), said, (await cleaner.figures()).reclaimedBytes]).toEqual([
    before,
    ['nothing is compacted: the database is away'],
    0,
  ]);
  isAway = false;
  await cleaner.round();
  expect([size() < before, (await cleaner.figures()).cleanableBytes]).toEqual([true, 0]);
  await cleaner.close();
  log.close();
});

test('what cannot be compacted is left out for twice as long each time, until it can', async () => {
  const disk = new FaultyDisk('ENOSPC', 1, Infinity);
  const { log, cleaner, said, size } = open(disk.files);
  const before = size();
  disk.isArmed = true;
  for (let i = 0; i < 10; i++) await cleaner.round(true);
  disk.isArmed = false;
  expect([(await cleaner.figures()).failures, said.length, size()]).toEqual([4, 1, before]);
  for (let i = 10; i < 16; i++) await cleaner.round(true);
  expect(size()).toBeLessThan(before);
  await cleaner.close();
  log.close();
});

test('a topic that is deleted while it is compacted is no failure', async () => {
  let isDeleted = false;
  const files: LogFiles = {
    ...nodeFiles,
    remove: (path) => {
      nodeFiles.remove(path);
      if (isDeleted || !path.endsWith('.log')) return;
      isDeleted = true;
      queueMicrotask(() => {
        log.delete('t');
      });
    },
  };
  const { log, cleaner, said } = open(files);
  await cleaner.round();
  expect([isDeleted, log.names(), said, (await cleaner.figures()).failures]).toEqual([true, ['stream'], [], 0]);
  await cleaner.close();
  log.close();
});

/** The first is there all the same, the second is not. */
test.each(['late', 'ENOSPC'] as const)(
  'where the commit of a compaction fails (%s), it decides which files stay',
  async (fault) => {
    const disk = new FaultyDisk(fault, 1, 1);
    const backend = await disk.openBackend(newFolder());
    const { folder, log, cleaner, said, size } = open(nodeFiles, backend);
    const before = size();
    disk.isArmed = true;
    await cleaner.round();
    disk.isArmed = false;
    expect([size() < before, said.length]).toEqual(fault === 'late' ? [true, 0] : [false, 1]);
    const known = (): number => log.partition('t', 0)!.sealed.length + (log.partition('t', 0)!.end.bytes > 0 ? 1 : 0);
    expect(readdirSync(join(folder, 't/0')).length).toBe(known());
    await cleaner.round();
    expect([size() < before, readdirSync(join(folder, 't/0')).length]).toEqual([true, known()]);
    expect(log.partition('t', 0)!.verify()).toEqual([]);
    await cleaner.close();
    log.close();
    await backend.close();
  },
);
