import { isUserFunction } from '../../functions/registry.ts';
import type { Step, StepOp } from '../../plan/physical/step.ts';

/** Steps that make every change that they give, and keep none: the step behind them may change it. */
const makesChanges: ReadonlySet<StepOp> = new Set<StepOp>([
  'streamSource',
  'project',
  'streamTableJoin',
  'streamAggregate',
  'windowedAggregate',
  'sessionAggregate',
  'over',
  'invoke',
]);

/** Whether the changes that a step gives are the next step's own, to be changed in place. */
export const givesOwn = (step: Step): boolean =>
  makesChanges.has(step.op) || (step.op === 'streamFilter' && givesOwn(step.input));

/** Steps that may be run again: user code that is too slow in a batch is then watched call by call. */
export const keepsNothing: ReadonlySet<StepOp> = new Set<StepOp>([
  'project',
  'streamFilter',
  'tableFilter',
  'flatMap',
  'streamRekey',
  'tableRekey',
]);

/** Whether a step itself calls a user's function. */
export function callsUserCode(step: Step): boolean {
  const own = { ...step, input: undefined, left: undefined, right: undefined };
  return [...JSON.stringify(own).matchAll(/"fn":"(\w+)"/g)].some(([, name]) => isUserFunction(name!));
}
