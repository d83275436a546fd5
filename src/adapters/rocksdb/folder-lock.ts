import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';

/** Keeps a state folder to one process: a file with its number, taken over when that process is gone. */
export class FolderLock {
  readonly #path: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#path = join(folder, 'LOCK.pid');
    for (let attempt = 0; ; attempt++) {
      try {
        const file = openSync(this.#path, 'wx');
        writeSync(file, String(process.pid));
        closeSync(file);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 2) throw error;
        const pid = readFileSync(this.#path, 'utf8').trim();
        if (isAlive(Number(pid)) && Number(pid) !== process.pid)
          throw new SqlError('STATE_LOCKED', noSpan, { folder, pid });
        if (Number(pid) === process.pid && held.has(this.#path))
          throw new SqlError('STATE_LOCKED', noSpan, { folder, pid });
        rmSync(this.#path, { force: true });
      }
    }
  }

  /** Marks the folder as held by this very process, so that a second node in it is refused too. */
  hold(): this {
    held.add(this.#path);
    return this;
  }

  release(): void {
    held.delete(this.#path);
    rmSync(this.#path, { force: true });
  }
}

const held = new Set<string>();

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
