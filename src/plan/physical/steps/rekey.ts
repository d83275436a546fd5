import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';

/** A new key; rows then pass through a repartition topic unless only one partition is there. */
export interface RekeyStep<Input> extends StepBase {
  readonly op: 'streamRekey' | 'tableRekey';
  readonly input: Input;
  readonly keys: readonly Expr[];
  readonly dropNullKeys: boolean;
}
