import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { Backoff } from '../../util/retry.ts';
import { writeWhole, type LogFiles } from './log-files.ts';

export interface DoubtPorts {
  readonly folder: string;
  readonly files: LogFiles;
  /** Opens the database again, which then holds exactly what is on the disk. */
  readonly reopen: () => Promise<void>;
}

/** How much room and how long the next attempt needs. */
const probeBytes = 1 << 16;
const pauses = { firstMs: 20, longestMs: 2000 };
const patienceMs = 5000;

/**
 * What holds between a failed write of the database and the answer to the question whether it is on the disk: nothing is
 * committed, and the database is opened again as soon as the disk takes bytes.
 */
export class Doubt {
  /** What the write failed with. */
  readonly cause: unknown;
  readonly #ports: DoubtPorts;
  #settled: Promise<boolean> = Promise.resolve(false);
  #isClosed = false;
  #damage: SqlError | undefined;

  constructor(cause: unknown, ports: DoubtPorts) {
    this.cause = cause;
    this.#ports = ports;
  }

  /** `decide` is called when the database is open again, and says whether the write is there. */
  begin(decide: () => boolean): void {
    this.#settled = this.#settle(decide);
    // Who does not wait for it is refused in the meantime.
    this.#settled.catch(() => undefined);
  }

  async #settle(decide: () => boolean): Promise<boolean> {
    const backoff = new Backoff(pauses);
    for (;;) {
      if (this.#isClosed) throw this.#error();
      try {
        this.#probe();
        await this.#ports.reopen();
        return decide();
      } catch (error) {
        if (error instanceof SqlError) {
          this.#damage = error;
          throw error;
        }
        await sleep(backoff.next());
      }
    }
  }
  #probe(): void {
    const { folder, files } = this.#ports;
    const path = join(folder, 'probe');
    files.list(folder);
    const file = files.open(path, 'new');
    try {
      writeWhole(files, file, Buffer.alloc(probeBytes), 0);
    } finally {
      files.close(file);
      files.remove(path);
    }
  }

  /** Whether the write is there; throws where that is not known in a few seconds. */
  settled(): Promise<boolean> {
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(this.#error()), patienceMs).unref();
    });
    return Promise.race([this.#settled, late]);
  }
  refuse(): never {
    throw this.#error();
  }
  #error(): Error {
    return this.#damage ?? new DiskFailed(this.cause);
  }
  close(): void {
    this.#isClosed = true;
  }
}

/** The disk takes nothing at the moment. */
class DiskFailed extends Error {
  override readonly name = 'DiskFailed';
  readonly retriable = true;

  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`the state cannot be written, and nothing is taken until it can: ${why}`, { cause });
  }
}
