import { sessionOptions } from '../config/session-options.ts';
import type { CollectLimits } from '../functions/define.ts';

/** What the properties of a query say of how it runs. */
export interface RunSettings {
  /** `auto.offset.reset`: a stream without a position is read from its beginning. */
  readonly earliest: boolean;
  /** `processing.guarantee`: whether a task on Kafka commits by transactions. */
  readonly exactlyOnce: boolean;
  /** `commit.interval.ms`: how often a task on Kafka commits. */
  readonly commitMs: number;
  /** `cache.max.bytes.buffering` above 0: only the last change of a key in a micro-batch is sent. */
  readonly conflate: boolean;
  /** How large the cache of a store is at most; undefined for the default. */
  readonly cacheBytes: number | undefined;
  /** `ksql.idle.timeout.ms`: after so long without input, what waits for stream time is sent. Undefined waits for ever. */
  readonly idleTimeoutMs: number | undefined;
  /** `max.task.idle.ms`: so long a join waits for an input that has nothing to give. */
  readonly maxIdleMs: number | undefined;
  /** `ksql.fail.on.deserialization.error` and `ksql.timestamp.throw.on.invalid`: what of a record stops the query when it cannot be read. */
  readonly failOn: { readonly value: boolean; readonly timestamp: boolean };
  /** `ksql.functions.collect_list.limit` and `…collect_set.limit`. */
  readonly limits: CollectLimits;
}

export function runSettings(properties: Readonly<Record<string, string>>): RunSettings {
  const bytes = sessionOptions.read('cache.max.bytes.buffering', properties);
  const exactlyOnce = sessionOptions.read('processing.guarantee', properties);
  return {
    earliest: sessionOptions.read('auto.offset.reset', properties),
    exactlyOnce,
    commitMs: sessionOptions.read('commit.interval.ms', properties) ?? (exactlyOnce ? 100 : 1000),
    conflate: bytes > 0,
    cacheBytes: bytes > 0 ? bytes : undefined,
    idleTimeoutMs: sessionOptions.read('ksql.idle.timeout.ms', properties),
    maxIdleMs: sessionOptions.read('max.task.idle.ms', properties),
    failOn: {
      value: sessionOptions.read('ksql.fail.on.deserialization.error', properties),
      timestamp: sessionOptions.read('ksql.timestamp.throw.on.invalid', properties),
    },
    limits: {
      list: sessionOptions.read('ksql.functions.collect_list.limit', properties),
      set: sessionOptions.read('ksql.functions.collect_set.limit', properties),
    },
  };
}

/** Every change is sent. */
export const noConflation: RunSettings = runSettings({ 'cache.max.bytes.buffering': '0' });
