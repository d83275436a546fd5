/** A row that a model could not score where ON_ERROR is DLQ: it left its query, and is kept to be looked at or sent again. */
export interface DeadLetter {
  readonly model: string;
  readonly version: number;
  /** The class of the failure, as in the column `model_error`. */
  readonly error: string;
  readonly message: string;
  /** The row that was to be scored as JSON, its columns by name. */
  readonly row: Buffer;
  readonly timestamp: number;
}
/** Who hears of the changes that failed, by the sequence number of each: an error's message, or a row for the dead letters. */
export interface FailureSink {
  report(message: string, what: string, sequence: number): void;
  deadLetter(letter: DeadLetter, sequence: number): void;
}
/** For a query that nobody keeps: its failures are not kept either. */
export const ignoreFailures: FailureSink = { report: () => undefined, deadLetter: () => undefined };
