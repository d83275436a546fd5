import { allSteps, factsOf, type PhysicalPlan } from '../../plan/physical/step.ts';
import type { SourceStep } from '../../plan/physical/steps/source.ts';
import { readersOf, subTopologies, type SubTopology } from '../../plan/physical/topology.ts';
import type { StartPositions } from '../ports/node.ts';
import type { ErasedSpec } from '../../specs/erasure.ts';
import type { RunSettings } from '../run-settings.ts';
import type { Attempt } from './attempt.ts';

/** One sub-topology of a plan on one partition number of its inputs. */
export interface TaskPart {
  readonly index: number;
  readonly partition: number;
}

/** What a task runs and how: plain data, which is sent to threads. */
export interface TaskSpec {
  readonly queryId: string;
  readonly plan: PhysicalPlan;
  /** The part to run; undefined for the whole plan, with repartitions in memory. */
  readonly part: TaskPart | undefined;
  /** For a whole plan: the number of partitions of repartitions in memory; undefined for that of its widest source. */
  readonly partitions?: number;
  /** With a `commit` interval of 0 every micro-batch is committed. */
  readonly settings: RunSettings;
  readonly processingLog: string;
  readonly deadLetters: string;
  /** Where streams without a committed position begin with `latest`; without it at the end. */
  readonly start?: StartPositions | undefined;
  /** The entities that it must not have any more. */
  readonly erased?: ErasedSpec | undefined;
  /** The attempt after a failure; undefined for the first. */
  readonly attempt?: Attempt | undefined;
}

/** An input of a task's pipelines: a source, or the topic between two sub-topologies. */
export interface TaskInput {
  readonly stepId: string;
  readonly reader: number;
  readonly isTable: boolean;
  /** Undefined for a repartition topic. */
  readonly source: SourceStep | undefined;
}

/** The parts of its plan that a task runs. */
export const partsOf = ({ plan, part }: TaskSpec): readonly SubTopology[] =>
  part === undefined ? subTopologies(plan) : [subTopologies(plan)[part.index]!];

/** What a task reads from its log; repartitions in memory are not included. */
export function inputsOf(spec: TaskSpec): TaskInput[] {
  const readers = readersOf(spec.plan);
  return partsOf(spec).flatMap(({ inputs }) =>
    inputs.flatMap((input): TaskInput[] => {
      const reader = readers.get(input.id) ?? 0;
      if (input.op === 'repartition')
        return spec.part === undefined ? [] : [{ stepId: input.id, reader, isTable: true, source: undefined }];
      return [{ stepId: input.id, reader, isTable: input.source.kind === 'TABLE', source: input }];
    }),
  );
}

/** Whether inputs are merged by time: if a step combines rows or keeps state. */
export const isOrdered = (spec: TaskSpec): boolean =>
  partsOf(spec).some(({ root }) => allSteps(root).some((step) => !factsOf(step).anyOrder));

/** How often a task looks at the clock for its steps; Infinity where none goes by it. */
export const tickMsOf = (spec: TaskSpec): number =>
  Math.min(
    ...partsOf(spec)
      .flatMap(({ root }) => allSteps(root))
      .map((step) => (step.op === 'monitor' || step.op === 'datagen' ? step.spec.tickMs : Infinity)),
  );

/** Whether rows of it wait for answers over micro-batches. */
export const waitsForAnswers = (spec: TaskSpec): boolean =>
  partsOf(spec).some(({ root }) => allSteps(root).some(({ op }) => op === 'invokeUnordered'));

/** A task's counts since its start. */
export interface TaskCounts {
  /** Records read. */
  in: number;
  /** Records written by the query's own sink; rows of repartitions do not count. */
  out: number;
  /** Records read to restore state. */
  restored: number;
  commits: number;
  batches: number;
  /** Milliseconds spent in batches. */
  batchMs: number;
}
