import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedLog } from '../../../../src/adapters/embedded/embedded-log.ts';
import { LogCleaner } from '../../../../src/adapters/embedded/log-cleaner.ts';
import { nodeFiles } from '../../../../src/adapters/embedded/log-files.ts';
import type { PartitionLog } from '../../../../src/adapters/embedded/partition-log.ts';
import { MemoryBackend } from '../../../../src/adapters/memory/memory-backend.ts';
import { logSettingsOf } from '../../../../src/cli/log-settings.ts';
import type { logOptions } from '../../../../src/config/log-options.ts';
import { readSettings } from '../../../../src/config/settings.ts';
import { recordsIn, batchesOf } from '../../../../src/runtime/topic-records.ts';
import { newFolder } from '../../../support/files.ts';
import type { Case, Cases } from './cases.ts';

interface Compacted {
  readonly partition: PartitionLog;
  readonly put: (key: string, value: string | null) => void;
  readonly clean: () => Promise<void>;
}
/** A compacted topic with small segments on a log with the setting, and what of it is seen. */
const compacted = (
  name: string,
  see: (log: Compacted) => Promise<unknown>,
  gives: Case['gives'],
  others: Record<string, string> = { 'log.segment.bytes': '1024' },
): Case => ({
  async see(value) {
    const settings = logSettingsOf(readSettings({ ...others, [name]: value }, {}, undefined));
    const log = new EmbeddedLog({ folder: newFolder(), backend: new MemoryBackend(), sync: false, settings });
    log.create('t', { partitions: 1, replicas: 1, config: { 'cleanup.policy': 'compact' } });
    const neededFrom = (): Promise<number> => Promise.resolve(Infinity);
    const cleaner = new LogCleaner({ log, files: nodeFiles, settings, neededFrom, say: () => undefined });
    const seen = await see({
      partition: log.partition('t', 0)!,
      put: (key, text) => {
        const records = [{ key, value: text, timestamp: 1, partition: 0 }];
        log.commit({ appends: batchesOf(records, 1).map((batch) => ({ topic: 't', ...batch })) });
      },
      clean: () => cleaner.round(),
    });
    await cleaner.close();
    log.close();
    return seen;
  },
  gives,
});
const fill = ({ put }: Compacted, keys = 2, records = 60): void => {
  for (let i = 0; i < records; i++) put(`k${i % keys}`, String(i));
};
const offsetsOf = ({ partition }: Compacted): number[] =>
  [...recordsIn(partition.read(0, 1 << 20), 0, 0)].map(({ offset }) => offset);

export const logCases: Cases<(typeof logOptions)[number]> = {
  'log.segment.bytes': compacted(
    'log.segment.bytes',
    async (log) => {
      fill(log);
      return Promise.resolve(log.partition.sealed.length > 2);
    },
    [
      ['1024', true],
      ['67108864', false],
    ],
  ),
  'log.roll.ms': compacted(
    'log.roll.ms',
    async (log) => {
      log.put('k', 'a');
      await sleep(5);
      log.put('k', 'b');
      return log.partition.sealed.length;
    },
    [
      ['1', 1],
      ['60000', 0],
    ],
  ),
  'log.cleaner.enable': {
    see: (value) =>
      Promise.resolve(logSettingsOf(readSettings({ 'log.cleaner.enable': value }, {}, undefined)).isCleaned),
    gives: [
      ['true', true],
      ['false', false],
    ],
  },
  'log.cleaner.min.cleanable.ratio': compacted(
    'log.cleaner.min.cleanable.ratio',
    async (log) => {
      fill(log, 60);
      await log.clean();
      fill(log, 2, 20);
      await log.clean();
      return log.partition.sealed.every(({ isClean }) => isClean);
    },
    [
      ['0.1', true],
      ['0.9', false],
    ],
  ),
  'log.cleaner.min.compaction.lag.ms': compacted(
    'log.cleaner.min.compaction.lag.ms',
    async (log) => {
      fill(log);
      await log.clean();
      return log.partition.sealed.some(({ isClean }) => isClean);
    },
    [
      ['0', true],
      ['60000', false],
    ],
  ),
  'log.cleaner.delete.retention.ms': compacted(
    'log.cleaner.delete.retention.ms',
    async (log) => {
      log.put('gone', null);
      for (let i = 0; i < 2; i++) {
        fill(log);
        await log.clean();
        await sleep(2);
      }
      return offsetsOf(log)[0] === 0;
    },
    [
      ['60000', true],
      ['0', false],
    ],
  ),
  'log.cleaner.dedupe.buffer.size': compacted(
    'log.cleaner.dedupe.buffer.size',
    async (log) => {
      fill(log, 60);
      await log.clean();
      return log.partition.sealed.some(({ revision }) => revision > 1);
    },
    [
      ['1024', true],
      ['1000000', false],
    ],
  ),
  'log.cleaner.backoff.ms': compacted(
    'log.cleaner.backoff.ms',
    async (log) => {
      fill(log);
      await sleep(300);
      return log.partition.sealed.some(({ isClean }) => isClean);
    },
    [
      ['1', true],
      ['60000', false],
    ],
  ),
};
