import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { keysOf, reference, type Output, type RowColumn, type Rows } from '../bound/rows.ts';
import type { ColumnId } from '../expressions/node.ts';
import { implicitlyCastable } from '../types/casts.ts';
import { BIGINT, sameType, typeText } from '../types/sql-type.ts';
import { cast } from './coerce.ts';
import type { ColumnIds } from './context.ts';

/** One SELECT of a UNION ALL. */
export interface UnionPart {
  readonly rows: Rows;
  /** Columns that can be read although SELECT does not list them. */
  readonly hidden: ReadonlySet<ColumnId>;
  readonly span: Span;
}
export interface BoundUnion {
  readonly rows: Rows;
  readonly hidden: ReadonlySet<ColumnId>;
  /** For each part, the projection that gives these columns. */
  readonly alike: readonly (readonly Output[])[];
}

/**
 * Binds UNION ALL: the rows of all parts, with the column names of the first. Columns are matched by position and have the type
 * that all can be cast to without loss. The result has a key when each part has its key at the same position.
 */
export function bindUnion(parts: readonly UnionPart[], ids: ColumnIds): BoundUnion {
  const visible = parts.map(({ rows, hidden }) => rows.columns.filter(({ id }) => !hidden.has(id)));
  parts.forEach(({ rows, span }, i) => {
    const refuse = (why: string): never => {
      throw new SqlError('UNION_MISMATCH', span, { why });
    };
    if (rows.shape === 'TABLE') refuse('only streams can be put together; a table has one row for each key');
    if (rows.windowed !== undefined) refuse('rows of windows cannot be put together');
    const [want, have] = [visible[0]!, visible[i]!];
    if (have.length !== want.length) refuse(`the first SELECT has ${want.length} columns, this one ${have.length}`);
  });
  const keyed = sharedKey(parts, visible);
  const columns = visible[0]!.map((first, slot): RowColumn => {
    const types = visible.map((own) => own[slot]!.type);
    const type = types.find((to) => types.every((from) => sameType(from, to) || implicitlyCastable(from, to)));
    if (type !== undefined)
      return { id: ids.next(), name: first.name, type, role: slot === keyed ? ('key' as const) : ('value' as const) };
    const other = types.findIndex((candidate) => !sameType(candidate, first.type));
    const why = `column ${slot + 1}, ${first.name}, is ${typeText(first.type)} in the first SELECT and ${typeText(types[other]!)} here`;
    throw new SqlError('UNION_MISMATCH', parts[other]!.span, { why });
  });
  // ROWTIME can be read when each part has it.
  const times = parts.map(({ rows, hidden }) =>
    rows.columns.find(({ id, name }) => hidden.has(id) && name === 'ROWTIME'),
  );
  const time: RowColumn | undefined = times.includes(undefined)
    ? undefined
    : { id: ids.next(), name: 'ROWTIME', type: BIGINT, role: 'value' };
  const alike = parts.map((_, i) => [
    ...columns.map(({ id, name, type, role }, slot): Output => ({
      id,
      name,
      expr: cast(reference(visible[i]![slot]!), type),
      role,
    })),
    ...(time === undefined ? [] : [{ ...time, expr: reference(times[i]!) }]),
  ]);
  return {
    rows: { columns: time === undefined ? columns : [...columns, time], shape: 'STREAM', windowed: undefined },
    hidden: new Set(time === undefined ? [] : [time.id]),
    alike,
  };
}

/** The position of the key, when it is one column at the same position in all parts. */
function sharedKey(parts: readonly UnionPart[], visible: readonly (readonly RowColumn[])[]): number | undefined {
  const places = parts.map(({ rows }, i) => {
    const keys = keysOf(rows.columns);
    const at = visible[i]!.findIndex(({ role }) => role === 'key');
    return keys.length === 1 && at >= 0 && sameType(visible[i]![at]!.type, visible[0]![at]!.type) ? at : undefined;
  });
  return places.every((place) => place === places[0]) ? places[0] : undefined;
}
