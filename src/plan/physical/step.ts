import { callsIn } from '../../expressions/node.ts';
import { isUserFunction } from '../../functions/registry.ts';
import type { ExportSpec } from '../../specs/exports.ts';
import type { FormatSpec, KeyWindow } from '../../specs/source.ts';
import { dedup, type DedupStep } from './steps/dedup.ts';
import { streamFilter, tableFilter, type FilterStep } from './steps/filter.ts';
import { flatMap, type FlatMapStep } from './steps/flat-map.ts';
import { datagen, type DatagenStep } from './steps/datagen.ts';
import type { StepFacts } from './steps/facts.ts';
import { foreignKeyLookup, type ForeignKeyLookupStep } from './steps/foreign-key-lookup.ts';
import { foreignKeyResolve, type ForeignKeyResolveStep } from './steps/foreign-key-resolve.ts';
import { foreignKeySubscribe, type ForeignKeySubscribeStep } from './steps/foreign-key-subscribe.ts';
import { invoke, orderedInvoke, type InvokeStep } from './steps/invoke.ts';
import { invokeUnordered, type InvokeUnorderedStep } from './steps/invoke-unordered.ts';
import { match, type MatchStep } from './steps/match.ts';
import { monitor, type MonitorStep } from './steps/monitor.ts';
import { over, type OverStep } from './steps/over.ts';
import { project, type ProjectStep } from './steps/project.ts';
import { rank, type RankStep } from './steps/rank.ts';
import { streamRekey, tableRekey, type RekeyStep } from './steps/rekey.ts';
import { repartition, type RepartitionStep as RepartitionStepOf } from './steps/repartition.ts';
import { streamSource, tableSource, type SourceStep } from './steps/source.ts';
import { sort, type SortStep } from './steps/sort.ts';
import { streamAggregate, type StreamAggregateStep } from './steps/stream-aggregate.ts';
import { streamStreamJoin, type StreamStreamJoinStep } from './steps/stream-stream-join.ts';
import { streamTableJoin, type StreamTableJoinStep } from './steps/stream-table-join.ts';
import { tableAggregate, type TableAggregateStep } from './steps/table-aggregate.ts';
import { tableTableJoin, type TableTableJoinStep } from './steps/table-table-join.ts';
import { temporalJoin, type TemporalJoinStep } from './steps/temporal-join.ts';
import { union, type UnionStep } from './steps/union.ts';
import {
  cumulateAggregate,
  sessionAggregate,
  slidingAggregate,
  windowedAggregate,
  type WindowedAggregateStep,
} from './steps/windowed-aggregate.ts';
import type { AggregateSetName, WindowSpec } from '../../specs/window.ts';

export type RepartitionStep = RepartitionStepOf<Step>;

/** A step of a plan. The data and facts of each kind are in `steps/`, generic in the type of their inputs. */
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
  | TemporalJoinStep<Step>
  | UnionStep<Step>
  | ForeignKeySubscribeStep<Step>
  | ForeignKeyLookupStep<Step>
  | ForeignKeyResolveStep<Step>
  | OverStep<Step>
  | DedupStep<Step>
  | RankStep<Step>
  | MatchStep<Step>
  | SortStep<Step>
  | MonitorStep<Step>
  | DatagenStep<Step>
  | InvokeStep<Step>
  | InvokeUnorderedStep<Step>;
export type StepOp = Step['op'];
/** The step type of a kind. */
export type StepOf<Op extends StepOp, S = Step> = S extends { readonly op: infer P }
  ? Op extends P
    ? S
    : never
  : never;

/** The topic that a persistent query writes to. */
export interface SinkSpec {
  readonly topic: string;
  readonly keyFormat: FormatSpec;
  readonly valueFormat: FormatSpec;
  readonly window: KeyWindow | undefined;
  /** The result column that becomes the record's timestamp, with the pattern of a STRING column. */
  readonly timestamp: { readonly column: string; readonly format: string | undefined } | undefined;
  readonly partitions: number;
}

/**
 * Version 3: aggregates may have a filter, casts and LIKE variants, sources are read in part, and a source's history is written as files. Version 2, which has none of these,
 * is read as it is. Version 1 (0.1.0 and before) referred to columns by name instead of by slot.
 */
export const planVersion = 3;
/** The version before, whose plans mean the same now. */
export const formerPlanVersion = 2;

/** A complete query as plain JSON with a version. Commands store it, so that an upgrade does not change a running query. */
export interface PhysicalPlan extends ExportSpec {
  readonly version: typeof planVersion;
  readonly root: Step;
  readonly shape: 'STREAM' | 'TABLE';
  readonly windowed: WindowSpec['type'] | undefined;
  /** Undefined for a query whose rows go to a client. */
  readonly sink: SinkSpec | undefined;
  /** The names of the optimizer rules that changed the logical plan. */
  readonly rules: readonly string[];
  /**
   * For a feature view: the entity columns, by which the newest row is kept for serving, the column of the feature time, and how
   * long rows are served.
   */
  readonly entityKey?: readonly string[] | undefined;
  readonly entityTime?: string | undefined;
  readonly entityTtlMs?: number | undefined;
}

/** The facts of every kind of step; a kind without an entry does not compile. */
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
  slidingAggregate,
  cumulateAggregate,
  streamStreamJoin,
  streamTableJoin,
  tableTableJoin,
  temporalJoin,
  union,
  foreignKeySubscribe,
  foreignKeyLookup,
  foreignKeyResolve,
  over,
  dedup,
  rank,
  match,
  sort,
  invoke,
  invokeUnordered,
  monitor,
  datagen,
};

/** The facts of a step's kind. */
export const factsOf = (step: Step): StepFacts<Step> => stepFacts[step.op] as unknown as StepFacts<Step>;

type Inputs = Readonly<Record<'left' | 'right' | 'input', Step>>;
/** The inputs of a step, in order. */
export const stepInputs = (step: Step): readonly Step[] =>
  factsOf(step).inputs.map((name) => (step as unknown as Inputs)[name]);

/** A copy of the step with other inputs. */
export function withInputs<S extends Step>(step: S, inputs: readonly Step[]): S {
  return { ...step, ...Object.fromEntries(factsOf(step).inputs.map((name, i) => [name, inputs[i]!])) };
}

/** All steps of a plan; inputs come before the steps that read them. */
export function allSteps(step: Step): Step[] {
  return [...stepInputs(step).flatMap(allSteps), step];
}

/** Whether a step keeps state of its own. */
export const keepsState = (step: Step): boolean => factsOf(step).state !== 'none';

/** Whether the next step owns the changes that it gets, so that it may modify them in place. */
export function ownsRows(step: Step): boolean {
  const { ownsRows: own } = factsOf(step);
  return own === 'asInput' ? stepInputs(step).every(ownsRows) : own;
}

/** Whether a step itself calls a user-defined function. */
export function callsUserCode(step: Step): boolean {
  const { expressions, functions } = factsOf(step);
  return [...functions(step), ...expressions(step).flatMap(callsIn)].some(isUserFunction);
}

/** Makes a step's changes carry the previous row, which a rekey of a table needs to retract it under its old key. */
export function withBefore(step: Step): Step {
  const { before } = factsOf(step);
  if (before === 'asked') return { ...step, withBefore: true } as Step;
  return before === 'asInput' ? withInputs(step, stepInputs(step).map(withBefore)) : step;
}

/** The sets of aggregates that a plan's steps use. */
export function aggregateSets({ root }: PhysicalPlan): AggregateSetName[] {
  const sets = allSteps(root).flatMap((step): AggregateSetName[] => {
    if (!('aggregates' in step)) return [];
    return [step.op === 'over' ? step.aggregates : (step.set ?? 'ksqldb')];
  });
  return [...new Set(sets)].sort();
}

/** A step that calls a model; undefined for another one. */
export const modelCall = (step: Step): StepOf<'invoke' | 'invokeUnordered'> | undefined =>
  step.op === 'invoke' || step.op === 'invokeUnordered' ? step : undefined;

/** Whether a query invokes a model, so that rows may fail to be scored and go to the dead letters. */
export const invokesModel = ({ root }: PhysicalPlan): boolean =>
  allSteps(root).some((step) => modelCall(step) !== undefined);

/** The same step, whose calls of models give rows in order: for who reads once and goes. */
export function inOrder(step: Step): Step {
  const ordered = step.op === 'invokeUnordered' ? orderedInvoke(step) : step;
  return withInputs(ordered, stepInputs(ordered).map(inOrder));
}
