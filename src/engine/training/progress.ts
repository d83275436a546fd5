/** What a job says of itself. */
export interface TrainingProgress {
  state: 'READING SPINE' | 'READING HISTORY' | 'MATCHING' | 'WRITING' | 'DONE' | 'CANCELLED' | 'ERROR';
  spineRows: number;
  historyRows: number;
  rowsWritten: number;
  error: string | undefined;
}

/** A job as the node that runs it knows it. */
export interface BackgroundJob {
  readonly progress: TrainingProgress;
  /** Resolves when it has ended, however it did. */
  readonly done: Promise<void>;
  /** Stops the job; what it has written so far is not shown. */
  cancel(): Promise<void>;
}
