import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  read,
  readdirSync,
  readSync,
  rmSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';

/** The calls of the file system that segments and the mark of commits need: a port, so that tests can let each of them fail. */
export interface LogFiles {
  /** Makes the folder if needed, and lists it. */
  list(folder: string): readonly string[];
  /** `new` makes an empty file, `write` opens one to read and write, `read` to read. */
  open(path: string, mode: 'new' | 'write' | 'read'): number;
  size(file: number): number;
  read(file: number, into: Buffer, length: number, position: number): number;
  /** Writes `bytes` from `start` on; returns how many were written, which may be fewer. */
  write(file: number, bytes: Buffer, start: number, position: number): number;
  truncate(file: number, size: number): void;
  sync(file: number): void;
  /** Makes new names in a folder survive a power failure. */
  syncFolder(folder: string): void;
  close(file: number): void;
  /** As those above, beside the event loop: for work that nobody waits for. */
  readLater(file: number, into: Buffer, length: number, position: number): Promise<number>;
  writeLater(file: number, bytes: Buffer, start: number, position: number): Promise<number>;
  syncLater(file: number): Promise<void>;
  syncFolderLater(folder: string): Promise<void>;
  /** Removes a file, or a folder with all that is in it. */
  remove(path: string): void;
}

const [readLater, writeLater, fsyncLater] = [promisify(read), promisify(write), promisify(fsync)];
const modes = { new: 'w+', write: 'r+', read: 'r' } as const;

/** The file system of this machine. */
export const nodeFiles: LogFiles = {
  list: (folder) => {
    mkdirSync(folder, { recursive: true });
    return readdirSync(folder);
  },
  open: (path, mode) => openSync(path, modes[mode]),
  size: (file) => fstatSync(file).size,
  read: (file, into, length, position) => readSync(file, into, 0, length, position),
  write: (file, bytes, start, position) => writeSync(file, bytes, start, bytes.length - start, position),
  truncate: ftruncateSync,
  sync: fdatasyncSync,
  syncFolder: (folder) => {
    const file = openSync(folder, 'r');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  },
  close: closeSync,
  readLater: async (file, into, length, position) => (await readLater(file, into, 0, length, position)).bytesRead,
  writeLater: async (file, bytes, start, position) =>
    (await writeLater(file, bytes, start, bytes.length - start, position)).bytesWritten,
  syncLater: promisify(fdatasync),
  syncFolderLater: async (folder) => {
    const file = openSync(folder, 'r');
    try {
      await fsyncLater(file);
    } finally {
      closeSync(file);
    }
  },
  remove: (path) => rmSync(path, { force: true, recursive: true }),
};

/** Writes all bytes at a position, in as many calls as it takes. */
export function writeWhole(files: LogFiles, file: number, bytes: Buffer, position: number): void {
  for (let written = 0; written < bytes.length;) {
    const count = files.write(file, bytes, written, position + written);
    if (count <= 0) throw nothingWritten();
    written += count;
  }
}
/** The same beside the event loop. */
export async function writeWholeLater(files: LogFiles, file: number, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const count = await files.writeLater(file, bytes, written, position + written);
    if (count <= 0) throw nothingWritten();
    written += count;
  }
}

/** Does what may fail because nothing depends on it: what is left over is cleaned up by the next start. */
export function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // It stays as it was.
  }
}

class NothingWritten extends Error {
  override readonly name = 'NothingWritten';
  readonly syscall = 'write';
}
const nothingWritten = (): Error =>
  Object.assign(new NothingWritten('the file takes no more bytes'), { code: 'ENOSPC' });
