/** What `cache.max.bytes.buffering` asks for: above 0 a table's rows are conflated, and each store's cache is so large at most. */
export interface CacheSettings {
  readonly conflate: boolean;
  /** Undefined for the default. */
  readonly cacheBytes: number | undefined;
}

/** Every change is sent. */
export const noConflation: CacheSettings = { conflate: false, cacheBytes: undefined };

export function cacheSettings(properties: Readonly<Record<string, string>>): CacheSettings {
  const given = properties['cache.max.bytes.buffering'];
  const bytes = given === undefined ? NaN : Number(given);
  return { conflate: bytes !== 0, cacheBytes: bytes > 0 ? bytes : undefined };
}
