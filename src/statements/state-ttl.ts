import type { StateTtl } from '../analysis/persistent.ts';
import { mostRows } from '../specs/pattern.ts';
import { allSteps, stepInputs, withInputs, type PhysicalPlan, type Step } from '../plan/physical/step.ts';

const isDedup = ({ op }: Step): boolean => op === 'dedup';

/** The plan with STATE_TTL in the steps that forget keys by it; refused where there is none. */
export function withStateTtl(plan: PhysicalPlan, ttl: StateTtl | undefined): PhysicalPlan {
  if (ttl === undefined) return plan;
  if (!allSteps(plan.root).some(isDedup)) ttl.refuse();
  const forgetful = (step: Step): Step => {
    const below = withInputs(step, stepInputs(step).map(forgetful));
    return below.op === 'dedup' ? { ...below, ttlMs: ttl.ms } : below;
  };
  return { ...plan, root: forgetful(plan.root) };
}

/** What there is to say of state that has no bound. */
export function stateWarnings({ root }: PhysicalPlan): string[] {
  const told = allSteps(root).flatMap((step) => {
    if (step.op === 'dedup' && step.ttlMs === undefined)
      return ["Every key is kept: WITH (STATE_TTL='1 DAY') forgets a key a day after its row."];
    return step.op === 'match' && step.withinMs === undefined && mostRows(step.pattern) === Infinity
      ? [
          'The pattern has no bound: rows are kept until one ends each attempt. WITHIN behind PATTERN bounds them in time.',
        ]
      : [];
  });
  return [...new Set(told)];
}
