import { allSteps, factsOf, type PhysicalPlan, type SourceStep } from '../../plan/physical/step.ts';
import { readersOf, subTopologies, type SubTopology } from '../../plan/physical/topology.ts';
import type { RunSettings } from '../run-settings.ts';

/** One sub-topology of a plan on one partition number of its inputs. */
export interface TaskPart {
  readonly index: number;
  readonly partition: number;
}

/** What a task runs and how: plain data, which a thread can be sent. */
export interface TaskSpec {
  readonly queryId: string;
  readonly plan: PhysicalPlan;
  /** Only this part of the plan; undefined for all of it, in which rows go from part to part in memory. */
  readonly part: TaskPart | undefined;
  /** Of a whole plan: among how many partitions rows are dealt; undefined for as many as its widest source has. */
  readonly partitions?: number;
  /** With `commitMs` 0 every micro-batch is committed. */
  readonly settings: RunSettings;
  readonly processingLog: string;
  readonly deadLetters: string;
}

/** An input of a task's pipelines: a source, or the topic between two sub-topologies. */
export interface TaskInput {
  readonly stepId: string;
  readonly reader: number;
  readonly isTable: boolean;
  /** Undefined for the input behind a repartition. */
  readonly source: SourceStep | undefined;
}

/** The parts of its plan that a task runs. */
export const partsOf = ({ plan, part }: TaskSpec): readonly SubTopology[] =>
  part === undefined ? subTopologies(plan) : [subTopologies(plan)[part.index]!];

/** What a task reads from its log: rows between fused parts are not among it. */
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

/** Whether the inputs are to be read in order of their time: where a step combines rows, or remembers some. */
export const isOrdered = (spec: TaskSpec): boolean =>
  partsOf(spec).some(({ root }) => allSteps(root).some((step) => !factsOf(step).anyOrder));
