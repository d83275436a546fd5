import { nodeFiles, type LogFiles } from '../../src/adapters/embedded/log-files.ts';
import { RocksBackend } from '../../src/adapters/rocksdb/rocks-backend.ts';
import type { StateBackend } from '../../src/runtime/ports/state-backend.ts';

/** How a call fails: `short` writes a part first, `late` has its effect and fails all the same (a sync that fails). */
export type Fault = 'ENOSPC' | 'EIO' | 'short' | 'late';

class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly syscall = 'write';
  readonly code: string;

  constructor(code: string) {
    super(`${code}: injected`);
    this.code = code;
  }
}

/** A disk on which writing calls number `from` to `from + length - 1` fail. */
export class FaultyDisk {
  calls = 0;
  failed = 0;
  readonly #fault: Fault;
  readonly #from: number;
  readonly #length: number;
  /** Calls are neither counted nor let fail before a test has made its queries. */
  isArmed = false;

  constructor(fault: Fault, from: number, length: number) {
    this.#fault = fault;
    this.#from = from;
    this.#length = length;
  }

  #fails(): boolean {
    if (!this.isArmed) return false;
    this.calls++;
    const fails = this.calls >= this.#from && this.calls < this.#from + this.#length;
    if (fails) this.failed++;
    return fails;
  }
  #error(): DiskError {
    return new DiskError(this.#fault === 'EIO' || this.#fault === 'late' ? 'EIO' : 'ENOSPC');
  }
  #run<T>(call: () => T): T {
    if (!this.#fails()) return call();
    if (this.#fault === 'late') call();
    throw this.#error();
  }

  readonly files: LogFiles = {
    ...nodeFiles,
    open: (path, mode) => (mode === 'new' ? this.#run(() => nodeFiles.open(path, mode)) : nodeFiles.open(path, mode)),
    write: (file, bytes, start, position) => {
      if (!this.#fails()) return nodeFiles.write(file, bytes, start, position);
      if (this.#fault === 'late') nodeFiles.write(file, bytes, start, position);
      else if (this.#fault === 'short')
        nodeFiles.write(file, bytes.subarray(0, (start + bytes.length) >> 1), start, position);
      throw this.#error();
    },
    truncate: (file, size) => this.#run(() => nodeFiles.truncate(file, size)),
    writeLater: (file, bytes, start, position) =>
      Promise.resolve().then(() => this.files.write(file, bytes, start, position)),
    syncLater: (file) => Promise.resolve().then(() => this.files.sync(file)),
    syncFolderLater: (folder) => Promise.resolve().then(() => this.files.syncFolder(folder)),
    sync: (file) => this.#run(() => nodeFiles.sync(file)),
    syncFolder: (folder) => this.#run(() => nodeFiles.syncFolder(folder)),
    remove: (path) => this.#run(() => nodeFiles.remove(path)),
  };

  readonly openBackend = async (folder: string): Promise<StateBackend> => {
    const inner = await RocksBackend.open(folder);
    return {
      getMany: (keys) => inner.getMany(keys),
      range: (from, to) => inner.range(from, to),
      last: (from, to) => inner.last(from, to),
      deleteRange: (from, to) => inner.deleteRange(from, to),
      close: () => inner.close(),
      reopen: async () => {
        if (this.#fails()) throw this.#error();
        await inner.reopen();
      },
      batch: () => {
        const batch = inner.batch();
        return {
          get length() {
            return batch.length;
          },
          put: (key, value) => batch.put(key, value),
          delete: (key) => batch.delete(key),
          write: (sync) => this.#run(() => batch.write(sync)),
        };
      },
    };
  };
}
