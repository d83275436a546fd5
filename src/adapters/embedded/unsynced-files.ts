import type { LogFiles } from './log-files.ts';
import type { Segment } from './segment.ts';

/** The segments of one partition that the disk may not have whole: what was appended since it was last waited for. */
export class UnsyncedFiles {
  readonly #folder: string;
  readonly #files: LogFiles;
  readonly #path: (segment: Segment) => string;
  readonly #segments = new Set<Segment>();
  #hasNewFile = false;

  constructor(folder: string, files: LogFiles, path: (segment: Segment) => string) {
    this.#folder = folder;
    this.#files = files;
    this.#path = path;
  }

  add(segment: Segment): void {
    this.#segments.add(segment);
  }
  /** A file was made, whose name the folder may not have on the disk. */
  addFile(): void {
    this.#hasNewFile = true;
  }
  /** The segment is deleted. */
  forget(segment: Segment): void {
    this.#segments.delete(segment);
  }

  sync(): void {
    for (const { file } of this.#segments) if (file !== undefined) this.#files.sync(file);
    this.#segments.clear();
    if (this.#hasNewFile) this.#files.syncFolder(this.#folder);
    this.#hasNewFile = false;
  }

  /** The same beside the event loop, of what was appended before the call. */
  async syncLater(): Promise<void> {
    for (const segment of [...this.#segments]) {
      // It may be deleted while others are waited for.
      if (!this.#segments.delete(segment)) continue;
      try {
        await this.#syncLater(segment);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        this.#segments.add(segment);
        throw error;
      }
    }
    if (!this.#hasNewFile) return;
    this.#hasNewFile = false;
    await this.#files.syncFolderLater(this.#folder).catch((error: unknown) => {
      this.#hasNewFile = true;
      throw error;
    });
  }
  /** With a file of its own: the segment's may be closed meanwhile. */
  async #syncLater(segment: Segment): Promise<void> {
    const file = this.#files.open(this.#path(segment), 'write');
    try {
      await this.#files.syncLater(file);
    } finally {
      this.#files.close(file);
    }
  }
}
