import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';

/** Sends each row of a table to where the row is that its foreign keys name. */
export interface ForeignKeySubscribeStep<Input> extends StepBase {
  readonly op: 'foreignKeySubscribe';
  readonly input: Input;
  readonly foreignKeys: readonly Expr[];
  readonly join: 'INNER' | 'LEFT';
}
