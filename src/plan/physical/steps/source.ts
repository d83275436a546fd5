import type { Expr } from '../../../expressions/node.ts';
import type { SourceSpec } from '../../formats.ts';
import type { StepBase } from './base.ts';

/** A topic decoded into the columns that the plan uses. */
export interface SourceStep extends StepBase {
  readonly op: 'streamSource' | 'tableSource';
  readonly source: SourceSpec;
  readonly reads: readonly string[];
  /** Of a stream: only rows that satisfy it are decoded whole and given. */
  readonly where?: Expr;
}
