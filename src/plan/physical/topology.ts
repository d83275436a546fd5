import { factsOf, stepInputs, type PhysicalPlan, type RepartitionStep, type Step } from './step.ts';
import type { SourceStep } from './steps/source.ts';

/** A part of a plan between repartitions. It runs as one task per partition of its inputs. */
export interface SubTopology {
  readonly index: number;
  /** The step whose changes leave this part. */
  readonly root: Step;
  readonly inputs: readonly (SourceStep | RepartitionStep)[];
  /** The repartition that it feeds; undefined for the part that feeds the sink or the client. */
  readonly output: RepartitionStep | undefined;
}

/** The sub-topologies of a plan; parts come before the parts that they feed. */
export function subTopologies(plan: PhysicalPlan): SubTopology[] {
  const parts: SubTopology[] = [];
  const cut = (root: Step, output: RepartitionStep | undefined): void => {
    const inputs: (SourceStep | RepartitionStep)[] = [];
    collect(root, inputs);
    for (const input of inputs) if (input.op === 'repartition') cut(input.input, input);
    parts.push({ index: parts.length, root, inputs, output });
  };
  cut(plan.root, undefined);
  return parts;
}

/** Whether a step reads a topic, which is where a plan is cut. */
function isEdge(step: Step): step is SourceStep | RepartitionStep {
  const { placement } = factsOf(step);
  return placement === 'topic' || placement === 'like';
}

function collect(step: Step, into: (SourceStep | RepartitionStep)[]): void {
  if (isEdge(step)) into.push(step);
  else for (const input of stepInputs(step)) collect(input, into);
}

/** The steps of a part; its inputs come first. */
export function stepsOf({ root, inputs }: SubTopology): Step[] {
  const edges = new Set<Step>(inputs);
  const within = (step: Step): Step[] => [...(edges.has(step) ? [] : stepInputs(step).flatMap(within)), step];
  return within(root);
}

/** The sources of a plan. */
export function sourcesOf(plan: PhysicalPlan): SourceStep[] {
  return subTopologies(plan).flatMap(({ inputs }) => inputs.filter((input) => input.op !== 'repartition'));
}

/** The topics that a plan's sources are in, each once. */
export const topicsOf = (plan: PhysicalPlan): string[] => [
  ...new Set(sourcesOf(plan).map(({ source }) => source.topic)),
];

/**
 * The reader number of each source, by step id. Sources that read the same topic are its readers 0, 1 and so on in plan order,
 * and each has its own position.
 */
export function readersOf(plan: PhysicalPlan): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  return new Map(
    sourcesOf(plan).map(({ id, source: { topic } }) => {
      const reader = counts.get(topic) ?? 0;
      counts.set(topic, reader + 1);
      return [id, reader];
    }),
  );
}
