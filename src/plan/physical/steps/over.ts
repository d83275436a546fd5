import type { Expr } from '../../../expressions/node.ts';
import type { AggregateSetName, OverFrame } from '../../../specs/window.ts';
import type { StepBase, StepCall } from './base.ts';
import type { StepFacts } from './facts.ts';

/** A call over a frame. The frame ends at or before the current row. */
export interface OverCall extends StepCall {
  readonly frame: OverFrame;
  /** The call ignores rows of its frame for which this is not true. */
  readonly filter: Expr | undefined;
  /** IGNORE NULLS of a function that takes the value of one row. */
  readonly ignoreNulls: boolean;
}

/**
 * Computes calls over frames of the rows of a partition, ordered by time. Version 2: frames have two bounds, and the step has a
 * grace. Version 3: final steps of several partitions know of each other.
 */
export interface OverStep<Input> extends StepBase<3> {
  readonly op: 'over';
  readonly input: Input;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: Expr;
  readonly calls: readonly OverCall[];
  readonly aggregates: AggregateSetName;
  /** Rows later than this behind stream time are dropped. */
  readonly graceMs: number;
  /**
   * EMIT FINAL: rows are emitted in order of time, once stream time has passed their time and the grace. Otherwise they are
   * emitted as they arrive.
   */
  readonly final: boolean;
  /** Its place among the final steps of a query with several PARTITION BYs; absent if it is alone. */
  readonly among?: 'first' | 'middle' | 'last';
}

/** Converts a step of version 2, which has the same meaning now. */
export const overOfVersion2 = <Input>(stored: unknown): OverStep<Input> => ({ ...(stored as OverStep<Input>), v: 3 });

/** Version 1 of the step: without a grace, and with GROUP BY's aggregates. */
interface OverStepV1 {
  readonly calls: readonly (StepCall & {
    readonly frame: { readonly rangeMs?: number; readonly rows?: number; readonly maxSize?: number };
  })[];
}
const defaultGraceMs = 86_400_000;

/** Converts a step of version 1. */
export function overOfVersion1<Input>(stored: unknown): OverStep<Input> {
  const step = stored as OverStepV1 & Omit<OverStep<Input>, 'v' | 'calls' | 'aggregates' | 'graceMs' | 'final'>;
  const calls = step.calls.map(({ frame: { rangeMs, rows, maxSize }, ...call }): OverCall => {
    const frame = { end: 0, exclude: undefined, maxSize, tileMs: undefined };
    return {
      ...call,
      frame: rows === undefined ? { ...frame, unit: 'RANGE', start: rangeMs } : { ...frame, unit: 'ROWS', start: rows },
      filter: undefined,
      ignoreNulls: false,
    };
  });
  return { ...step, v: 3, calls, aggregates: 'ksqldb', graceMs: defaultGraceMs, final: false };
}

export const over = {
  version: 3,
  inputs: ['input'],
  // The part '' holds the events as version 1 of the step stored them.
  state: {
    kind: 'ordered',
    parts: ['', 'time', 'rows', 'all', 'base', 'pending', 'tiled', 'tiles', 'known'],
    // Version 2: long lists of events have pages.
    layout: 2,
    reads: 1,
  },
  replace: { never: 'a window function' },
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: ({ partitionBy, orderBy, calls }) => [
    ...partitionBy,
    orderBy,
    ...calls.flatMap(({ args, filter }) => (filter === undefined ? args : [...args, filter])),
  ],
  functions: ({ calls }) => calls.map(({ fn }) => fn),
} satisfies StepFacts<OverStep<StepBase<number>>>;
