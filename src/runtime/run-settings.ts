import { sessionOptions } from '../config/session-options.ts';
import type { CollectLimits } from '../functions/define.ts';

/** The settings of running a query, from its properties. */
export interface RunSettings {
  /** `auto.offset.reset`: whether a stream without a committed position is read from its beginning. */
  readonly earliest: boolean;
  /** `processing.guarantee`: whether a task on Kafka commits in transactions. */
  readonly exactlyOnce: boolean;
  /** `commit.interval.ms`: how often a task on Kafka commits; 0 for each micro-batch. `behindMs`: how often while it is far behind. */
  readonly commit: { readonly everyMs: number; readonly behindMs: number };
  /** `cache.max.bytes.buffering` above 0: only the last change of a key in a micro-batch is emitted. */
  readonly conflate: boolean;
  /** The maximum size of a store's cache; undefined for the default. */
  readonly cacheBytes: number | undefined;
  /**
   * `ksql.idle.timeout.ms`: after this time without input, windows are closed as if stream time had passed. Undefined means
   * never.
   */
  readonly idleTimeoutMs: number | undefined;
  /** `max.task.idle.ms`: how long a join waits for an input that has no records. */
  readonly maxIdleMs: number | undefined;
  /**
   * `ksql.fail.on.deserialization.error`, `ksql.timestamp.throw.on.invalid` and `ksql.fail.on.production.error`: which rows that
   * cannot be read or written stop the query.
   */
  readonly failOn: { readonly value: boolean; readonly timestamp: boolean; readonly production: boolean };
  /** `ksql.logging.processing.rows.include`: whether the processing log has copies of the records that failed. */
  readonly logsRecords: boolean;
  /** `ksql.functions.collect_list.limit` and `…collect_set.limit`. */
  readonly limits: CollectLimits;
}

/** Every micro-batch is committed. */
export const eachBatch: RunSettings['commit'] = { everyMs: 0, behindMs: 0 };

function commitOf(interval: number | undefined, exactlyOnce: boolean): RunSettings['commit'] {
  if (interval !== undefined) return { everyMs: interval, behindMs: interval };
  return exactlyOnce ? { everyMs: 100, behindMs: 500 } : { everyMs: 1000, behindMs: 1000 };
}

export function runSettings(properties: Readonly<Record<string, string>>): RunSettings {
  const bytes = sessionOptions.read('cache.max.bytes.buffering', properties);
  const exactlyOnce = sessionOptions.read('processing.guarantee', properties);
  return {
    earliest: sessionOptions.read('auto.offset.reset', properties),
    exactlyOnce,
    commit: commitOf(sessionOptions.read('commit.interval.ms', properties), exactlyOnce),
    conflate: bytes !== 0,
    cacheBytes: bytes === 0 ? undefined : bytes,
    idleTimeoutMs: sessionOptions.read('ksql.idle.timeout.ms', properties),
    maxIdleMs: sessionOptions.read('max.task.idle.ms', properties),
    failOn: {
      value: sessionOptions.read('ksql.fail.on.deserialization.error', properties),
      timestamp: sessionOptions.read('ksql.timestamp.throw.on.invalid', properties),
      production: sessionOptions.read('ksql.fail.on.production.error', properties),
    },
    logsRecords: sessionOptions.read('ksql.logging.processing.rows.include', properties),
    limits: {
      list: sessionOptions.read('ksql.functions.collect_list.limit', properties),
      set: sessionOptions.read('ksql.functions.collect_set.limit', properties),
    },
  };
}

/** The settings without conflation: every change is emitted. */
export const noConflation: RunSettings = runSettings({ 'cache.max.bytes.buffering': '0' });
