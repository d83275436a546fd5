import { mapChildren, slotColumn, type Expr } from '../../expressions/node.ts';
import { sameData } from '../../util/same-data.ts';
import { factsOf, stepInputs, withInputs, type PhysicalPlan, type Step } from './step.ts';
import type { SourceStep } from './steps/source.ts';

/** The steps that a replacement must keep (all but the free ones), inputs first. */
function kept(step: Step): Step[] {
  return [...stepInputs(step).flatMap(kept), ...(factsOf(step).replace === 'free' ? [] : [step])];
}

/**
 * The origin of a step's column: a column of a source, or a slot of a kept step. Equal origins in two plans mean the same
 * column.
 */
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
    case 'invokeUnordered':
      return slot < step.input.columns.length
        ? originOf(step.input, slot, kept)
        : ['model', step.model, step.version ?? null, step.args.map((arg) => below(step.input, arg)), column.name];
    default:
      return ['step', kept.indexOf(step), slot];
  }
}

/**
 * An expression over a step's input with columns replaced by their origins, because names and slots may differ between two
 * plans.
 */
function meaningOf(expr: Expr, input: Step, kept: readonly Step[]): unknown {
  if (expr.kind !== 'column') return mapChildren(expr, (child) => meaningOf(child, input, kept) as Expr);
  return originOf(input, expr.slot, kept);
}

/** Whether the i-th kept step of the new plan may take over the id and state of that of the old plan. */
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
 * The new plan of a query over the state of the old one, or the reason why that is impossible, by ksqlDB's rules for CREATE OR
 * REPLACE. Stateful steps keep their ids; a table source keeps the order of its columns and appends new ones.
 */
export function upgradedPlan(old: PhysicalPlan, next: PhysicalPlan): PhysicalPlan | { readonly why: string } {
  const [before, after] = [kept(old.root), kept(next.root)];
  for (const step of [...before, ...after]) {
    const { replace } = factsOf(step);
    if (replace !== 'free' && 'never' in replace)
      return { why: `upgrades not yet supported for ${replace.never}: drop it and create it anew` };
  }
  if (before.some((step) => 'source' in step && step.source.window !== undefined))
    return {
      why: 'upgrades not yet supported for WindowedStreamSource, a windowed source: drop it and create it anew',
    };
  if (before.length !== after.length || !before.every((_, i) => isSame(before, after, i)))
    return {
      why: 'Query is not upgradeable. Its sources, PARTITION BY, GROUP BY, aggregates and STATE_TTL must stay as they are',
    };
  const keyNames = ({ root }: PhysicalPlan): readonly string[] =>
    root.columns.filter(({ role }) => role === 'key').map(({ name }) => name);
  if (!sameData(keyNames(old), keyNames(next))) return { why: 'its key columns must stay as they are' };
  const counterpart = new Map(after.map((step, i) => [step, before[i]!]));
  const used = new Set(before.map(({ id }) => id));
  let fresh = 0;
  // Steps without state get an id that no other step has.
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

/**
 * A table source with the columns of the old source in their old slots, since its stored rows have them there, then new
 * columns.
 */
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

/** The columns of a source in the slots that the steps above expect. */
function reordered(input: SourceStep, { reads, columns }: SourceStep, id: string): Step {
  const exprs = columns.map(({ name, type }, slot) => slotColumn(input.reads.indexOf(reads[slot]!), name, type));
  return { op: 'project', v: 1, id, columns, input, exprs };
}
