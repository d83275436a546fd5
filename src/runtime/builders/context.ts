import type { CollectLimits } from '../../functions/define.ts';
import type { StepOf, StepOp } from '../../plan/physical/step.ts';
import type { Change } from '../change.ts';
import type { DeadLetter, FailureSink } from '../failures.ts';
import type { Operator, RecordPosition } from '../operator.ts';
import type { ModelHost } from '../ports/model-host.ts';
import type { CachedStore, StoreLocation } from '../stores/cached-store.ts';

/** What operators are built with. */
export interface BuildContext {
  /** Where the state of a step is kept; `part` tells the stores of one step apart. Every store is flushed at a commit. */
  readonly location: (stepId: string, part: string) => StoreLocation;
  readonly register: (store: CachedStore) => void;
  readonly report: (error: unknown, what: string) => void;
  /** Takes a row that no model could score. */
  readonly deadLetter: (letter: DeadLetter) => void;
  readonly onLate: (change: Change) => void;
  readonly position: RecordPosition;
  readonly models: ModelHost | undefined;
  readonly conflate: boolean;
  /** How much aggregates may collect. */
  readonly limits?: CollectLimits;
  /**
   * Whether a commit covers many micro-batches: tumbling windows are then stored several to an entry, which a commit after each
   * micro-batch would write again and again. Never changed for state that is there.
   */
  readonly rareCommits?: boolean;
}

/** What operators report to: an error at the record that is being processed, or a change that came too late. */
export function reporters(
  sink: FailureSink,
  position: RecordPosition,
): Pick<BuildContext, 'report' | 'deadLetter' | 'onLate'> {
  return {
    report: (error, what) =>
      sink.report(error instanceof Error ? error.message : String(error), what, position.sequence),
    deadLetter: (letter) => sink.deadLetter(letter, position.sequence),
    onLate: ({ timestamp, sequence }) =>
      sink.report(`the event at ${timestamp} came after its window's grace period`, 'late', sequence),
  };
}

/** Makes the operator of a step of its kind. */
export type Builder<Op extends StepOp> = (step: StepOf<Op>, context: BuildContext) => Operator;
