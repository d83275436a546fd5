import type { Expr } from '../../../expressions/node.ts';
import type { JoinPlace } from '../../../expressions/compile.ts';
import type { StepBase } from './base.ts';

/** What all joins by key have in common. */
export interface JoinBase<Input, Version extends number = 1> extends StepBase<Version> {
  readonly left: Input;
  readonly right: Input;
  /** For each column, the slot of the key or of a side that it is taken from. */
  readonly row: readonly JoinPlace[];
  /** A further condition for a match, over the columns of the left side and then of the right side. */
  readonly matches?: Expr;
}

/** The expressions of a join (its keys are those of its inputs). */
export const joinExpressions = ({ matches }: { readonly matches?: Expr }): readonly Expr[] =>
  matches === undefined ? [] : [matches];
