import { BIGINT, type SqlType } from '../types/sql-type.ts';
import type { BoundColumn, BoundExpr, ColumnId } from '../expressions/node.ts';
import type { WindowSpec } from '../specs/window.ts';

/** A column of the rows between two clauses. What it is called is for people: code knows it by its id. */
export interface RowColumn {
  readonly id: ColumnId;
  readonly name: string;
  /** The alias of its source, where the query has several. */
  readonly source?: string;
  readonly type: SqlType;
  readonly role: 'key' | 'value';
}

/** What rows are like at some place of a query: their columns, and whether they are appended or change by key. */
export interface Rows {
  readonly columns: readonly RowColumn[];
  /** Streams append; tables change by key. */
  readonly shape: 'STREAM' | 'TABLE';
  /** Set when rows belong to windows, whose bounds are then part of the key. */
  readonly windowed: WindowSpec['type'] | undefined;
}

/** An expression that becomes a column. */
export interface NamedExpr {
  readonly id: ColumnId;
  readonly name: string;
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

/** Whether expressions are just these columns, in their order. */
export const areColumns = (exprs: readonly BoundExpr[], columns: readonly { readonly id: ColumnId }[]): boolean =>
  exprs.length === columns.length && exprs.every((expr, i) => expr.kind === 'column' && expr.id === columns[i]!.id);

const asKey = ({ id, name, expr }: NamedExpr): RowColumn => ({
  id,
  name,
  ...(expr.kind === 'column' && expr.source !== undefined ? { source: expr.source } : {}),
  type: expr.type,
  role: 'key',
});

/** The new key columns come first; all other columns, former keys too, are values. */
export function rekeyed(input: Rows, keys: readonly NamedExpr[]): Rows {
  const moved = idsOf(keys);
  const rest = [...valuesOf(input.columns), ...keysOf(input.columns)].filter(({ id }) => !moved.has(id));
  return {
    columns: [...keys.map(asKey), ...rest.map((column): RowColumn => ({ ...column, role: 'value' }))],
    shape: input.shape,
    windowed: undefined,
  };
}

/** What an aggregation adds to its keys, with the ids of the time and of the bounds of each row. */
export interface GroupColumns {
  readonly aggregates: readonly { readonly id: ColumnId; readonly name: string; readonly type: SqlType }[];
  readonly time: ColumnId;
  readonly bounds: { readonly start: ColumnId; readonly end: ColumnId } | undefined;
}

/** The keys, then the aggregates, then ROWTIME and, when windowed, the bounds. */
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

/** The keys, then every column of both sides, theirs being values. */
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

/** The left table's columns, then the right one's, theirs being values. */
export const joinedByForeignKey = (left: Rows, right: Rows): Rows => ({
  columns: [...left.columns, ...right.columns.map((column): RowColumn => ({ ...column, role: 'value' }))],
  shape: 'TABLE',
  windowed: undefined,
});

/** With values behind the columns that are there: of models, OVER and table functions. */
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
