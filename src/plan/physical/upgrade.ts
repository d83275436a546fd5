import type { PhysicalPlan, SourceStep, Step } from './step.ts';
import { stepInputs } from './step.ts';

/** Steps without state, which may come, go and change when a query is replaced. */
const passive: ReadonlySet<Step['op']> = new Set<Step['op']>(['streamFilter', 'tableFilter', 'project', 'invoke']);
/** Steps whose state would mean something else after any change. */
const fixed: Readonly<Partial<Record<Step['op'], string>>> = {
  windowedAggregate: 'a windowed aggregation',
  sessionAggregate: 'a windowed aggregation',
  tableAggregate: 'an aggregation of a table',
  streamStreamJoin: 'a join',
  streamTableJoin: 'a join',
  tableTableJoin: 'a join',
  foreignKeySubscribe: 'a join',
  foreignKeyLookup: 'a join',
  foreignKeyResolve: 'a join',
  flatMap: 'a table function',
  over: 'a window function',
};

/** The steps that are no passive ones, inputs first. */
function kept(step: Step): Step[] {
  return [...stepInputs(step).flatMap(kept), ...(passive.has(step.op) ? [] : [step])];
}

/** What must not change of a step, beside the steps below it. */
function own(step: Step): unknown {
  switch (step.op) {
    case 'streamSource':
    case 'tableSource':
      return [step.op, step.source.name, step.source.topic, step.source.window ?? null];
    case 'repartition':
      return [step.op, step.shape, step.like?.topic ?? null];
    case 'streamRekey':
    case 'tableRekey':
      return [step.op, step.keys];
    case 'streamAggregate':
      return [step.op, step.keyCount, step.aggregates];
    default:
      return [step.op];
  }
}

/**
 * A query's new plan over the state of the old one, or why that cannot be: ksqlDB's rules for CREATE OR REPLACE. Steps that keep
 * state keep their ids, and a table that is read keeps the order of its columns, new ones behind them.
 */
export function upgradedPlan(old: PhysicalPlan, next: PhysicalPlan): PhysicalPlan | { readonly why: string } {
  const [before, after] = [kept(old.root), kept(next.root)];
  const stuck = [...before, ...after].map(({ op }) => fixed[op]).find((what) => what !== undefined);
  if (stuck !== undefined) return { why: `upgrades of ${stuck} are not supported: drop it and create it anew` };
  if (before.some((step) => 'source' in step && step.source.window !== undefined))
    return { why: 'upgrades over a windowed source are not supported: drop it and create it anew' };
  const changed =
    before.length !== after.length ||
    before.some((step, i) => JSON.stringify(own(step)) !== JSON.stringify(own(after[i]!)));
  if (changed) return { why: 'its sources, PARTITION BY, GROUP BY and aggregates must stay as they are' };
  if (
    old.root.columns
      .filter(({ role }) => role === 'key')
      .map(({ name }) => name)
      .join() !==
    next.root.columns
      .filter(({ role }) => role === 'key')
      .map(({ name }) => name)
      .join()
  )
    return { why: 'its key columns must stay as they are' };
  const counterpart = new Map(after.map((step, i) => [step, before[i]!]));
  const used = new Set(before.map(({ id }) => id));
  let fresh = 0;
  const rebuilt = (step: Step): Step => {
    const inputs = stepInputs(step).map(rebuilt);
    const whole = { ...step, ...('input' in step ? { input: inputs[0]! } : {}) } as Step;
    const same = counterpart.get(step);
    if (same === undefined) {
      // Passive steps keep nothing: any id that is no other step's will do.
      let { id } = whole;
      while (used.has(id)) id = `${step.id}-v${++fresh}`;
      used.add(id);
      return { ...whole, id };
    }
    if (whole.op === 'tableSource') return { ...widened(whole, same as SourceStep), id: same.id };
    return { ...whole, id: same.id };
  };
  return { ...next, root: rebuilt(next.root) };
}

/** A table source that reads what it did in the same places, and then what is new. */
function widened(step: SourceStep, old: SourceStep): SourceStep {
  const known = new Set(old.reads);
  const added = step.reads
    .map((name, i) => ({ name, column: step.columns[i]! }))
    .filter(({ name }) => !known.has(name));
  return {
    ...step,
    reads: [...old.reads, ...added.map(({ name }) => name)],
    columns: [...old.columns, ...added.map(({ column }) => column)],
  };
}
