import type { FormatSpec } from '../../../specs/source.ts';
import type { StepColumn } from './base.ts';
import type { StepBase } from './base.ts';
import { noExpressions, noFunctions, type StepFacts } from './facts.ts';

/**
 * The boundary between two sub-topologies: rows are written to an internal topic and read back on the partition of their key.
 * Its version is also that of the records in that topic.
 */
export interface RepartitionStep<Input> extends StepBase {
  readonly op: 'repartition';
  readonly input: Input;
  readonly shape: 'STREAM' | 'TABLE';
  /** The topic that the rows are co-partitioned with: the same key bytes and the same number of partitions. */
  readonly like?: Placement | undefined;
}
export interface Placement {
  readonly topic: string;
  readonly keyFormat: FormatSpec;
  readonly keys: readonly Pick<StepColumn, 'name' | 'type'>[];
}

export const repartition = {
  version: 1,
  inputs: ['input'],
  state: 'none',
  replace: { same: ({ shape, like }) => [shape, like?.topic ?? null] },
  placement: 'like',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'asInput',
  expressions: noExpressions,
  functions: noFunctions,
} satisfies StepFacts<RepartitionStep<StepBase<number>>>;
