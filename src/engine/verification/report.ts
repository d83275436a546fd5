/** What the answers of a view are compared with. */
export type Compared = 'recomputed' | 'offline';

/** How often the values of a feature agree; a row that one side lacks counts once for each of its features. */
export interface FeatureCounts {
  readonly feature: string;
  readonly compared: number;
  readonly mismatch: number;
  readonly missing: number;
  readonly extra: number;
  /** Σ|a − b| / Σ(|a| + |b|) of the values that are numbers; null where there are none. */
  readonly smape: number | null;
}

/** One comparison, over all rows. */
export interface Comparison {
  readonly rows: number;
  /** Rows of which a feature differs. */
  readonly mismatch: number;
  /** Rows that should be there: recomputed and never answered, or answered and in no file. */
  readonly missing: number;
  /** Rows that should not be there: answered and not recomputed, or in a file and never answered. */
  readonly extra: number;
  /** Rows that are in no file yet, or not answered yet. */
  readonly pending: number;
  readonly features: readonly FeatureCounts[];
}

/** A place of a topic, where a row is, or the event that it came of. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A value that differs, or a row that one side lacks (then of all features, and `feature` is null). */
export interface Difference {
  readonly comparison: Compared;
  readonly kind: 'mismatch' | 'missing' | 'extra';
  readonly entity: Readonly<Record<string, unknown>>;
  readonly time: number;
  readonly windowStart: number | null;
  readonly feature: string | null;
  readonly online: unknown;
  /** The value recomputed, or that of the file. */
  readonly other: unknown;
  /** Where the answer is in the view's topic. */
  readonly answeredAt: Place | null;
  /** The event that the recomputed row came of. */
  readonly event: Place | null;
  readonly file: string | null;
}

/** What VERIFY FEATURE VIEW answers. */
export interface VerificationReport {
  readonly view: string;
  readonly result: 'CONSISTENT' | 'DIFFERENT';
  /** Why its answers depend on the order in which events of several partitions or topics came; null where they do not. */
  readonly orderDependent: string | null;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly sample: number | null;
  /** Rows that differ in a way that is a fault: all of them, unless the view is ORDER_DEPENDENT. */
  readonly differing: number;
  /** Rows of an ORDER_DEPENDENT view that a recomputation gives otherwise. */
  readonly orderDependentRows: number;
  readonly answers: number;
  readonly recomputed: Comparison;
  /** Null for a view without files. */
  readonly offline: Comparison | null;
  readonly differences: readonly Difference[];
  readonly startedAt: number;
  readonly ms: number;
}

/** How far a verification is. */
export interface VerificationProgress {
  state: 'WAITING' | 'READING ANSWERS' | 'READING FILES' | 'RECOMPUTING' | 'COMPARING' | 'DONE' | 'CANCELLED' | 'ERROR';
  answers: number;
  fileRows: number;
  recomputedRows: number;
  error: string | undefined;
}

/** A verification as the node that runs it knows it. */
export interface Verification {
  readonly progress: VerificationProgress;
  /** Set when it has ended well. */
  readonly report: VerificationReport | undefined;
  /** Resolves when it has ended, however it did. */
  readonly done: Promise<void>;
  cancel(): Promise<void>;
}
