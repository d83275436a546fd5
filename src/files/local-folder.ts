import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { describedBy, stagedFolder, stagedSuffix, type DataFile, type DataFolder } from './data-folder.ts';

/** A file of a disk: it stays the same one while it is open. */
export const localFile = (path: string): DataFile => ({
  async open() {
    const handle = await open(path);
    return {
      size: (await handle.stat()).size,
      async slice(start, end) {
        const piece = new Uint8Array(end - start);
        for (let at = 0; at < piece.length;) {
          const { bytesRead } = await handle.read(piece, at, piece.length - at, start + at);
          if (bytesRead === 0) throw new TypeError(`the file ends at byte ${start + at}`);
          at += bytesRead;
        }
        return piece.buffer;
      },
      close: () => handle.close(),
    };
  },
});

/** A folder of a disk: a staged file is shown by a rename. */
export class LocalFolder implements DataFolder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async stage(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#staged(name);
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async show(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const path = join(this.#path, name);
      await mkdir(dirname(path), { recursive: true });
      await unlessMissing(rename(this.#staged(name), path));
    }
    for (const folder of new Set(names.map((name) => dirname(join(this.#path, name))))) await syncFolder(folder);
  }

  async discard(names: readonly string[]): Promise<void> {
    for (const name of names) await rm(this.#staged(name), { force: true });
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.#path, name), { force: true });
  }

  async staged(): Promise<string[]> {
    const names = await filesIn(join(this.#path, stagedFolder));
    return names.filter((name) => name.endsWith(stagedSuffix)).map((name) => name.slice(0, -stagedSuffix.length));
  }
  async shown(ending: string): Promise<string[]> {
    const names = await filesIn(this.#path);
    return names.filter((name) => name.endsWith(ending) && !name.startsWith(`${stagedFolder}/`));
  }
  read(name: string): Promise<string | undefined> {
    return unlessMissing(readFile(join(this.#path, name), 'utf8'));
  }
  bytes(name: string): Promise<Buffer> {
    return readFile(join(this.#path, name));
  }
  file(name: string): DataFile {
    return localFile(this.pathOf(name));
  }
  pathOf(name: string): string {
    return join(this.#path, name);
  }

  async claim(description: string): Promise<string | undefined> {
    await mkdir(this.#path, { recursive: true });
    const path = join(this.#path, describedBy);
    try {
      await writeFile(path, description, { flag: 'wx' });
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return readFile(path, 'utf8');
    }
  }
  async release(): Promise<void> {
    await rm(join(this.#path, describedBy), { force: true });
  }

  #staged(name: string): string {
    return join(this.#path, stagedFolder, `${name}${stagedSuffix}`);
  }
}

/** The files of a folder and those below it, with `/` between folders; none when there is no such folder. */
async function filesIn(path: string): Promise<string[]> {
  const found = (await unlessMissing(readdir(path, { recursive: true, withFileTypes: true }))) ?? [];
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length).split(sep).filter(Boolean).join('/'))
    .sort();
}

async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes renames in a folder durable. */
async function syncFolder(path: string): Promise<void> {
  const folder = await unlessMissing(open(path, 'r'));
  if (folder === undefined) return;
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
