import { mapChildren, slotColumn, type Expr } from '../../expressions/node.ts';
import { sameData } from '../../util/same-data.ts';
import { factsOf, stepInputs, withInputs, type PhysicalPlan, type SourceStep, type Step } from './step.ts';

/** The steps that may not come and go, inputs first. */
function kept(step: Step): Step[] {
  return [...stepInputs(step).flatMap(kept), ...(factsOf(step).replace === 'free' ? [] : [step])];
}

/** What a column of a step is, told by where it comes from: a source's column, or a place in what a kept step gives. */
function originOf(step: Step, slot: number, kept: readonly Step[]): unknown {
  const below = (input: Step, expr: Expr): unknown => meaningOf(expr, input, kept);
  const column = step.columns[slot]!;
  switch (step.op) {
    case 'streamSource':
    case 'tableSource':
      return ['source', step.source.name, step.reads[slot]];
    case 'streamFilter':
    case 'tableFilter':
    case 'repartition':
      return originOf(step.input, slot, kept);
    case 'project':
      return below(step.input, step.exprs[slot]!);
    case 'streamRekey':
    case 'tableRekey':
      return slot < step.keys.length
        ? ['key', kept.indexOf(step), slot]
        : originOf(step.input, step.rest[slot - step.keys.length]!, kept);
    case 'invoke':
      return slot < step.input.columns.length
        ? originOf(step.input, slot, kept)
        : ['model', step.model, step.version ?? null, step.args.map((arg) => below(step.input, arg)), column.name];
    default:
      return ['step', kept.indexOf(step), slot];
  }
}

/** An expression over the rows of a step, its columns told by where they come from: names and places may be others in another plan. */
function meaningOf(expr: Expr, input: Step, kept: readonly Step[]): unknown {
  if (expr.kind !== 'column') return mapChildren(expr, (child) => meaningOf(child, input, kept) as Expr);
  return originOf(input, expr.slot, kept);
}

/** Whether a step of the new plan may take the place, and the state, of one of the old. */
function isSame(before: readonly Step[], after: readonly Step[], i: number): boolean {
  const ownOf = (all: readonly Step[]): readonly unknown[] | undefined => {
    const step = all[i]!;
    const { replace } = factsOf(step);
    if (replace === 'free' || 'never' in replace) return undefined;
    return [step.op, ...replace.same(step, (expr) => meaningOf(expr, stepInputs(step)[0]!, all))];
  };
  const own = ownOf(before);
  return own !== undefined && sameData(own, ownOf(after));
}

/**
 * A query's new plan over the state of the old one, or why that cannot be: ksqlDB's rules for CREATE OR REPLACE. Steps that keep
 * state keep their ids, and a table that is read keeps the order of its columns, new ones behind them.
 */
export function upgradedPlan(old: PhysicalPlan, next: PhysicalPlan): PhysicalPlan | { readonly why: string } {
  const [before, after] = [kept(old.root), kept(next.root)];
  for (const step of [...before, ...after]) {
    const { replace } = factsOf(step);
    if (replace !== 'free' && 'never' in replace)
      return { why: `upgrades of ${replace.never} are not supported: drop it and create it anew` };
  }
  if (before.some((step) => 'source' in step && step.source.window !== undefined))
    return { why: 'upgrades over a windowed source are not supported: drop it and create it anew' };
  if (before.length !== after.length || !before.every((_, i) => isSame(before, after, i)))
    return { why: 'its sources, PARTITION BY, GROUP BY and aggregates must stay as they are' };
  const keyNames = ({ root }: PhysicalPlan): readonly string[] =>
    root.columns.filter(({ role }) => role === 'key').map(({ name }) => name);
  if (!sameData(keyNames(old), keyNames(next))) return { why: 'its key columns must stay as they are' };
  const counterpart = new Map(after.map((step, i) => [step, before[i]!]));
  const used = new Set(before.map(({ id }) => id));
  let fresh = 0;
  // Steps without state may have any id that is no other step's.
  const unused = (wanted: string): string => {
    let id = wanted;
    while (used.has(id)) id = `${wanted}-v${++fresh}`;
    used.add(id);
    return id;
  };
  const rebuilt = (step: Step): Step => {
    const whole = withInputs(step, stepInputs(step).map(rebuilt));
    const same = counterpart.get(step);
    if (same === undefined) return { ...whole, id: unused(whole.id) };
    if (whole.op !== 'tableSource') return { ...whole, id: same.id };
    const source = { ...widened(whole, same as SourceStep), id: same.id };
    const inPlace = whole.reads.every((name, slot) => source.reads[slot] === name);
    return inPlace ? source : reordered(source, whole, unused('Project'));
  };
  return { ...next, root: rebuilt(next.root) };
}

/** A table source that reads what it did in the same places, where its stored rows have it, and then what is new. */
function widened(step: SourceStep, old: SourceStep): SourceStep {
  const columnOf = new Map(step.reads.map((name, slot) => [name, step.columns[slot]!]));
  const added = step.reads.filter((name) => !old.reads.includes(name));
  return {
    ...step,
    reads: [...old.reads, ...added],
    columns: [
      ...old.reads.map((name, slot) => columnOf.get(name) ?? old.columns[slot]!),
      ...added.map((name) => columnOf.get(name)!),
    ],
  };
}

/** The columns of a source in the places that the steps above know. */
function reordered(input: SourceStep, { reads, columns }: SourceStep, id: string): Step {
  const exprs = columns.map(({ name, type }, slot) => slotColumn(input.reads.indexOf(reads[slot]!), name, type));
  return { op: 'project', v: 1, id, columns, input, exprs };
}
