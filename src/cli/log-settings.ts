import type { LogSettings } from '../adapters/embedded/log-entries.ts';
import { serverOptions } from '../config/server-options.ts';
import type { Settings } from '../config/settings.ts';

/** How the embedded log of a server is kept. */
export const logSettingsOf = (settings: Settings): LogSettings => ({
  isCleaned: serverOptions.read('log.cleaner.enable', settings),
  segmentBytes: serverOptions.read('log.segment.bytes', settings),
  rollMs: serverOptions.read('log.roll.ms', settings),
  bufferBytes: serverOptions.read('log.cleaner.dedupe.buffer.size', settings),
  minRatio: serverOptions.read('log.cleaner.min.cleanable.ratio', settings),
  deleteRetentionMs: serverOptions.read('log.cleaner.delete.retention.ms', settings),
  minLagMs: serverOptions.read('log.cleaner.min.compaction.lag.ms', settings),
  backoffMs: serverOptions.read('log.cleaner.backoff.ms', settings),
});
