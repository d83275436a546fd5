import type { CollectLimits } from '../../functions/define.ts';
import type { StepOf, StepOp } from '../../plan/physical/step.ts';
import type { Change } from '../change.ts';
import { dataError, type DeadLetter, type FailureSink, type KnownRecords, type ShadowRecord } from '../failures.ts';
import type { Answers } from '../ports/answers.ts';
import type { CountedEvent } from '../ports/counted-events.ts';
import { told, type Operator, type RecordPosition } from '../operator.ts';
import type { ModelHost } from '../ports/model-host.ts';
import type { CachedStore, StoreLocation } from '../stores/cached-store.ts';

/** What operators are built with. */
export interface BuildContext {
  /** The location of a step's state; `part` distinguishes several stores of a step. All stores are flushed at a commit. */
  readonly location: (stepId: string, part: string) => StoreLocation;
  readonly register: (store: CachedStore) => void;
  readonly report: (error: unknown, expression: string) => void;
  /** Takes a row that a model could not score. */
  readonly deadLetter: (letter: DeadLetter) => void;
  /** Takes what a shadow answered for a row; undefined where nothing is written. */
  readonly shadow?: ((record: ShadowRecord) => void) | undefined;
  readonly onLate: (change: Change) => void;
  readonly count: (event: CountedEvent) => void;
  readonly position: RecordPosition;
  readonly models: ModelHost | undefined;
  readonly conflate: boolean;
  /** The limits of COLLECT_LIST and COLLECT_SET. */
  readonly limits?: CollectLimits;
  /**
   * Whether a commit covers many micro-batches. Tumbling windows are then stored several per entry; with a commit after each
   * micro-batch, such entries would be rewritten too often. Fixed for the life of the state.
   */
  readonly rareCommits?: boolean;
  /** The partition of the pipeline, of how many; undefined for the only one. */
  /** Undefined where no operator may wait for answers over micro-batches. */
  readonly answers?: Answers | undefined;
  readonly records?: KnownRecords | undefined;
  /** Whether an attempt before this one has failed, so that what fails is looked for. */
  readonly isCareful?: (() => boolean) | undefined;
  readonly place?: { readonly partition: number; readonly partitions: number };
  /** Whether records at which user code takes too long are taken again, fewer at a time; otherwise they are gone over here and now. */
  readonly isRetaken?: (() => boolean) | undefined;
}

/** The functions that operators report with: an error for the record that is being processed, or a late record. */
export function reporters(
  sink: FailureSink,
  position: RecordPosition,
): Pick<BuildContext, 'report' | 'deadLetter' | 'shadow' | 'onLate' | 'count'> {
  return {
    report: (error, what) => {
      const message = dataError(error, what);
      if (position.sequence !== told) sink.report(message, what, position.sequence);
    },
    count: (event) => sink.countEvent?.(event),
    deadLetter: (letter) => sink.deadLetter(letter, position.sequence),
    shadow: sink.shadow?.bind(sink),
    onLate: ({ timestamp, sequence }) =>
      sink.report(`the event at ${timestamp} came after its window's grace period`, 'late', sequence),
  };
}

/** Creates the operator for a kind of step. */
export type Builder<Op extends StepOp> = (step: StepOf<Op>, context: BuildContext) => Operator;
