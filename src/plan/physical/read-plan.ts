import { requireKnown, requireVersion } from '../../diagnostics/version.ts';
import { factsOf, planVersion, stepFacts, stepInputs, type PhysicalPlan, type Step } from './step.ts';

/** A plan as it was stored, once its version and those of all of its steps are known; `what` says whose it is. */
export function readPlan(stored: unknown, what: string): PhysicalPlan {
  const plan = stored as PhysicalPlan;
  requireVersion(`the plan of ${what}`, (plan as Partial<PhysicalPlan> | undefined)?.version, planVersion);
  readStep(plan.root, what);
  return plan;
}

function readStep(step: Step, what: string): void {
  const name = `the step ${step.op} of ${what}`;
  requireKnown(name, Object.hasOwn(stepFacts, step.op));
  requireVersion(name, step.v, factsOf(step).version);
  for (const input of stepInputs(step)) readStep(input, what);
}
