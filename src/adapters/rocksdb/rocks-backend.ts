import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { StateBackend, StateBatch } from '../../runtime/ports/state-backend.ts';
import { loadRocks } from './binding.ts';

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
/** The synchronous calls of the binding, which its package has no types for. */
interface RocksDatabase {
  open(options: object): Promise<void>;
  close(): Promise<void>;
  readonly handle: unknown;
  _getManySync(keys: readonly Buffer[], options: object): (Buffer | undefined)[];
  _chainedBatch(): RocksBatch;
  _iterator(options: object): RocksIterator;
  /** Forgets an iterator or batch: the synchronous calls that close them leave it in the database's list of what is open. */
  detachResource(resource: RocksBatch | RocksIterator): void;
  clear(options: object): Promise<void>;
  getProperty(name: string): string;
}

/** A batch in RocksDB's memory. */
class RocksWrites implements StateBatch {
  readonly #db: () => RocksDatabase;
  /** What it was begun on: after the database was opened again the batch is of no use. */
  readonly #begun: RocksDatabase;
  #batch: RocksBatch | undefined;
  length = 0;

  constructor(db: () => RocksDatabase) {
    this.#db = db;
    this.#begun = db();
  }
  #open(): RocksBatch {
    if (this.#db() !== this.#begun) throw new StateAway();
    this.length++;
    return (this.#batch ??= this.#begun._chainedBatch());
  }

  put(key: Buffer, value: Buffer): void {
    this.#open()._put(key, value);
  }
  delete(key: Buffer): void {
    this.#open()._del(key);
  }
  write(sync: boolean): void {
    const batch = this.#batch;
    this.#batch = undefined;
    this.length = 0;
    try {
      if (this.#db() !== this.#begun) throw new StateAway();
      batch?._writeSync({ sync });
    } finally {
      if (batch !== undefined) release(this.#begun, batch);
    }
  }
}

/** The database is being opened again, or was since the batch began: nothing was written. */
export class StateAway extends Error {
  override readonly name = 'StateAway';
  readonly retriable = true;

  constructor() {
    super('the state is being opened again after a failed write');
  }
}

const buffers = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;

/**
 * State in RocksDB. A process opens a folder once; worker threads attach to the open database by its handle and never close it.
 */
export class RocksBackend implements StateBackend {
  #db: RocksDatabase | undefined;
  /** The folder that this process has opened; undefined for a thread that attached to it. */
  readonly #folder: string | undefined;
  readonly #open = (): RocksDatabase => {
    if (this.#db === undefined) throw new StateAway();
    return this.#db;
  };

  private constructor(db: RocksDatabase, folder: string | undefined) {
    this.#db = db;
    this.#folder = folder;
  }

  static async open(folder: string): Promise<RocksBackend> {
    return new RocksBackend(await openDatabase(folder), folder);
  }

  /** Attaches to a database that another thread of this process has opened. */
  static async attach(handle: unknown): Promise<RocksBackend> {
    const { RocksLevel } = loadRocks() as {
      RocksLevel: new (handle: unknown, options: object) => RocksDatabase;
    };
    const db = new RocksLevel(handle, buffers);
    await db.open({});
    return new RocksBackend(db, undefined);
  }

  get handle(): unknown {
    return this.#open().handle;
  }

  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[] {
    const db = this.#open();
    try {
      return db._getManySync(keys, buffers);
    } catch (error) {
      throw named(error);
    }
  }

  last(from: Buffer, to: Buffer): Buffer | undefined {
    const db = this.#open();
    const iterator = iteratorOf(db, from, to, { limit: 1, reverse: true });
    try {
      return iterator._nextvSync(1).rows[0];
    } catch (error) {
      throw named(error);
    } finally {
      release(db, iterator);
    }
  }

  *range(from: Buffer, to: Buffer): Iterable<readonly [Buffer, Buffer]> {
    const begun = this.#open();
    const iterator = iteratorOf(begun, from, to, { limit: -1, reverse: false });
    try {
      for (;;) {
        if (this.#open() !== begun) throw new StateAway();
        const { rows, finished } = this.#next(iterator);
        for (let i = 0; i < rows.length; i += 2) yield [rows[i]!, rows[i + 1]!];
        if (finished || rows.length === 0) return;
      }
    } finally {
      release(begun, iterator);
    }
  }

  #next(iterator: RocksIterator): ReturnType<RocksIterator['_nextvSync']> {
    try {
      return iterator._nextvSync(1000);
    } catch (error) {
      throw named(error);
    }
  }

  batch(): StateBatch {
    return new RocksWrites(this.#open);
  }

  deleteRange(from: Buffer, to: Buffer): void {
    // The binding deletes before it returns; what it cannot delete on a full disk is left over and harms nobody.
    this.#open()
      .clear({ gte: from, lt: to, ...buffers })
      .catch(() => undefined);
  }

  /** Bytes on disk and in memory, by RocksDB's estimate. */
  get size(): number {
    return (
      Number(this.#open().getProperty('rocksdb.total-sst-files-size') || 0) +
      Number(this.#open().getProperty('rocksdb.cur-size-all-mem-tables') || 0)
    );
  }

  async reopen(): Promise<void> {
    const db = this.#db;
    this.#db = undefined;
    // Closing reports the failed write once more; the database is closed all the same.
    await db?.close().catch(() => undefined);
    this.#db = await openDatabase(this.#folder!);
  }

  async close(): Promise<void> {
    const db = this.#db;
    this.#db = undefined;
    if (this.#folder !== undefined) await db?.close();
  }
}

const iteratorOf = (
  db: RocksDatabase,
  from: Buffer,
  to: Buffer,
  order: { readonly limit: number; readonly reverse: boolean },
): RocksIterator =>
  db._iterator({
    ...buffers,
    keys: true,
    values: true,
    gte: from,
    lt: to,
    ...order,
    seek: true,
    highWaterMarkBytes: 1 << 20,
  });

function release(db: RocksDatabase, resource: RocksBatch | RocksIterator): void {
  resource._closeSync();
  db.detachResource(resource);
}

/** An error of damaged files as one that says so; RocksDB's message has the file. */
function named(error: unknown): unknown {
  const isDamage = error instanceof Error && (error as NodeJS.ErrnoException).code === 'LEVEL_CORRUPTION';
  return isDamage ? new SqlError('STATE_DAMAGED', noSpan, { what: error.message }) : error;
}

async function openDatabase(folder: string): Promise<RocksDatabase> {
  const { RocksLevel } = loadRocks() as {
    RocksLevel: new (location: string, options: object) => RocksDatabase;
  };
  const db = new RocksLevel(folder, buffers);
  try {
    await db.open({
      createIfMissing: true,
      compaction: 'universal',
      memtableMemoryBudget: 32 << 20,
      cacheSize: 64 << 20,
      compression: false,
      walCompression: false,
    });
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    if (why.includes('lock file') || why.includes('/LOCK'))
      throw new SqlError('STATE_LOCKED', noSpan, { folder, holder: 'another process' });
    if (/^(Corruption|Invalid argument|Not implemented)|No such file/.test(why))
      throw new SqlError('STATE_DAMAGED', noSpan, { what: `${folder}: ${why}` });
    throw error;
  }
  return db;
}
