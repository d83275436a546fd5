import type { Expr } from '../../../expressions/node.ts';
import type { SqlType } from '../../../types/sql-type.ts';
import type { StepBase } from './base.ts';

export interface InvokeStep<Input> extends StepBase {
  readonly op: 'invoke';
  readonly input: Input;
  readonly model: string;
  readonly version: number | undefined;
  readonly args: readonly Expr[];
  readonly onError: string | undefined;
  readonly outputs: readonly { readonly output: string; readonly type: SqlType }[];
}
