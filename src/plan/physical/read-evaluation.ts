import { slotsIn, type Expr } from '../../expressions/node.ts';
import { findOverFunction } from '../../functions/over/index.ts';
import { entityPlaces } from './entity-places.ts';
import { InternalError } from '../../util/internal-error.ts';
import { allSteps, type PhysicalPlan } from './step.ts';
import type { OverCall } from './steps/over.ts';
import { sourcesOf } from './topology.ts';

/** What of a view's rows is evaluated at the time of a read: columns that are calls over frames of time. */
export interface ReadEvaluation {
  /** The window function's step. */
  readonly stepId: string;
  /** Of which of the entity's values the key of its state is made. */
  readonly key: readonly number[];
  /** The columns of the result, and the calls whose values they have. */
  readonly values: readonly { readonly slot: number; readonly call: number }[];
}
/** Why a plan's rows cannot be evaluated at the time of a read. */
export interface NotAtRead {
  readonly why: string;
}

/** Whether a call's frame is bounded by time; others, such as LAG, are about the rows before the last one. */
const isOfTime = ({ fn, frame, ignoreNulls }: OverCall): boolean => {
  const picked = findOverFunction(fn)?.picks(undefined);
  const isAboutRows = picked === 'place' || (typeof picked === 'object' && 'lag' in picked);
  return frame.unit === 'RANGE' && !isAboutRows && !ignoreNulls;
};

/** How the frames of a feature view's query are evaluated at the time of a read. */
export function readEvaluation({ root, entityKey = [] }: PhysicalPlan): ReadEvaluation | NotAtRead {
  const over = root.op === 'project' ? root.input : root;
  if (over.op !== 'over' || root.op !== 'project')
    return { why: 'what is evaluated at a read are frames of OVER, as the last thing that its SELECT does' };
  if (over.final) return { why: 'EMIT FINAL knows of events only when their time and the grace are over' };
  if (allSteps(root).filter(({ op }) => op === 'over').length > 1)
    return { why: 'all of its OVER must have one PARTITION BY' };
  const place = entityPlaces(root, entityKey).find(({ stepId }) => stepId === over.id);
  if (place === undefined) return { why: `its OVER must be PARTITION BY ${entityKey.join(', ')}` };
  const first = over.columns.length - over.calls.length;
  const values: { slot: number; call: number }[] = [];
  for (const [slot, expr] of root.exprs.entries()) {
    const calls = [...slotsIn([expr])].filter((read) => read >= first).map((read) => read - first);
    if (calls.length === 0) continue;
    const { name } = root.columns[slot]!;
    if (expr.kind !== 'column')
      return {
        why: `${name} computes with OVER: give what it computes with as columns, and compute in a feature service, at the read`,
      };
    const [call] = calls;
    const { frame } = over.calls[call!]!;
    if (frame.exclude !== undefined) return { why: `${name} has EXCLUDE, and at a read there is no current row` };
    if (isOfTime(over.calls[call!]!)) values.push({ slot, call: call! });
  }
  if (values.length === 0) return { why: 'none of its columns is a function over a frame of time, RANGE' };
  return { stepId: over.id, key: place.key, values };
}

/** The plan of a view that is evaluated at reads, cut where its window function takes events. */
export interface EventPlans {
  /** Gives each event that the window function has taken: the row that came to it, and behind that a value. */
  readonly events: PhysicalPlan;
  /** Of such a row the time by which frames are ordered, and the key of its frames. */
  readonly orderBy: Expr;
  readonly partitionBy: readonly Expr[];
  /** Of which of the entity's values that key is made. */
  readonly key: readonly number[];
  /** The columns of such a row that came to the window function. */
  readonly width: number;
  /** Takes such rows, without that value, at the step `inlet`, and gives rows of the view. */
  readonly evaluated: PhysicalPlan;
  readonly inlet: string;
}

/** Cuts a plan for which `readEvaluation` has an answer. `entityKey`: in which order the values of an entity are given. */
export function eventPlans(plan: PhysicalPlan, entityKey: readonly string[]): EventPlans {
  const { root } = plan;
  const evaluation = readEvaluation({ ...plan, entityKey });
  if ('why' in evaluation || root.op !== 'project' || root.input.op !== 'over')
    throw new InternalError('the plan is not one that is evaluated at reads');
  const over = root.input;
  const { columns } = over.input;
  // One of the calls is enough: which events are dropped as late hangs on none.
  const calls = over.calls.slice(0, 1);
  const value = over.columns.at(-over.calls.length)!;
  const [source] = sourcesOf(plan);
  const inlet = { ...source!, op: 'streamSource' as const, id: `${over.id}-events`, v: 1 as const, columns, reads: [] };
  return {
    events: {
      ...plan,
      // The internal key stays in front, which the step leaves out of its own columns.
      root: { ...over, calls, columns: [...columns, value] },
      sink: undefined,
      entityKey: undefined,
    },
    orderBy: over.orderBy,
    partitionBy: over.partitionBy,
    key: evaluation.key,
    width: columns.length,
    evaluated: { ...plan, root: { ...root, input: { ...over, input: inlet } }, sink: undefined, entityKey },
    inlet: inlet.id,
  };
}
