import type { StepBase } from './base.ts';

/** Keeps the newest answer of each row, whichever way the answers came. */
export interface ForeignKeyResolveStep<Input> extends StepBase {
  readonly op: 'foreignKeyResolve';
  readonly input: Input;
  readonly keyCount: number;
}
