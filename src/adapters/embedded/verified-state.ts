import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import { bootId } from '../../util/process-id.ts';
import { CommitMark, readMark, type Mark } from './commit-mark.ts';
import { commitNumber, lostCommits } from './log-entries.ts';
import type { LogFiles } from './log-files.ts';
import { damaged } from './segment.ts';

export interface VerifyOptions {
  readonly openBackend: (folder: string) => Promise<StateBackend>;
  readonly files: LogFiles;
  readonly sync: boolean;
  /** Goes on from what the database holds, as after a power failure. */
  readonly acceptLoss?: boolean;
  readonly log?: ((text: string) => void) | undefined;
}
export interface VerifiedState {
  readonly backend: StateBackend;
  readonly mark: CommitMark;
  /** Given where commits are known to be lost: keeps the bytes that opening the log cuts off. */
  readonly keep: ((path: string, from: number) => void) | undefined;
}

const markFile = 'commits';

/**
 * Opens the database of a folder and holds it to the mark of the last commit. A database that has lost commits is refused, and left
 * with all its files as it was found: RocksDB itself would drop what follows a damaged place of its write-ahead log. After
 * a power failure, and without `state.sync`, the last commits may be lost; the node then goes on from what is there.
 */
export async function openVerified(folder: string, options: VerifyOptions): Promise<VerifiedState> {
  const { openBackend, files, sync, log, acceptLoss = false } = options;
  const path = join(folder, markFile);
  const database = join(folder, 'db');
  const before = join(folder, 'db.before');
  // A start that ended while it looked has committed nothing.
  if (existsSync(before)) putBack(before, database);
  const mark = readMark(path);
  if (mark === 'damaged' && !acceptLoss) throw damaged(`${path} holds no whole mark of a commit`);
  const logs = writeAheadLogs(database);
  if (existsSync(database)) linkAll(database, before);
  let backend: StateBackend | undefined;
  let isLost = false;
  try {
    backend = await openBackend(database);
    const found = commitNumber(backend);
    if (mark === undefined && found > 0 && !acceptLoss) throw damaged(`${path} is missing`);
    if (mark !== undefined && mark !== 'damaged' && found < mark.number) {
      if (!acceptLoss && !stoppedUnsynced(mark)) throw lostCommits(what(database, logs), found, mark.number);
      isLost = true;
      const kept = join(folder, 'lost');
      log?.(`${mark.number - found} commits are lost; what the log had of them is kept in ${kept}`);
    }
    const written = new CommitMark(path, files, sync, mark !== undefined);
    written.begin(found);
    discard(before);
    return {
      backend,
      mark: written,
      keep: isLost ? keeper(folder) : undefined,
    };
  } catch (error) {
    await backend?.close();
    if (backend !== undefined && existsSync(before)) putBack(before, database);
    else discard(before);
    throw error;
  }
}

/** Whether the machine itself stopped before the node did, and commits had not waited for the disk. */
const stoppedUnsynced = ({ closed, sync, boot }: Mark): boolean => !closed && !sync && boot !== bootId();

/** The database's write-ahead logs, by which damage in it is named. */
const writeAheadLogs = (database: string): readonly string[] =>
  existsSync(database) ? readdirSync(database).filter((name) => name.endsWith('.log')) : [];
const what = (database: string, logs: readonly string[]): string =>
  logs.length === 0
    ? `${database}, whose write-ahead log is missing,`
    : logs.map((name) => join(database, name)).join(', ');

/** What a copy is called while it is made or removed: under its own name it is whole. */
const partOf = (copy: string): string => `${copy}.part`;
const removeAll = (path: string): void => rmSync(path, { recursive: true, force: true });

function linkAll(from: string, copy: string): void {
  const to = partOf(copy);
  removeAll(to);
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    if (name === 'LOCK') continue;
    try {
      linkSync(join(from, name), join(to, name));
    } catch {
      copyFileSync(join(from, name), join(to, name));
    }
  }
  renameSync(to, copy);
}
function discard(copy: string): void {
  removeAll(partOf(copy));
  if (existsSync(copy)) renameSync(copy, partOf(copy));
  removeAll(partOf(copy));
}
function putBack(before: string, database: string): void {
  removeAll(database);
  renameSync(before, database);
}

/** Copies segments that lose something to the folder `lost`. */
export function keeper(folder: string): (path: string, from: number) => void {
  const lost = join(folder, 'lost');
  return (path, from) => {
    if (!existsSync(path)) return;
    mkdirSync(lost, { recursive: true });
    const name = relative(join(folder, 'log'), path).replaceAll(/[\\/]/g, '-');
    copyFileSync(path, join(lost, `${name}.${from}`));
  };
}
