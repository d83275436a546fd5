import type { ModelColumn, ModelVersion } from '../../types/model.ts';
import type { Value, Row } from '../../types/sql-type.ts';

/** A version of a model, ready to score. */
export interface ProviderModel {
  readonly input: readonly ModelColumn[];
  readonly output: readonly ModelColumn[];
  /** The outputs of each row. Throws a `ScoringError` that says what class of failure it was. */
  readonly score: (rows: readonly Row[]) => Promise<readonly (readonly Value[])[]>;
}

/** Something that serves models: ONNX Runtime in this process, or a server. */
export interface Provider {
  /** Throws an `Error` with what is wrong when the model cannot be served as declared. */
  load(
    name: string,
    version: ModelVersion,
    declared: { input: readonly ModelColumn[]; output: readonly ModelColumn[] },
  ): Promise<ProviderModel>;
  close(): Promise<void>;
}

export type FailureClass =
  'TIMEOUT' | 'NETWORK' | 'HTTP_5XX' | 'HTTP_4XX' | 'BAD_RESPONSE' | 'INVALID_INPUT' | 'DEADLINE';

/** A call that failed, with its class; only some classes are worth another try. */
export class ScoringError extends Error {
  override readonly name = 'ScoringError';
  readonly failure: FailureClass;
  constructor(failure: FailureClass, message: string) {
    super(message);
    this.failure = failure;
  }
  get retriable(): boolean {
    return this.failure === 'TIMEOUT' || this.failure === 'NETWORK' || this.failure === 'HTTP_5XX';
  }
}
