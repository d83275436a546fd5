import type { Expr } from '../../../expressions/node.ts';
import type { SqlType } from '../../../types/sql-type.ts';

/** A column of a step's rows, known by its place among them. */
export interface StepColumn {
  /** For people, and for what stands outside of the query: sinks, clients. */
  readonly name: string;
  readonly type: SqlType;
  readonly role: 'key' | 'value';
}

/** What every step gives: its columns in slot order, and whether its changes are appended rows or updates of a key. */
export interface StepBase {
  readonly v: 1;
  /** Unique in its plan and stable between runs: state and internal topics are named by it. */
  readonly id: string;
  readonly columns: readonly StepColumn[];
}

/** A call of a function over the rows below. */
export interface StepCall {
  readonly fn: string;
  readonly args: readonly Expr[];
  readonly type: SqlType;
}
