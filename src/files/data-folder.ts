/** Where files wait until they are shown: readers of Parquet pass over names that begin like this. */
export const stagedFolder = '_staged';
export const stagedSuffix = '.tmp';
export const describedBy = '_millrace.json';

/** The bytes of one version of a file, also when another takes its name meanwhile. */
export interface FileBytes {
  readonly size: number;
  slice(start: number, end: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}

/** A file that can be opened, more than once. */
export interface DataFile {
  open(): Promise<FileBytes>;
}

/**
 * A folder of data files. A file is staged under a hidden name, durable but unseen, and then shown: its name is there with all of its
 * bytes or not at all. Names may have folders, separated by `/`.
 */
export interface DataFolder {
  stage(name: string, bytes: Uint8Array): Promise<void>;
  /** Shows staged files, one after the other. One that is no longer staged was shown before. */
  show(names: readonly string[]): Promise<void>;
  /** Removes staged files. */
  discard(names: readonly string[]): Promise<void>;
  /** Removes shown files. */
  remove(names: readonly string[]): Promise<void>;
  /** The names of the staged files, in order. */
  staged(): Promise<string[]>;
  /** The names of the shown files with this ending, in order. */
  shown(ending: string): Promise<string[]>;
  /** The text of a shown file; undefined when there is none. */
  read(name: string): Promise<string | undefined>;
  /** All bytes of a shown file. */
  bytes(name: string): Promise<Uint8Array>;
  /** A shown file, as `openParquet` takes it. */
  file(name: string): DataFile;
  /** Where a file is, for people. */
  pathOf(name: string): string;
  /** Makes the folder one's own: writes down what it holds, where nobody has before. Returns what it holds otherwise. */
  claim(description: string): Promise<string | undefined>;
  /** Takes a claim back, when nothing came of it. */
  release(): Promise<void>;
}
