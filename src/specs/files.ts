/** Where a source's history is written as files, and how large they are. Plain JSON, as plans store it. */
export interface FilesSpec {
  readonly path: string;
  readonly rowsPerFile: number;
  /** A file that has fewer rows is written when its first row is so old. */
  readonly rollMs: number;
  /** The column of the event time; undefined for the time of the row. */
  readonly time: string | undefined;
  /** Of a table: what is deleted from it is written too, into hidden files. */
  readonly deletes?: true;
}

/** Columns that files have behind those of their source, in lower case because readers may not tell cases apart. */
export const fileTimes = ['event_timestamp', 'created_timestamp', '_offset'] as const;
