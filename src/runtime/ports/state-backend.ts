/**
 * An ordered byte store on disk or in memory, behind the caches: entries are loaded from it and flushed to it in batches.
 * Synchronous.
 */
export interface StateBackend {
  /** The values of keys; undefined for a missing key. */
  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[];
  /** The entries with `from <= key < to`, in byte order. */
  range(from: Buffer, to: Buffer): Iterable<readonly [Buffer, Buffer]>;
  /** The last key with `from <= key < to`; undefined when there is none. */
  last(from: Buffer, to: Buffer): Buffer | undefined;
  /** Begins a batch, which has no effect until `write`. */
  batch(): StateBatch;
  /** Deletes a range immediately, outside of any batch; idempotent. */
  deleteRange(from: Buffer, to: Buffer): void;
  /**
   * Opens the store again after a failed write: it then holds what is on the disk, the failed batch wholly or not at all. Absent
   * where a failed write has no effect.
   */
  reopen?(): Promise<void>;
  close(): Promise<void>;
}

/** Receives changes of state. Bytes are copied before the call returns, so the caller may reuse its buffers. */
export interface StateWriter {
  put(key: Buffer, value: Buffer): void;
  delete(key: Buffer): void;
}

/** Changes that are applied atomically. */
export interface StateBatch extends StateWriter {
  readonly length: number;
  /** Applies the batch and empties it. `sync` waits for the disk. */
  write(sync: boolean): void;
}
