import { partitionOf } from '../../records/murmur2.ts';
import { RecordRefused, type FailureSink, type ShadowRecord } from '../failures.ts';
import type { TaskLog } from '../ports/log.ts';

interface PendingShadows extends FailureSink {
  takeShadows(): readonly ShadowRecord[];
  /** Topics that the log knows. */
  readonly shadowTopics: Set<string>;
}

/**
 * Writes what shadows answered as part of the task's commit. A record for a topic that is not there is left out: no row depends on
 * it.
 */
export async function writeShadows(log: TaskLog, shadows: PendingShadows): Promise<void> {
  const known = shadows.shadowTopics;
  for (const { topic, key, value, timestamp } of shadows.takeShadows()) {
    if (!known.has(topic)) {
      await log.openTopic?.(topic);
      known.add(topic);
    }
    const partitions = log.partitions(topic);
    if (partitions === 0) {
      known.delete(topic);
      continue;
    }
    try {
      log.append(topic, key === null ? 0 : partitionOf(key, partitions), timestamp, key, value);
    } catch (error) {
      if (!(error instanceof RecordRefused)) throw error;
      shadows.report(error.message, 'produce', -1);
    }
  }
}
