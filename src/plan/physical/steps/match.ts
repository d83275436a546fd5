import type { Expr } from '../../../expressions/node.ts';
import type { ConditionOf } from '../../../bound/match.ts';
import { navigationExprs, type PatternSpec, type SkipSpec } from '../../../specs/pattern.ts';
import type { StepBase } from './base.ts';
import type { StepFacts } from './facts.ts';

/** A condition or measure; slot i of its expression is what the i-th navigation gives. */
export type MatchExpr = ConditionOf<Expr>;

/**
 * Finds a pattern in the rows of each partition, in the order in which they come. A match gives a row: the partition, the
 * measures, and the time of its last row.
 */
export interface MatchStep<Input> extends StepBase {
  readonly op: 'match';
  readonly input: Input;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: Expr;
  readonly pattern: PatternSpec;
  readonly variables: readonly string[];
  /** The condition of each variable; null: any row. */
  readonly conditions: readonly (MatchExpr | null)[];
  readonly measures: readonly MatchExpr[];
  readonly skip: SkipSpec;
  readonly withinMs: number | undefined;
}

const all = <S>({ conditions, measures }: MatchStep<S>): MatchExpr[] => [
  ...conditions.filter((condition) => condition !== null),
  ...measures,
];

export const match = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'keyed', parts: [''], layout: 1 },
  replace: { never: 'a pattern' },
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: (step) => [
    ...step.partitionBy,
    step.orderBy,
    ...all(step).flatMap(({ navigations, expr }) => [expr, ...navigations.flatMap(navigationExprs)]),
  ],
  functions: (step) =>
    all(step).flatMap(({ navigations }) => navigations.flatMap((each) => (each.kind === 'aggregate' ? [each.fn] : []))),
} satisfies StepFacts<MatchStep<StepBase<number>>>;
