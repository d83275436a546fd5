import type { Expr } from '../../../expressions/node.ts';
import type { SqlType } from '../../../types/sql-type.ts';

/** A column of a step's rows, identified by its slot. */
export interface StepColumn {
  /** For users, and for consumers outside of the query: sinks and clients. */
  readonly name: string;
  readonly type: SqlType;
  readonly role: 'key' | 'value';
}

/**
 * What every step has: an id, its columns in slot order, and whether it emits a stream (appended rows) or a table (changes by
 * key).
 */
export interface StepBase<Version extends number = 1> {
  readonly v: Version;
  /** Unique in its plan and stable across restarts: it is part of the names of state and internal topics. */
  readonly id: string;
  readonly columns: readonly StepColumn[];
}

/** A call of an aggregate or table function over the input rows. */
export interface StepCall {
  readonly fn: string;
  readonly args: readonly Expr[];
  readonly type: SqlType;
  /** FILTER (WHERE …) of an aggregate: rows for which it is not true are passed over. */
  readonly filter?: Expr | undefined;
}

/** The expressions that a call takes from a row. */
export const expressionsOf = ({ args, filter }: StepCall): readonly Expr[] =>
  filter === undefined ? args : [...args, filter];
