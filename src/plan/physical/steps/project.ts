import type { NamedExpr } from '../../logical/node.ts';
import type { StepBase } from './base.ts';

export interface ProjectStep<Input> extends StepBase {
  readonly op: 'project';
  readonly input: Input;
  readonly exprs: readonly NamedExpr[];
}
