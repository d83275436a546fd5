import type { ModelColumn, ModelVersion } from '../../types/model.ts';
import type { Value, Row } from '../../types/sql-type.ts';

/** The outputs of a row, or why it has none. */
export type RowAnswer = readonly Value[] | ScoringError;

export interface ModelColumns {
  readonly input: readonly ModelColumn[];
  readonly output: readonly ModelColumn[];
}

/** A loaded version of a model. */
export interface ProviderModel extends ModelColumns {
  /** What each output column is, such as `probabilities[0]`; undefined where only an answer tells. */
  readonly takes: readonly string[] | undefined;
  /** What a user may not expect of the columns that the model gives. */
  readonly notes: readonly string[];
  /** The inputs for which NaN cannot stand for NULL. */
  readonly withoutNaN: readonly string[];
  /**
   * The answer of each row. Throws a `ScoringError` with the class of the failure. The signal is aborted when the answer is not
   * waited for any more; undefined where no deadline is set.
   */
  readonly score: (rows: readonly Row[], signal?: AbortSignal) => Promise<readonly RowAnswer[]>;
  /** Asks whether the model is served; rejects when it is not. Undefined where nothing tells. */
  readonly check?: () => Promise<unknown>;
  /** Options that name what was loaded for good, where those given may name something else later. */
  readonly pinned?: ModelVersion['options'];
  /** Frees what only this version of the model needs. */
  readonly close: () => Promise<void>;
}

/** Loads and serves models: ONNX Runtime in this process, a server, or a user's code. */
export interface Provider {
  /** Loads a version; throws an `Error` when it cannot be served as declared. */
  load(version: ModelVersion, declared: ModelColumns): Promise<ProviderModel>;
  /** Throws an `Error` when columns or options cannot be carried, as far as that is known without the model. */
  check(version: ModelVersion, declared: ModelColumns): void;
  /** Whether one call scores one row. */
  isByRow(version: ModelVersion): boolean;
  /** How many threads of this process score rows; absent where a server does. */
  workers?(version: ModelVersion): number;
  /** Whether rows may have nulls. */
  readonly takesNull: boolean;
  close(): Promise<void>;
}

export type FailureClass =
  'TIMEOUT' | 'NETWORK' | 'HTTP_5XX' | 'HTTP_4XX' | 'BAD_RESPONSE' | 'CIRCUIT_OPEN' | 'INVALID_INPUT' | 'DEADLINE';

interface Blame {
  /** Whether one row may have failed all: its call is then divided. */
  readonly mayBeOneRow?: boolean;
}

/** A failed scoring call with its class, which decides whether it is retried. */
export class ScoringError extends Error {
  override readonly name = 'ScoringError';
  readonly failure: FailureClass;
  readonly mayBeOneRow: boolean;
  constructor(failure: FailureClass, message: string, { mayBeOneRow = false }: Blame = {}) {
    super(message);
    this.failure = failure;
    this.mayBeOneRow = mayBeOneRow;
  }
  get retriable(): boolean {
    return this.failure === 'TIMEOUT' || this.failure === 'NETWORK' || this.failure === 'HTTP_5XX';
  }
}

/** An answer that is not of the rows asked for is the model's fault, not that of a row. */
export function asResponse<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof ScoringError ? error : new ScoringError('BAD_RESPONSE', (error as Error).message);
  }
}
