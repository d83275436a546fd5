import type { BoundInvoke, BoundOver, BoundSource, BoundTableFunction } from '../../bound/query.ts';
import {
  extended,
  grouped,
  joined,
  joinedByForeignKey,
  projected,
  rekeyed,
  type NamedExpr,
  type Output,
} from '../../bound/rows.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import type {
  LogicalAggregate,
  LogicalFilter,
  LogicalFlatMap,
  LogicalForeignKeyJoin,
  LogicalInvoke,
  LogicalJoin,
  LogicalNode,
  LogicalOver,
  LogicalProject,
  LogicalRekey,
  LogicalSource,
  LogicalUnion,
} from './node.ts';

export const source = ({ spec, alias, reads, rows }: BoundSource): LogicalSource => ({
  kind: 'source',
  source: spec,
  alias,
  reads,
  ...rows,
});

/** Keeps the rows for which `predicate` is true; NULL counts as false. A table retracts what no longer matches. */
export function filter(input: LogicalNode, predicate: BoundExpr): LogicalFilter {
  const { columns, shape, windowed } = input;
  return { kind: 'filter', input, predicate, columns, shape, windowed };
}

export const project = (input: LogicalNode, outputs: readonly Output[]): LogicalProject => ({
  kind: 'project',
  input,
  exprs: outputs.map(({ id, name, expr }) => ({ id, name, expr })),
  ...projected(input, outputs),
});

export const flatMap = (input: LogicalNode, functions: readonly BoundTableFunction[]): LogicalFlatMap => ({
  kind: 'flatMap',
  input,
  functions,
  ...extended(input, functions, 'STREAM'),
});

/** The new key columns come first; all other columns, former keys too, are values. */
export const rekey = (
  input: LogicalNode,
  keys: readonly NamedExpr[],
  purpose: LogicalRekey['purpose'],
): LogicalRekey => ({ kind: 'rekey', input, keys, purpose, ...rekeyed(input, keys) });

/** The keys, then the aggregates, then ROWTIME and, when windowed, the bounds. */
export const aggregate = (
  input: LogicalNode,
  parts: Pick<LogicalAggregate, 'keys' | 'aggregates' | 'time' | 'bounds' | 'window' | 'final'>,
): LogicalAggregate => ({
  kind: 'aggregate',
  input,
  ...parts,
  ...grouped(parts.keys, parts, parts.window?.type),
});

/** The keys, then every column of both sides, theirs being values. */
export const join = (parts: Omit<LogicalJoin, 'kind' | 'columns' | 'windowed' | 'shape'>): LogicalJoin => ({
  ...parts,
  kind: 'join',
  ...joined(parts.left, parts.right, parts.keys),
});

/** Two streams with the same columns. */
export const union = (left: LogicalNode, right: LogicalNode): LogicalUnion => ({
  kind: 'union',
  left,
  right,
  columns: left.columns,
  shape: 'STREAM',
  windowed: undefined,
});

/** The left table's columns, then the right one's, theirs being values. */
export const foreignKeyJoin = (
  parts: Pick<LogicalForeignKeyJoin, 'join' | 'left' | 'right' | 'foreignKeys' | 'matches'>,
): LogicalForeignKeyJoin => ({ ...parts, kind: 'foreignKeyJoin', ...joinedByForeignKey(parts.left, parts.right) });

export const over = (input: LogicalNode, parts: BoundOver): LogicalOver => ({
  kind: 'over',
  input,
  ...parts,
  ...extended(input, parts.calls, 'STREAM'),
});

export const invoke = (input: LogicalNode, parts: BoundInvoke): LogicalInvoke => ({
  kind: 'invoke',
  input,
  ...parts,
  ...extended(input, parts.outputs),
});
