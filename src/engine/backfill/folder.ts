import type { DataFolder } from '../../files/data-folder.ts';
import { openFolder } from '../../files/open-folder.ts';
import { fileHash, manifestName, readManifest, stageManifest } from '../../files/manifest.ts';
import { fileEnding } from '../../files/names.ts';
import type { StateBackend, StateWriter } from '../../runtime/ports/state-backend.ts';
import { noState } from '../no-state.ts';

const progressName = '_progress.json';

/** What a folder is of: one with the same is gone on with. */
export interface BackfillPlan {
  readonly backfill: string;
  /** The statement of the view: with another one it is another backfill. */
  readonly statement: string;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly readFrom: string;
}
/** How far the topics went when it began: it goes no further when it is gone on with. */
export type Ends = Readonly<Record<string, readonly number[]>>;

interface Progress {
  readonly ends: Ends;
  /** The files that are staged, as the sink of files remembers them. */
  readonly staged: string | undefined;
}

/** The folder of a backfill's files: whose it is, what of it is staged, and its manifest. */
export class BackfillFolder {
  readonly files: DataFolder;
  readonly #plan: string;
  #progress: Progress = { ends: {}, staged: undefined };

  constructor(path: string, plan: BackfillPlan) {
    this.files = openFolder(path);
    this.#plan = JSON.stringify(plan);
  }

  /** Takes the folder; returns why it cannot be taken. One of the same backfill can, whole or not. */
  async claim(): Promise<string | undefined> {
    const holds = await this.files.claim(this.#plan);
    if (holds !== undefined) return holds === this.#plan ? undefined : `it holds ${holds}`;
    const [other] = await this.files.shown(fileEnding);
    if (other === undefined) return undefined;
    await this.files.release();
    return `it has files already, such as ${other}`;
  }
  /** Removes what a backfill has left here, whichever it was; false for a folder of something else. */
  async clear(): Promise<boolean> {
    const holds = await this.files.claim(this.#plan);
    if (holds !== undefined && !isOfBackfill(holds)) return false;
    await this.files.remove([manifestName, progressName]);
    if (holds !== undefined) await this.files.remove(await this.files.shown(fileEnding));
    await this.files.discard(await this.files.staged());
    await this.files.release();
    return true;
  }
  manifest(): ReturnType<typeof readManifest> {
    return readManifest(this.files);
  }

  /** What one that was ended before has written down; begins with these ends otherwise. */
  async open(ends: Ends): Promise<{ readonly ends: Ends; readonly isResumed: boolean }> {
    const text = await this.files.read(progressName);
    if (text === undefined) {
      this.#progress = { ends, staged: undefined };
      await this.#save();
      return { ends, isResumed: false };
    }
    this.#progress = JSON.parse(text) as Progress;
    return { ends: this.#progress.ends, isResumed: true };
  }

  /** The state of the sink of files, which has one entry. */
  get backend(): StateBackend {
    return {
      ...noState,
      getMany: (keys) =>
        keys.map(() =>
          this.#progress.staged === undefined ? undefined : Buffer.from(this.#progress.staged, 'base64'),
        ),
    };
  }
  /** Takes what the sink of files remembers, which is durable when `done` has resolved. */
  get writer(): StateWriter & { readonly done: () => Promise<void> } {
    let isChanged = false;
    const take = (staged: string | undefined): void => {
      isChanged = true;
      this.#progress = { ...this.#progress, staged };
    };
    return {
      put: (_, value) => take(value.toString('base64')),
      delete: () => take(undefined),
      done: async () => {
        if (isChanged) await this.#save();
      },
    };
  }
  async #save(): Promise<void> {
    await this.files.stage(progressName, Buffer.from(JSON.stringify(this.#progress)));
    await this.files.show([progressName]);
  }

  /** Writes the manifest, with the hash of each file. */
  async finish(facts: Readonly<Record<string, unknown>>): Promise<void> {
    const files: { name: string; sha256: string }[] = [];
    for (const name of await this.files.shown(fileEnding)) {
      files.push({ name, sha256: fileHash(await this.files.bytes(name)) });
    }
    await stageManifest(this.files, { ...facts, files });
    await this.files.show([manifestName]);
    await this.files.remove([progressName]);
  }
}

const isOfBackfill = (holds: string): boolean => {
  try {
    return typeof (JSON.parse(holds) as Partial<BackfillPlan>).backfill === 'string';
  } catch {
    return false;
  }
};
