import { invokesModel, keepsState, type PhysicalPlan } from '../../plan/physical/step.ts';
import { sinksKeepState } from '../sinks/index.ts';
import { readersOf, stepsOf, subTopologies } from '../../plan/physical/topology.ts';

/** What a node needs to know of a part of a plan to create its topics and run its tasks. */
export interface PartLayout {
  readonly index: number;
  readonly sourceTopics: readonly string[];
  /** The repartition that the part writes, and the topic with which its rows must be co-partitioned. */
  readonly output: { readonly stepId: string; readonly like: string | undefined } | undefined;
  readonly hasState: boolean;
}
/** The parts of a plan; each comes before those that read its output. */
export interface PlanLayout {
  readonly parts: readonly PartLayout[];
  /** The readers of the topic that has the most. */
  readonly readers: number;
  /** Whether the plan may write dead letters. */
  readonly hasDeadLetters: boolean;
}

/** Divides a plan into tasks. */
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
