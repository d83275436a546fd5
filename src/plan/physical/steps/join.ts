import type { Expr } from '../../../expressions/node.ts';
import type { PlanColumn } from '../../logical/node.ts';
import type { StepBase } from './base.ts';

/** What joins by keys have in common. */
export interface JoinBase<Input> extends StepBase {
  readonly left: Input;
  readonly right: Input;
  /** The names of the joined key columns. */
  readonly keys: readonly string[];
  /** The joined column behind each column, where a projection that only picks and renames was taken into the join. */
  readonly picks?: readonly PlanColumn[];
  /** What rows that meet must satisfy to be joined, over the columns of both sides. */
  readonly matches?: Expr;
}

/** What a join evaluates itself: its keys are those of its inputs. */
export const joinExpressions = ({ matches }: { readonly matches?: Expr }): readonly Expr[] =>
  matches === undefined ? [] : [matches];
