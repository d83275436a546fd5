import type { Expr } from '../../../expressions/node.ts';
import type { SqlType } from '../../../types/sql-type.ts';
import type { StepBase } from './base.ts';

export interface FlatMapStep<Input> extends StepBase {
  readonly op: 'flatMap';
  readonly input: Input;
  readonly functions: readonly { readonly fn: string; readonly args: readonly Expr[]; readonly type: SqlType }[];
}
