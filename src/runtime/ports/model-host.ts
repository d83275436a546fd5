import type { Value, Row } from '../../types/sql-type.ts';

/** The result of scoring one row: the outputs in the model's order, or the class of the failure. */
export interface Scored {
  readonly outputs: readonly Value[] | undefined;
  readonly version: number;
  readonly error: string | undefined;
  /** Why the row was not scored: what failed, or that an input is null. Undefined for a row that the model scored. */
  readonly cause: string | undefined;
  readonly latencyMs: number;
}

/** Whether a class of failure says that the model's server is away or slow: the rows are not what fails. */
export const isOfServer = (failure: string | undefined): boolean =>
  ['TIMEOUT', 'NETWORK', 'HTTP_5XX', 'DEADLINE', 'CIRCUIT_OPEN'].includes(failure ?? '');

/** What a model's route asks about the rows of a call. */
export interface RowsBy {
  /** The text of a row's key. */
  readonly keyOf: (row: number) => string | null;
  /** Takes what a shadow answered for a row, some time later or never; undefined where nobody wants to know. */
  readonly shadowed: ((row: number, answer: Scored) => void) | undefined;
  /** Takes each row's result as soon as it is known, before the call resolves. */
  readonly answered?: (row: number, answer: Scored) => void;
}

/** Scores rows in batches. */
export interface ModelHost {
  /**
   * Scores rows; returns one result per row, in order. `version` is a number or an alias; undefined means what the model's route
   * chooses by the rows' keys, and without a route the default version. All is decided at the time of the call,
   * so that all of the rows see the same route. `options` are those of the call, before those of the model.
   */
  score(
    model: string,
    version: number | string | undefined,
    rows: readonly Row[],
    by?: RowsBy,
    options?: Readonly<Record<string, string>>,
  ): Promise<readonly Scored[]>;
  /** How many calls of a model may run at once. */
  mostCalls(model: string, version: number | string | undefined, options?: Readonly<Record<string, string>>): number;
  /** How many threads of this process score rows of a model; undefined where a server does, or no such model is there. */
  threads(model: string, version: number | string | undefined): number | undefined;
  /** What to do with a row that could not be scored: FAIL, NULL, DEFAULT or DLQ. */
  onError(model: string, version: number): string;
  /** The outputs for ON_ERROR='DEFAULT', in the model's order. */
  defaults(model: string, version: number, options?: Readonly<Record<string, string>>): readonly Value[];
}
