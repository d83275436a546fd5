/** What the properties of a query say of how it runs. */
export interface RunSettings {
  /** `cache.max.bytes.buffering` above 0: only the last change of a key in a micro-batch is sent. */
  readonly conflate: boolean;
  /** How large the cache of a store is at most; undefined for the default. */
  readonly cacheBytes: number | undefined;
  /** `ksql.idle.timeout.ms`: after so long without input, what waits for stream time is sent. Undefined waits for ever. */
  readonly idleTimeoutMs: number | undefined;
}

/** Every change is sent. */
export const noConflation: RunSettings = { conflate: false, cacheBytes: undefined, idleTimeoutMs: undefined };

export function runSettings(properties: Readonly<Record<string, string>>): RunSettings {
  const given = properties['cache.max.bytes.buffering'];
  const bytes = given === undefined ? NaN : Number(given);
  const idle = Number(properties['ksql.idle.timeout.ms'] ?? 0);
  return {
    conflate: bytes !== 0,
    cacheBytes: bytes > 0 ? bytes : undefined,
    idleTimeoutMs: idle > 0 ? idle : undefined,
  };
}
