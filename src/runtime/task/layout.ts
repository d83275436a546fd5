import { invokesModel, keepsState, type PhysicalPlan } from '../../plan/physical/step.ts';
import { sinksKeepState } from '../sinks/index.ts';
import { readersOf, stepsOf, subTopologies } from '../../plan/physical/topology.ts';

/** What a node must know of a part of a plan to keep topics for it and to run it as tasks. */
export interface PartLayout {
  readonly index: number;
  readonly sourceTopics: readonly string[];
  /** The repartition that it feeds, and the topic whose rows those rows meet by partition. */
  readonly output: { readonly stepId: string; readonly like: string | undefined } | undefined;
  readonly hasState: boolean;
}
/** The parts of a plan, those that feed others first. */
export interface PlanLayout {
  readonly parts: readonly PartLayout[];
  /** How many readers the topic has that is read most often. */
  readonly readers: number;
  /** Whether rows may go to the dead letters. */
  readonly hasDeadLetters: boolean;
}

/** How a plan is cut into tasks. */
export function layoutOf(plan: PhysicalPlan): PlanLayout {
  return {
    parts: subTopologies(plan).map((part) => ({
      index: part.index,
      sourceTopics: part.inputs.flatMap((input) => (input.op === 'repartition' ? [] : [input.source.topic])),
      output: part.output && { stepId: part.output.id, like: part.output.like?.topic },
      hasState: stepsOf(part).some(keepsState) || (part.output === undefined && sinksKeepState(plan)),
    })),
    readers: Math.max(0, ...readersOf(plan).values()) + 1,
    hasDeadLetters: invokesModel(plan),
  };
}
