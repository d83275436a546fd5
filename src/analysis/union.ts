import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { column } from '../expressions/node.ts';
import { project, union as unionNode } from '../plan/logical/build.ts';
import { keysOf, type LogicalNode, type PlanColumn } from '../plan/logical/node.ts';
import { implicitlyCastable } from '../types/casts.ts';
import { BIGINT, sameType, typeText } from '../types/sql-type.ts';
import { cast } from './coerce.ts';

/** One SELECT of a UNION ALL. */
export interface UnionPart {
  readonly plan: LogicalNode;
  /** The columns that it has though SELECT does not name them. */
  readonly hidden: readonly string[];
  readonly span: Span;
}

/**
 * UNION ALL: the rows of all, with the column names of the first. Columns go by their place, as in SQL, and have the type that all
 * of them can be cast to without a loss. The result has a key where each part has its own at the same place.
 */
export function planUnion(parts: readonly UnionPart[]): { plan: LogicalNode; hidden: readonly string[] } {
  const visible = parts.map(({ plan, hidden }) => plan.columns.filter(({ name }) => !hidden.includes(name)));
  parts.forEach(({ plan, span }, i) => {
    const refuse = (why: string): never => {
      throw new SqlError('UNION_MISMATCH', span, { why });
    };
    if (plan.shape === 'TABLE') refuse('only streams can be put together; a table has one row for each key');
    if (plan.windowed !== undefined) refuse('rows of windows cannot be put together');
    const [want, have] = [visible[0]!, visible[i]!];
    if (have.length !== want.length) refuse(`the first SELECT has ${want.length} columns, this one ${have.length}`);
  });
  const columns = visible[0]!.map((first, slot) => {
    const types = visible.map((each) => each[slot]!.type);
    const type = types.find((to) => types.every((from) => sameType(from, to) || implicitlyCastable(from, to)));
    if (type !== undefined) return { name: first.name, type };
    const other = types.findIndex((each) => !sameType(each, first.type));
    const why = `column ${slot + 1}, ${first.name}, is ${typeText(first.type)} in the first SELECT and ${typeText(types[other]!)} here`;
    throw new SqlError('UNION_MISMATCH', parts[other]!.span, { why });
  });
  const keyed = sharedKey(parts, visible);
  // The time of the rows can be asked for where each part has it.
  const hidden = ['ROWTIME'].filter((name) => parts.every((part) => part.hidden.includes(name)));
  const sides = parts.map(({ plan }, i) =>
    project(plan, [
      ...columns.map(({ name, type }, slot) => {
        const own = visible[i]![slot]!;
        return {
          name,
          expr: cast(column(own.name, own.type), type),
          role: slot === keyed ? ('key' as const) : ('value' as const),
        };
      }),
      ...hidden.map((name) => ({ name, expr: column(name, BIGINT), role: 'value' as const })),
    ]),
  );
  const [first, ...others] = sides;
  return { plan: others.reduce<LogicalNode>((left, right) => unionNode(left, right), first!), hidden };
}

/** The place of the key, where it is one column, the same for all. */
function sharedKey(parts: readonly UnionPart[], visible: readonly (readonly PlanColumn[])[]): number | undefined {
  const places = parts.map(({ plan }, i) => {
    const keys = keysOf(plan.columns);
    const at = visible[i]!.findIndex(({ role }) => role === 'key');
    return keys.length === 1 && at >= 0 && sameType(visible[i]![at]!.type, visible[0]![at]!.type) ? at : undefined;
  });
  return places.every((place) => place === places[0]) ? places[0] : undefined;
}
