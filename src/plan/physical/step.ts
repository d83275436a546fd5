import type { FormatSpec, KeyWindow } from '../formats.ts';
import type { FilterStep } from './steps/filter.ts';
import type { FlatMapStep } from './steps/flat-map.ts';
import type { ForeignKeyLookupStep } from './steps/foreign-key-lookup.ts';
import type { ForeignKeyResolveStep } from './steps/foreign-key-resolve.ts';
import type { ForeignKeySubscribeStep } from './steps/foreign-key-subscribe.ts';
import type { InvokeStep } from './steps/invoke.ts';
import type { OverStep } from './steps/over.ts';
import type { ProjectStep } from './steps/project.ts';
import type { RekeyStep } from './steps/rekey.ts';
import type { RepartitionStep as RepartitionStepOf } from './steps/repartition.ts';
import type { SourceStep } from './steps/source.ts';
import type { StreamAggregateStep } from './steps/stream-aggregate.ts';
import type { StreamStreamJoinStep } from './steps/stream-stream-join.ts';
import type { StreamTableJoinStep } from './steps/stream-table-join.ts';
import type { TableAggregateStep } from './steps/table-aggregate.ts';
import type { TableTableJoinStep } from './steps/table-table-join.ts';
import type { UnionStep } from './steps/union.ts';
import type { WindowedAggregateStep } from './steps/windowed-aggregate.ts';
import type { WindowSpec } from '../window.ts';

export type { Placement } from './steps/repartition.ts';
export type { SourceStep };
export type RepartitionStep = RepartitionStepOf<Step>;

/** One step of a plan; its data and facts stand in `steps/`, each generic in the steps below it. */
export type Step =
  | SourceStep
  | FilterStep<Step>
  | ProjectStep<Step>
  | FlatMapStep<Step>
  | RekeyStep<Step>
  | RepartitionStep
  | StreamAggregateStep<Step>
  | WindowedAggregateStep<Step>
  | TableAggregateStep<Step>
  | StreamStreamJoinStep<Step>
  | StreamTableJoinStep<Step>
  | TableTableJoinStep<Step>
  | UnionStep<Step>
  | ForeignKeySubscribeStep<Step>
  | ForeignKeyLookupStep<Step>
  | ForeignKeyResolveStep<Step>
  | OverStep<Step>
  | InvokeStep<Step>;
export type StepOp = Step['op'];
/** The step of a kind. */
export type StepOf<Op extends StepOp, S = Step> = S extends { readonly op: infer P }
  ? Op extends P
    ? S
    : never
  : never;

/** Where a persistent query writes. */
export interface SinkSpec {
  readonly topic: string;
  readonly keyFormat: FormatSpec;
  readonly valueFormat: FormatSpec;
  readonly window: KeyWindow | undefined;
  /** The result's column whose value becomes the record's timestamp, with its pattern when it is a STRING. */
  readonly timestamp: { readonly column: string; readonly format: string | undefined } | undefined;
  readonly partitions: number;
}

/** A whole query, plain JSON with a version: commands store it, so that an upgrade never changes a running query's state. */
export interface PhysicalPlan {
  readonly version: 1;
  readonly root: Step;
  readonly shape: 'STREAM' | 'TABLE';
  readonly windowed: WindowSpec['type'] | undefined;
  /** Undefined for a query whose rows go to a client. */
  readonly sink: SinkSpec | undefined;
  /** The names of the rules that rewrote the logical plan. */
  readonly rules: readonly string[];
  /** For a feature view: the columns whose newest row is kept for serving, and the column of the feature time. */
  readonly entityKey?: readonly string[] | undefined;
  readonly entityTime?: string | undefined;
}

export function stepInputs(step: Step): readonly Step[] {
  switch (step.op) {
    case 'streamSource':
    case 'tableSource':
      return [];
    case 'streamStreamJoin':
    case 'streamTableJoin':
    case 'tableTableJoin':
    case 'foreignKeyLookup':
    case 'union':
      return [step.left, step.right];
    default:
      return [step.input];
  }
}

/** Every step of a plan, inputs before what reads them. */
export function allSteps(step: Step): Step[] {
  return [...stepInputs(step).flatMap(allSteps), step];
}

/** Whether a query calls a model, and so may have rows that none can score. */
export const invokesModel = ({ root }: PhysicalPlan): boolean => allSteps(root).some(({ op }) => op === 'invoke');
