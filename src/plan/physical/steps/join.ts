import type { Expr } from '../../../expressions/node.ts';
import type { JoinPlace } from '../../../expressions/compile.ts';
import type { StepBase } from './base.ts';

/** What joins by keys have in common. */
export interface JoinBase<Input> extends StepBase {
  readonly left: Input;
  readonly right: Input;
  /** What stands behind each column: a slot of the key, or of one side. */
  readonly row: readonly JoinPlace[];
  /** What rows that meet must satisfy to be joined, over the columns of the left side and then those of the right. */
  readonly matches?: Expr;
}

/** What a join evaluates itself: its keys are those of its inputs. */
export const joinExpressions = ({ matches }: { readonly matches?: Expr }): readonly Expr[] =>
  matches === undefined ? [] : [matches];
