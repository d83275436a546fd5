/** Ordered bytes by key on disk or in memory: what caches are loaded from, and flushed to in batches. Calls do not wait. */
export interface StateBackend {
  /** The values of some keys, undefined where there is none. */
  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[];
  /** The entries with `from <= key < to`, in order of their bytes. */
  range(from: Buffer, to: Buffer): Iterable<readonly [Buffer, Buffer]>;
  /** Applies all or nothing. `sync` waits for the disk. */
  write(batch: readonly StateWrite[], sync: boolean): void;
  /** Deletes a range, outside any batch; doing it twice does no harm. */
  deleteRange(from: Buffer, to: Buffer): void;
  close(): Promise<void>;
}

/** A put, or with a null value a deletion. */
export interface StateWrite {
  readonly key: Buffer;
  readonly value: Buffer | null;
}
