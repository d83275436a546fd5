import type { SortOrder } from '../types/compare.ts';
import { BIGINT, type SqlType } from '../types/sql-type.ts';
import type { BoundColumn, BoundExpr, ColumnId } from '../expressions/node.ts';
import type { WindowSpec } from '../specs/window.ts';

/** A column of the rows between two clauses. It is identified by its id; the name is only shown to users. */
export interface RowColumn {
  readonly id: ColumnId;
  readonly name: string;
  /** The alias of its source, where the query has several sources. */
  readonly source?: string;
  readonly type: SqlType;
  readonly role: 'key' | 'value';
}

/** The columns and shape of the rows between two clauses. */
export interface Rows {
  readonly columns: readonly RowColumn[];
  /** A stream appends rows; a table has one row per key, which changes. */
  readonly shape: 'STREAM' | 'TABLE';
  /** The window type of windowed rows, whose window bounds are part of the key. */
  readonly windowed: WindowSpec['type'] | undefined;
}

/** An expression with the name and id of the column that holds its value. */
export interface NamedExpr {
  readonly id: ColumnId;
  readonly name: string;
  readonly expr: BoundExpr;
}

/** A sort key. */
export interface BoundOrder extends SortOrder {
  readonly expr: BoundExpr;
}

export const keysOf = (columns: readonly RowColumn[]): RowColumn[] => columns.filter(({ role }) => role === 'key');
export const valuesOf = (columns: readonly RowColumn[]): RowColumn[] => columns.filter(({ role }) => role === 'value');
export const idsOf = (columns: readonly { readonly id: ColumnId }[]): Set<ColumnId> =>
  new Set(columns.map(({ id }) => id));

/** A reference to a column. */
export const reference = ({ id, name, source, type }: Omit<RowColumn, 'role'>): BoundColumn => ({
  kind: 'column',
  id,
  name,
  ...(source === undefined ? {} : { source }),
  type,
});

/** Whether the expressions are exactly these columns, in this order. */
export const areColumns = (exprs: readonly BoundExpr[], columns: readonly { readonly id: ColumnId }[]): boolean =>
  exprs.length === columns.length && exprs.every((expr, i) => expr.kind === 'column' && expr.id === columns[i]!.id);

const asKey = ({ id, name, expr }: NamedExpr): RowColumn => ({
  id,
  name,
  ...(expr.kind === 'column' && expr.source !== undefined ? { source: expr.source } : {}),
  type: expr.type,
  role: 'key',
});

/** The rows after a change of key: the new key columns first, then all other columns (former keys included) as values. */
export function rekeyed(input: Rows, keys: readonly NamedExpr[]): Rows {
  const moved = idsOf(keys);
  const rest = [...valuesOf(input.columns), ...keysOf(input.columns)].filter(({ id }) => !moved.has(id));
  return {
    columns: [...keys.map(asKey), ...rest.map((column): RowColumn => ({ ...column, role: 'value' }))],
    shape: input.shape,
    windowed: undefined,
  };
}

/** Ranked rows: keyed by the partition and the number, all other columns (former keys included) as values. */
export function ranked(input: Rows, { partitionBy, rank, places }: Ranks): Rows {
  const added = ({ id, name, expr }: NamedExpr): Pick<RowColumn, 'id' | 'name' | 'type'> => ({
    id,
    name,
    type: expr.type,
  });
  const numbered = rekeyed(extended(input, [added(rank)], 'TABLE'), [...partitionBy, rank]);
  return extended(numbered, places.map(added), 'TABLE');
}
interface Ranks {
  readonly partitionBy: readonly NamedExpr[];
  readonly rank: NamedExpr;
  readonly places: readonly NamedExpr[];
}

/** What an aggregation adds behind its keys: aggregates, ROWTIME (`time`) and, when windowed, the window bounds. */
export interface GroupColumns {
  readonly aggregates: readonly { readonly id: ColumnId; readonly name: string; readonly type: SqlType }[];
  readonly time: ColumnId;
  readonly bounds: { readonly start: ColumnId; readonly end: ColumnId } | undefined;
}

/** The rows of an aggregation: its keys, the aggregates, ROWTIME and, when windowed, the window bounds. */
export function grouped(
  keys: readonly NamedExpr[],
  { aggregates, time, bounds }: GroupColumns,
  windowed: Rows['windowed'],
): Rows {
  const value = (id: ColumnId, name: string, type: SqlType): RowColumn => ({ id, name, type, role: 'value' });
  return {
    columns: [
      ...keys.map(asKey),
      ...aggregates.map(({ id, name, type }) => value(id, name, type)),
      value(time, 'ROWTIME', BIGINT),
      ...(bounds === undefined
        ? []
        : [value(bounds.start, 'WINDOWSTART', BIGINT), value(bounds.end, 'WINDOWEND', BIGINT)]),
    ],
    shape: 'TABLE',
    windowed,
  };
}

/** The rows of a join: its keys, then every column of both sides as a value. */
export function joined(left: Rows, right: Rows, keys: readonly Omit<RowColumn, 'role'>[]): Rows {
  const taken = idsOf(keys);
  const sides = [...left.columns, ...right.columns].filter(({ id }) => !taken.has(id));
  return {
    columns: [
      ...keys.map((key): RowColumn => ({ ...key, role: 'key' })),
      ...sides.map((column): RowColumn => ({ ...column, role: 'value' })),
    ],
    shape: left.shape,
    windowed: left.windowed,
  };
}

/** The rows of a foreign-key join: the left table's columns, then those of the right one as values. */
export const joinedByForeignKey = (left: Rows, right: Rows): Rows => ({
  columns: [...left.columns, ...right.columns.map((column): RowColumn => ({ ...column, role: 'value' }))],
  shape: 'TABLE',
  windowed: undefined,
});

/** The rows with value columns appended, as models, OVER and table functions do. */
export const extended = (
  input: Rows,
  added: readonly Omit<RowColumn, 'role'>[],
  shape: Rows['shape'] = input.shape,
): Rows => ({
  columns: [...input.columns, ...added.map((column): RowColumn => ({ ...column, role: 'value' }))],
  shape,
  windowed: input.windowed,
});

/** An output column with its expression. */
export interface Output extends NamedExpr {
  readonly role: RowColumn['role'];
}

export const projected = (input: Rows, outputs: readonly Output[]): Rows => ({
  columns: outputs.map(({ id, name, expr, role }) => ({ id, name, type: expr.type, role })),
  shape: input.shape,
  windowed: input.windowed,
});
