import type { StateBackend, StateBatch } from '../src/runtime/ports/state-backend.ts';

/** A backend that measures what is written into it; a changelog would get the same entries. */
export class MeasuredState implements StateBackend {
  readonly #inner: StateBackend;
  /** Entries written, deletions included. */
  writes = 0;
  /** Bytes of keys and values written. */
  bytes = 0;
  /** Bytes of the largest entry. */
  largest = 0;

  constructor(inner: StateBackend) {
    this.#inner = inner;
  }

  #note(size: number): void {
    this.writes++;
    this.bytes += size;
    this.largest = Math.max(this.largest, size);
  }

  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[] {
    return this.#inner.getMany(keys);
  }
  range(from: Buffer, to: Buffer): Iterable<readonly [Buffer, Buffer]> {
    return this.#inner.range(from, to);
  }
  last(from: Buffer, to: Buffer): Buffer | undefined {
    return this.#inner.last(from, to);
  }
  batch(): StateBatch {
    const batch = this.#inner.batch();
    return {
      get length() {
        return batch.length;
      },
      put: (key, value) => {
        this.#note(key.length + value.length);
        batch.put(key, value);
      },
      delete: (key) => {
        this.#note(key.length);
        batch.delete(key);
      },
      write: (sync) => batch.write(sync),
    };
  }
  deleteRange(from: Buffer, to: Buffer): void {
    this.#inner.deleteRange(from, to);
  }
  close(): Promise<void> {
    return this.#inner.close();
  }
}
