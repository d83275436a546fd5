import { createRequire } from 'node:module';
import type { StateBackend, StateBatch } from '../../runtime/ports/state-backend.ts';

interface RocksBatch {
  _put(key: Buffer, value: Buffer): void;
  _del(key: Buffer): void;
  _writeSync(options: { readonly sync: boolean }): void;
  _closeSync(): void;
}
interface RocksIterator {
  _nextvSync(size: number): { readonly rows: readonly Buffer[]; readonly finished: boolean };
  _closeSync(): void;
}
/** The part of the binding that is used: its synchronous calls, which its package has no types for. */
interface RocksDatabase {
  open(options: object): Promise<void>;
  close(): Promise<void>;
  readonly handle: unknown;
  _getManySync(keys: readonly Buffer[], options: object): (Buffer | undefined)[];
  _chainedBatch(): RocksBatch;
  _iterator(options: object): RocksIterator;
  clear(options: object): Promise<void>;
  getProperty(name: string): string;
}

/** A batch in RocksDB's own memory. */
class RocksWrites implements StateBatch {
  readonly #db: RocksDatabase;
  #batch: RocksBatch | undefined;
  length = 0;

  constructor(db: RocksDatabase) {
    this.#db = db;
  }
  #open(): RocksBatch {
    this.length++;
    return (this.#batch ??= this.#db._chainedBatch());
  }

  put(key: Buffer, value: Buffer): void {
    this.#open()._put(key, value);
  }
  delete(key: Buffer): void {
    this.#open()._del(key);
  }
  write(sync: boolean): void {
    this.#batch?._writeSync({ sync });
    this.#batch?._closeSync();
    this.#batch = undefined;
    this.length = 0;
  }
}

const require = createRequire(import.meta.url);
const buffers = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;

/** State in RocksDB. A process opens a folder once; workers attach to the open database by its handle and never close it. */
export class RocksBackend implements StateBackend {
  readonly #db: RocksDatabase;
  readonly #owner: boolean;

  private constructor(db: RocksDatabase, owner: boolean) {
    this.#db = db;
    this.#owner = owner;
  }

  static async open(folder: string): Promise<RocksBackend> {
    const { RocksLevel } = require('@nxtedition/rocksdb') as {
      RocksLevel: new (location: string, options: object) => RocksDatabase;
    };
    const db = new RocksLevel(folder, buffers);
    await db.open({
      createIfMissing: true,
      compaction: 'universal',
      memtableMemoryBudget: 32 << 20,
      cacheSize: 64 << 20,
      compression: false,
      walCompression: false,
    });
    return new RocksBackend(db, true);
  }

  /** Uses a database that another thread of this process has opened. */
  static async attach(handle: unknown): Promise<RocksBackend> {
    const { RocksLevel } = require('@nxtedition/rocksdb') as {
      RocksLevel: new (handle: unknown, options: object) => RocksDatabase;
    };
    const db = new RocksLevel(handle, buffers);
    await db.open({});
    return new RocksBackend(db, false);
  }

  get handle(): unknown {
    return this.#db.handle;
  }

  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[] {
    return this.#db._getManySync(keys, buffers);
  }

  #iterator(from: Buffer, to: Buffer, order: { readonly limit: number; readonly reverse: boolean }): RocksIterator {
    return this.#db._iterator({
      ...buffers,
      keys: true,
      values: true,
      gte: from,
      lt: to,
      ...order,
      seek: true,
      highWaterMarkBytes: 1 << 20,
    });
  }

  last(from: Buffer, to: Buffer): Buffer | undefined {
    const iterator = this.#iterator(from, to, { limit: 1, reverse: true });
    try {
      return iterator._nextvSync(1).rows[0];
    } finally {
      iterator._closeSync();
    }
  }

  *range(from: Buffer, to: Buffer): Iterable<readonly [Buffer, Buffer]> {
    const iterator = this.#iterator(from, to, { limit: -1, reverse: false });
    try {
      for (;;) {
        const { rows, finished } = iterator._nextvSync(1000);
        for (let i = 0; i < rows.length; i += 2) yield [rows[i]!, rows[i + 1]!];
        if (finished || rows.length === 0) return;
      }
    } finally {
      iterator._closeSync();
    }
  }

  batch(): StateBatch {
    return new RocksWrites(this.#db);
  }

  deleteRange(from: Buffer, to: Buffer): void {
    void this.#db.clear({ gte: from, lt: to, ...buffers });
  }

  /** Bytes on disk and in memory, as RocksDB estimates them. */
  get size(): number {
    return (
      Number(this.#db.getProperty('rocksdb.total-sst-files-size') || 0) +
      Number(this.#db.getProperty('rocksdb.cur-size-all-mem-tables') || 0)
    );
  }

  async close(): Promise<void> {
    if (this.#owner) await this.#db.close();
  }
}
