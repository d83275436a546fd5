/** A window of an aggregation, in milliseconds. For a session `sizeMs` is the inactivity gap. */
export interface WindowSpec {
  readonly type: 'TUMBLING' | 'HOPPING' | 'SESSION';
  readonly sizeMs: number;
  readonly advanceMs: number;
  readonly graceMs: number;
  readonly retentionMs: number;
}

/** How far apart the events may be that a join of streams brings together. */
export interface JoinWindow {
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;
  /** Without GRACE PERIOD outer rows are padded at once, and again joined later. */
  readonly eager: boolean;
}

/** The rows that an OVER function sees, up to and including the current one. */
export interface OverFrame {
  /** Milliseconds back from the current row, or undefined without such a bound. */
  readonly rangeMs: number | undefined;
  /** How many rows back, or undefined without such a bound. */
  readonly rows: number | undefined;
  readonly maxSize: number | undefined;
}
