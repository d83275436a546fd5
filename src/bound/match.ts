import type { BoundColumn, BoundExpr } from '../expressions/node.ts';
import type { BoundOrder } from './rows.ts';
import { navigationExprs, type NavigationSpec, type PatternSpec, type SkipSpec } from '../specs/pattern.ts';

/** An expression over what it takes from the rows of a match: its i-th column is what the i-th navigation gives. */
export interface ConditionOf<E> {
  readonly navigations: readonly NavigationSpec<E>[];
  readonly expr: E;
}
export interface BoundCondition extends ConditionOf<BoundExpr> {
  /** The columns that the navigations are in the expression. */
  readonly columns: readonly BoundColumn[];
}

/** EMIT FINAL: the search is in order of time, for which rows wait until stream time has passed their time and the grace. */
export interface FinalMatch {
  readonly graceMs: number;
  /** What orders the rows of one time; those that it does not tell apart are in order of arrival. */
  readonly thenBy: readonly BoundOrder[];
}

/** What is searched for in the rows of a partition. */
export interface BoundMatchParts {
  readonly pattern: PatternSpec;
  /** The names of the pattern's variables. */
  readonly variables: readonly string[];
  /** The condition of each variable; undefined: any row. */
  readonly conditions: readonly (BoundCondition | undefined)[];
  readonly measures: readonly BoundCondition[];
  readonly skip: SkipSpec;
  /** How long after its first row a match may end. */
  readonly withinMs: number | undefined;
  /** Undefined: the search is in order of arrival. */
  readonly final: FinalMatch | undefined;
}

/** What conditions, measures and the order of the rows of one time read of rows. */
export const matchExprs = ({ conditions, measures, final }: BoundMatchParts): BoundExpr[] => [
  ...[...conditions, ...measures].flatMap((each) => each?.navigations.flatMap(navigationExprs) ?? []),
  ...(final?.thenBy ?? []).map(({ expr }) => expr),
];
