/** Ordered bytes by key on disk or in memory: what caches are loaded from, and flushed to in batches. Calls do not wait. */
export interface StateBackend {
  /** The values of some keys, undefined where there is none. */
  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[];
  /** The entries with `from <= key < to`, in order of their bytes. */
  range(from: Buffer, to: Buffer): Iterable<readonly [Buffer, Buffer]>;
  /** The last key with `from <= key < to`. */
  last(from: Buffer, to: Buffer): Buffer | undefined;
  /** Begins a batch: nothing of it is there before `write`. */
  batch(): StateBatch;
  /** Deletes a range, outside any batch; doing it twice does no harm. Over when the call returns. */
  deleteRange(from: Buffer, to: Buffer): void;
  close(): Promise<void>;
}

/** Takes changes of state one by one. The bytes are copied before the call returns: the caller may use its buffers again. */
export interface StateWriter {
  put(key: Buffer, value: Buffer): void;
  delete(key: Buffer): void;
}

/** Changes that are applied all or not at all. */
export interface StateBatch extends StateWriter {
  readonly length: number;
  /** Applies the batch, which is empty afterwards. `sync` waits for the disk. */
  write(sync: boolean): void;
}
