import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** What work that ends says of itself, beside what it counts. */
interface Ending {
  state: string;
  error: string | undefined;
}

/**
 * Long work beside the queries, with a temporary folder of its own. How it ends is in its progress: DONE, CANCELLED, or ERROR with
 * the message.
 */
export class FolderWork {
  readonly #progress: Ending;
  readonly #name: string;
  #isCancelled = false;

  /** `name` begins the folder's name. */
  constructor(name: string, progress: Ending) {
    this.#name = name;
    this.#progress = progress;
  }

  /** Begins the work. Resolves when it has ended, however it did, and the folder is gone. */
  async run(work: (folder: string) => Promise<void>): Promise<void> {
    const progress = this.#progress;
    const folder = mkdtempSync(join(tmpdir(), `millrace-${this.#name}-`));
    try {
      await work(folder);
      progress.state = 'DONE';
    } catch (error) {
      progress.state = error instanceof Cancelled ? 'CANCELLED' : 'ERROR';
      if (!(error instanceof Cancelled)) progress.error = (error as Error).message;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** The work ends at its next pause. */
  cancel(): void {
    this.#isCancelled = true;
  }

  /** Lets other work go on; ends this one if it was cancelled. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#isCancelled) throw new Cancelled();
  }
}
