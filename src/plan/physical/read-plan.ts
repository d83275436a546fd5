import { requireKnown, requireVersion } from '../../diagnostics/version.ts';
import { tableFilterOfVersion1 } from './steps/filter.ts';
import { invokeOfVersion1, invokeOfVersion2, invokeOfVersion3 } from './steps/invoke.ts';
import { overOfVersion1, overOfVersion2 } from './steps/over.ts';
import { temporalJoinOfVersion1 } from './steps/temporal-join.ts';
import {
  factsOf,
  formerPlanVersion,
  planVersion,
  stepFacts,
  stepInputs,
  withInputs,
  type PhysicalPlan,
  type Step,
  type StepOp,
} from './step.ts';

/** Readers of former step versions: they convert a stored step to the current version. */
const former: Partial<Record<StepOp, Readonly<Record<number, (stored: unknown) => Step>>>> = {
  tableFilter: { 1: tableFilterOfVersion1 },
  over: { 1: overOfVersion1, 2: overOfVersion2 },
  temporalJoin: { 1: temporalJoinOfVersion1 },
  invoke: { 1: invokeOfVersion1, 2: invokeOfVersion2, 3: invokeOfVersion3 },
};

/** Reads a stored plan after checking its version and those of all its steps; `owner` names its query in errors. */
export function readPlan(stored: unknown, owner: string): PhysicalPlan {
  const plan = stored as PhysicalPlan;
  const version = (plan as { readonly version?: number } | undefined)?.version;
  requireVersion(`the plan of ${owner}`, version === formerPlanVersion ? planVersion : version, planVersion);
  return { ...plan, version: planVersion, root: readStep(plan.root, owner) };
}

function readStep(stored: Step, owner: string): Step {
  const name = `the step ${stored.op} of ${owner}`;
  requireKnown(name, Object.hasOwn(stepFacts, stored.op));
  const step = former[stored.op]?.[stored.v]?.(stored) ?? stored;
  requireVersion(name, step.v, factsOf(step).version);
  return withInputs(
    step,
    stepInputs(step).map((input) => readStep(input, owner)),
  );
}
