import type { Expr } from '../../../expressions/node.ts';
import type { OverCall } from '../../logical/node.ts';
import type { StepBase } from './base.ts';

export interface OverStep<Input> extends StepBase {
  readonly op: 'over';
  readonly input: Input;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: Expr;
  readonly calls: readonly OverCall[];
}
