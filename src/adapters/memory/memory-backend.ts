import type { StateBackend, StateBatch } from '../../runtime/ports/state-backend.ts';

/** State in memory, for transient queries and tests. Nothing is persisted. */
export class MemoryBackend implements StateBackend {
  readonly #entries = new Map<string, Buffer>();

  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[] {
    if (this.#entries.size === 0) return keys.map(() => undefined);
    return keys.map((key) => this.#entries.get(key.latin1Slice(0, key.length)));
  }

  *range(from: Buffer, to: Buffer): Iterable<readonly [Buffer, Buffer]> {
    // One character a byte keeps the order of the bytes.
    const [low, high] = [from.latin1Slice(0, from.length), to.latin1Slice(0, to.length)];
    const keys = [...this.#entries.keys()].filter((key) => key >= low && key < high).sort();
    for (const key of keys) yield [Buffer.from(key, 'latin1'), this.#entries.get(key)!];
  }

  last(from: Buffer, to: Buffer): Buffer | undefined {
    return [...this.range(from, to)].at(-1)?.[0];
  }

  batch(): StateBatch {
    const entries = this.#entries;
    let pending: (readonly [string, Buffer | undefined])[] = [];
    return {
      get length() {
        return pending.length;
      },
      put: (key, value) => void pending.push([key.latin1Slice(0, key.length), Buffer.from(value)]),
      delete: (key) => void pending.push([key.latin1Slice(0, key.length), undefined]),
      write: () => {
        for (const [key, value] of pending) {
          if (value === undefined) entries.delete(key);
          else entries.set(key, value);
        }
        pending = [];
      },
    };
  }

  deleteRange(from: Buffer, to: Buffer): void {
    for (const [key] of [...this.range(from, to)]) this.#entries.delete(key.latin1Slice(0, key.length));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
