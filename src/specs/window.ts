/** A window of an aggregation, in milliseconds. */
export interface WindowSpec {
  readonly type: 'TUMBLING' | 'HOPPING' | 'SESSION' | 'SLIDING' | 'CUMULATE';
  /** The inactivity gap of a session; the longest window of CUMULATE, whose windows all start at its multiples. */
  readonly sizeMs: number;
  /** Distance between the starts of windows; of CUMULATE between their ends. */
  readonly advanceMs: number;
  readonly graceMs: number;
  readonly retentionMs: number;
}

/** Whether a record's key holds both bounds of the window; otherwise start and size determine it. */
export const hasBothBounds = (type: WindowSpec['type']): boolean => type === 'SESSION' || type === 'CUMULATE';

/** WITHIN and GRACE PERIOD of a stream-stream join: how far apart in time rows may be that join. */
export interface JoinWindow {
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;
  /**
   * Without GRACE PERIOD: unmatched rows of an outer side are emitted at once, padded with NULLs, and again when a match
   * arrives.
   */
  readonly eager: boolean;
}

/** EXCLUDE: the current row; the current row and its peers (rows of the same time); or its peers only. */
export type FrameExclusion = 'CURRENT ROW' | 'GROUP' | 'TIES';

/** The frame of an OVER call relative to the current row; both bounds are inclusive. */
export interface OverFrame {
  readonly unit: 'RANGE' | 'ROWS';
  /**
   * Distance of the start before the current row, in milliseconds (RANGE) or rows (ROWS); undefined for UNBOUNDED PRECEDING.
   */
  readonly start: number | undefined;
  /**
   * Distance of the end before the current row, in the same unit. 0 is CURRENT ROW; with RANGE that includes the peers that
   * have arrived.
   */
  readonly end: number;
  readonly exclude: FrameExclusion | undefined;
  /** The frame is cut to this many of its newest rows. */
  readonly maxSize: number | undefined;
  /**
   * Rounds the lower bound down to a multiple of this many ms: floor((t - start) / tileMs) * tileMs. `unit` is then RANGE and
   * `end` 0.
   */
  readonly tileMs: number | undefined;
  /** Whether it ends with the current row itself: peers behind it are not in it. */
  readonly endsWithRow?: true;
}

/**
 * The rules for empty input, overflow of sums, and deviations: `standard` as in SQL and PostgreSQL (OVER, feature views,
 * training sets, patterns), `ksqldb` as in ksqlDB (every other GROUP BY).
 */
export type AggregateSetName = 'standard' | 'ksqldb';
