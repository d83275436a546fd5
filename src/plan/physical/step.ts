import { callsIn } from '../../expressions/node.ts';
import { isUserFunction } from '../../functions/registry.ts';
import type { FormatSpec, KeyWindow } from '../../specs/source.ts';
import { streamFilter, tableFilter, type FilterStep } from './steps/filter.ts';
import { flatMap, type FlatMapStep } from './steps/flat-map.ts';
import type { StepFacts } from './steps/facts.ts';
import { foreignKeyLookup, type ForeignKeyLookupStep } from './steps/foreign-key-lookup.ts';
import { foreignKeyResolve, type ForeignKeyResolveStep } from './steps/foreign-key-resolve.ts';
import { foreignKeySubscribe, type ForeignKeySubscribeStep } from './steps/foreign-key-subscribe.ts';
import { invoke, type InvokeStep } from './steps/invoke.ts';
import { over, type OverStep } from './steps/over.ts';
import { project, type ProjectStep } from './steps/project.ts';
import { streamRekey, tableRekey, type RekeyStep } from './steps/rekey.ts';
import { repartition, type RepartitionStep as RepartitionStepOf } from './steps/repartition.ts';
import { streamSource, tableSource, type SourceStep } from './steps/source.ts';
import { streamAggregate, type StreamAggregateStep } from './steps/stream-aggregate.ts';
import { streamStreamJoin, type StreamStreamJoinStep } from './steps/stream-stream-join.ts';
import { streamTableJoin, type StreamTableJoinStep } from './steps/stream-table-join.ts';
import { tableAggregate, type TableAggregateStep } from './steps/table-aggregate.ts';
import { tableTableJoin, type TableTableJoinStep } from './steps/table-table-join.ts';
import { union, type UnionStep } from './steps/union.ts';
import { sessionAggregate, windowedAggregate, type WindowedAggregateStep } from './steps/windowed-aggregate.ts';
import type { WindowSpec } from '../../specs/window.ts';

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

/** Version 2: columns are slots. Plans of version 1 (0.1.0 and before) found them by name. */
export const planVersion = 2;

/** A whole query, plain JSON with a version: commands store it, so that an upgrade never changes a running query's state. */
export interface PhysicalPlan {
  readonly version: typeof planVersion;
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

/** The facts of every kind of step: one without an entry does not compile. */
export const stepFacts: { readonly [Op in StepOp]: StepFacts<StepOf<Op>> } = {
  streamSource,
  tableSource,
  streamFilter,
  tableFilter,
  project,
  flatMap,
  streamRekey,
  tableRekey,
  repartition,
  streamAggregate,
  tableAggregate,
  windowedAggregate,
  sessionAggregate,
  streamStreamJoin,
  streamTableJoin,
  tableTableJoin,
  union,
  foreignKeySubscribe,
  foreignKeyLookup,
  foreignKeyResolve,
  over,
  invoke,
};

/** The facts of a step, which are those of its kind. */
export const factsOf = (step: Step): StepFacts<Step> => stepFacts[step.op] as unknown as StepFacts<Step>;

type Inputs = Readonly<Record<'left' | 'right' | 'input', Step>>;
/** The steps below, in order. */
export const stepInputs = (step: Step): readonly Step[] =>
  factsOf(step).inputs.map((name) => (step as unknown as Inputs)[name]);

/** The same step over others. */
export function withInputs<S extends Step>(step: S, inputs: readonly Step[]): S {
  return { ...step, ...Object.fromEntries(factsOf(step).inputs.map((name, i) => [name, inputs[i]!])) };
}

/** Every step of a plan, inputs before what reads them. */
export function allSteps(step: Step): Step[] {
  return [...stepInputs(step).flatMap(allSteps), step];
}

/** Whether a step keeps state of its own. */
export const keepsState = (step: Step): boolean => factsOf(step).state !== 'none';

/** Whether the changes that a step gives are the next step's own, to be changed in place. */
export function ownsRows(step: Step): boolean {
  const { ownsRows: own } = factsOf(step);
  return own === 'asInput' ? stepInputs(step).every(ownsRows) : own;
}

/** Whether a step itself calls a function of a user. */
export function callsUserCode(step: Step): boolean {
  const { expressions, functions } = factsOf(step);
  return [...functions(step), ...expressions(step).flatMap(callsIn)].some(isUserFunction);
}

/** A step whose changes say what their row was before: what moves rows to another key takes the old ones back. */
export function withBefore(step: Step): Step {
  const { before } = factsOf(step);
  if (before === 'asked') return { ...step, withBefore: true } as Step;
  return before === 'asInput' ? withInputs(step, stepInputs(step).map(withBefore)) : step;
}

/** Whether a query calls a model, and so may have rows that none can score. */
export const invokesModel = ({ root }: PhysicalPlan): boolean => allSteps(root).some(({ op }) => op === 'invoke');
