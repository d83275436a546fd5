import { sessionOptions } from '../config/session-options.ts';

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
  };
}

/** Every change is sent. */
export const noConflation: RunSettings = runSettings({ 'cache.max.bytes.buffering': '0' });
