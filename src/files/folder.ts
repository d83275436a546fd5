import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

/** Where files wait until they are shown: readers of Parquet pass over names that begin like this. */
const stagedFolder = '_staged';
const stagedSuffix = '.tmp';
const describedBy = '_millrace.json';

/**
 * A folder of data files. A file is staged under a hidden name, durable but unseen, and shown by a rename: its name is there with
 * all of its bytes or not at all. Names may have folders, separated by `/`.
 */
export class DataFolder {
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

  /** Shows staged files. One that is no longer staged was shown before. */
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

  /** Removes shown files. */
  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.#path, name), { force: true });
  }

  async staged(): Promise<string[]> {
    const names = await filesIn(join(this.#path, stagedFolder));
    return names.filter((name) => name.endsWith(stagedSuffix)).map((name) => name.slice(0, -stagedSuffix.length));
  }
  /** The names of the shown files with this ending. */
  async shown(ending: string): Promise<string[]> {
    const names = await filesIn(this.#path);
    return names.filter((name) => name.endsWith(ending) && !name.startsWith(`${stagedFolder}/`));
  }
  /** The content of a shown file; undefined when there is none. */
  read(name: string): Promise<string | undefined> {
    return unlessMissing(readFile(join(this.#path, name), 'utf8'));
  }
  pathOf(name: string): string {
    return join(this.#path, name);
  }

  /**
   * Makes the folder one's own: writes down what it holds, where nobody has before. Returns what it holds otherwise.
   */
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
  /** Takes a claim back, when nothing came of it. */
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
