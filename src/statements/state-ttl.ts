import type { StateTtl } from '../analysis/persistent.ts';
import { mostAttempts, mostRows, seenRows } from '../specs/pattern.ts';
import { hasSeveralWays, Program } from '../specs/pattern-program.ts';
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
    return step.op === 'match' ? patternWarnings(step) : [];
  });
  return [...new Set(told)];
}

function patternWarnings({ pattern, withinMs, conditions, variables }: Extract<Step, { op: 'match' }>): string[] {
  const told: string[] = [];
  if (mostRows(pattern) !== Infinity) return told;
  if (withinMs === undefined)
    told.push(
      'The pattern has no bound: rows are kept until one ends each attempt. WITHIN behind PATTERN bounds them in time.',
    );
  const program = new Program(pattern);
  const several = seenRows(conditions).filter(
    (seen) => seen.which === 'all' && hasSeveralWays(program, seen.variables),
  );
  for (const seen of several)
    told.push(
      `DEFINE has an aggregate over ${seen.variables.map((i) => variables[i]!).join(', ')}, and the pattern several ways to take rows as that: each way is an attempt, and of more than ${mostAttempts} in a partition those that began last are given up, which the processing log tells.`,
    );
  return told;
}
