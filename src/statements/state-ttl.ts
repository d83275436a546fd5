import type { StateTtl } from '../analysis/persistent.ts';
import { mostAttempts, mostRows, seenRows } from '../specs/pattern.ts';
import { hasSeveralWays, Program } from '../specs/pattern-program.ts';
import { findOverFunction } from '../functions/over/index.ts';
import {
  allSteps,
  stepInputs,
  withBefore,
  withInputs,
  type PhysicalPlan,
  type Step,
  type StepOf,
  type StepOp,
} from '../plan/physical/step.ts';
import type { OverCall } from '../plan/physical/steps/over.ts';

/**
 * What STATE_TTL is to a kind of step: it gives the step that forgets by it; `bounded`, where its state has another bound, as a window's or
 * that of the tables that it reads; or why it cannot be had.
 */
type Forgetting = Step | 'bounded' | { readonly why: string };
type ForgettingOf<Op extends StepOp> = 'bounded' | ((step: StepOf<Op>, ttlMs: number) => Forgetting);

/** All rows as one group are one row. */
const ofGroups = (step: StepOf<'streamAggregate' | 'tableAggregate'>, ttlMs: number): Forgetting =>
  step.keyCount === 0 ? 'bounded' : withBefore({ ...step, ttlMs });

const forgetting: { readonly [Op in StepOp]: ForgettingOf<Op> } = {
  streamSource: 'bounded',
  tableSource: 'bounded',
  streamFilter: 'bounded',
  tableFilter: 'bounded',
  project: 'bounded',
  flatMap: 'bounded',
  streamRekey: 'bounded',
  tableRekey: 'bounded',
  repartition: 'bounded',
  streamAggregate: ofGroups,
  tableAggregate: ofGroups,
  windowedAggregate: 'bounded',
  sessionAggregate: 'bounded',
  slidingAggregate: 'bounded',
  cumulateAggregate: 'bounded',
  streamStreamJoin: 'bounded',
  streamTableJoin: 'bounded',
  tableTableJoin: 'bounded',
  temporalJoin: 'bounded',
  union: 'bounded',
  foreignKeySubscribe: 'bounded',
  foreignKeyLookup: 'bounded',
  foreignKeyResolve: 'bounded',
  over: ({ calls }) =>
    calls.every(isOfTime)
      ? 'bounded'
      : {
          why: 'a window function of the query keeps rows of each key for ever: give all of them a frame RANGE BETWEEN INTERVAL … PRECEDING, or put STATE_TTL into a statement of its own',
        },
  dedup: (step, ttlMs) => ({ ...step, ttlMs }),
  // A table's rows are ranked as long as the table has them.
  rank: (step, ttlMs) => (step.identity === undefined ? { ...step, ttlMs } : 'bounded'),
  match: () => ({
    why: 'MATCH_RECOGNIZE keeps what it found of a partition until the next row of that: put STATE_TTL into a statement of its own',
  }),
  sort: 'bounded',
  invoke: 'bounded',
  invokeUnordered: 'bounded',
  monitor: 'bounded',
  datagen: 'bounded',
};

/** Whether the rows of a call's frame are forgotten by time. */
const isOfTime = ({ fn, frame }: OverCall): boolean =>
  findOverFunction(fn)?.seesFrame !== false && frame.unit === 'RANGE' && frame.start !== undefined;

/** The plan with STATE_TTL in the steps that forget keys by it; refused where there is none, or one that keeps keys all the same. */
export function withStateTtl(plan: PhysicalPlan, ttl: StateTtl | undefined): PhysicalPlan {
  if (ttl === undefined) return plan;
  let forgets = false;
  const forgetful = (step: Step): Step => {
    const below = withInputs(step, stepInputs(step).map(forgetful));
    const rule = forgetting[below.op] as ForgettingOf<StepOp>;
    const found = rule === 'bounded' ? rule : rule(below, ttl.ms);
    if (found === 'bounded') return below;
    if ('why' in found) return ttl.refuse(found.why);
    forgets = true;
    return found;
  };
  const root = forgetful(plan.root);
  if (!forgets) ttl.refuse(nothingToForget(plan));
  return { ...plan, root };
}

function nothingToForget({ root }: PhysicalPlan): string {
  if (allSteps(root).some(({ op }) => op === 'rank'))
    return 'the rows of a table are ranked as long as the table has them: give STATE_TTL to the statement that makes the table';
  return 'the query keeps no key for ever that it could forget: it is for GROUP BY without a window, Top-N of a stream, and QUALIFY ROW_NUMBER() OVER (… ORDER BY time) = 1';
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
