import { factsOf, stepInputs, type PhysicalPlan, type RepartitionStep, type SourceStep, type Step } from './step.ts';

/** A part of a plan that runs on one partition number of its inputs: the plan cut at its repartitions. */
export interface SubTopology {
  readonly index: number;
  /** The step whose changes leave this part. */
  readonly root: Step;
  readonly inputs: readonly (SourceStep | RepartitionStep)[];
  /** The repartition that it feeds, or undefined for the part that feeds the sink or the client. */
  readonly output: RepartitionStep | undefined;
}

/** The parts of a plan, those that feed others first. */
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

/** Whether a step's rows come from a topic: there the plan is cut. */
function isEdge(step: Step): step is SourceStep | RepartitionStep {
  const { placement } = factsOf(step);
  return placement === 'topic' || placement === 'like';
}

function collect(step: Step, into: (SourceStep | RepartitionStep)[]): void {
  if (isEdge(step)) into.push(step);
  else for (const input of stepInputs(step)) collect(input, into);
}

/** The steps that run in a part, inputs first: its inputs are the first of them. */
export function stepsOf({ root, inputs }: SubTopology): Step[] {
  const edges = new Set<Step>(inputs);
  const within = (step: Step): Step[] => [...(edges.has(step) ? [] : stepInputs(step).flatMap(within)), step];
  return within(root);
}

/** The sources of a plan. */
export function sourcesOf(plan: PhysicalPlan): SourceStep[] {
  return subTopologies(plan).flatMap(({ inputs }) => inputs.filter((input) => input.op !== 'repartition'));
}

/**
 * Sources that read one topic are its readers 0, 1 and so on, in the order of the plan: each goes on from a position of its own.
 * By step id.
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
