/** Where history is read: the log with files before it, or files as far as they go. */
export type ReadFrom = 'log' | 'files';

/** What a backfill says of itself. */
export interface BackfillProgress {
  state: 'RECOMPUTING' | 'MATERIALIZING' | 'DONE' | 'CANCELLED' | 'ERROR';
  /** Records of its sources that were read, and how many there are. */
  events: number;
  totalEvents: number;
  /** Rows of the range. */
  rows: number;
  /** Entities that were written into the view's store. */
  entities: number;
  error: string | undefined;
}

/** What is backfilled of a view, and where to. */
export interface BackfillRange {
  readonly fromMs: number | undefined;
  /** Not included. */
  readonly toMs: number | undefined;
  readonly path: string;
  readonly rowsPerFile: number;
  readonly readFrom: ReadFrom;
  /** Whether the newest row of each entity goes into the view's store too. */
  readonly materializes: boolean;
}

/** A backfill as the node that runs it knows it. */
export interface Backfill {
  readonly range: BackfillRange;
  readonly progress: BackfillProgress;
  /** Resolves when it has ended, however it did. */
  readonly done: Promise<void>;
  /** Stops it; what it has in files stays, for one that goes on. */
  cancel(): Promise<void>;
}
