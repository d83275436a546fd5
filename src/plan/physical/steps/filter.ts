import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';

export interface FilterStep<Input> extends StepBase {
  readonly op: 'streamFilter' | 'tableFilter';
  readonly input: Input;
  readonly predicate: Expr;
  /** Of a table: a row that never was there leaves no tombstone. */
  readonly silent?: true;
}
