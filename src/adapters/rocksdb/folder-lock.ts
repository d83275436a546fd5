import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { bootId, isZombie, startOf } from '../../util/process-id.ts';

/**
 * Locks a state folder for one process: a file with the process id, the machine's start and the process's, which is taken over when
 * that very process no longer exists. A process id alone may be another's by now.
 */
export class FolderLock {
  readonly #path: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#path = join(folder, 'LOCK.pid');
    for (let attempt = 0; ; attempt++) {
      try {
        const file = openSync(this.#path, 'wx');
        writeSync(file, [process.pid, bootId(), startOf(process.pid)].join(' '));
        closeSync(file);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 2) throw error;
        const pid = holder(this.#path);
        if (pid !== undefined) throw new SqlError('STATE_LOCKED', noSpan, { folder, holder: `process ${pid}` });
        rmSync(this.#path, { force: true });
      }
    }
  }

  /** Marks the folder as used within this process, so that a second node in the process is refused too. */
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

/** The process that holds a lock file; undefined if there is none any more. */
function holder(path: string): number | undefined {
  const [id, boot, start] = readFileSync(path, 'utf8').trim().split(' ');
  const pid = Number(id);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  if (pid === process.pid) return held.has(path) ? pid : undefined;
  if (!isAlive(pid) || isZombie(pid)) return undefined;
  // Files of 0.1.0 have the process id only, which proves nothing: RocksDB's own lock tells of a node that runs.
  if (boot !== bootId()) return undefined;
  const now = startOf(pid);
  return start === undefined || start === '' || now === undefined || now === start ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
