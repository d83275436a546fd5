import type {
  BoundInvoke,
  BoundMatch,
  BoundOver,
  BoundRanking,
  BoundSource,
  BoundTableFunction,
} from '../../bound/query.ts';
import {
  extended,
  grouped,
  joined,
  joinedByForeignKey,
  projected,
  ranked,
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
  LogicalMatch,
  LogicalMonitor,
  LogicalNode,
  LogicalOver,
  LogicalProject,
  LogicalRank,
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

/**
 * Keeps the rows for which `predicate` is true; NULL counts as false. A table emits tombstones for rows that no longer match.
 */
export function filter(input: LogicalNode, predicate: BoundExpr, distinct = false): LogicalFilter {
  const { columns, shape, windowed } = input;
  return { kind: 'filter', input, predicate, distinct, columns, shape, windowed };
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

/** Changes the key: the new key columns come first, then all other columns (former keys included) as values. */
export const rekey = (
  input: LogicalNode,
  keys: readonly NamedExpr[],
  purpose: LogicalRekey['purpose'],
): LogicalRekey => ({ kind: 'rekey', input, keys, purpose, ...rekeyed(input, keys) });

/** Groups rows: its columns are the keys, the aggregates, ROWTIME and, when windowed, the window bounds. */
export const aggregate = (
  input: LogicalNode,
  parts: Pick<LogicalAggregate, 'keys' | 'aggregates' | 'set' | 'time' | 'bounds' | 'window' | 'final' | 'distinct'>,
): LogicalAggregate => ({
  kind: 'aggregate',
  input,
  ...parts,
  ...grouped(parts.keys, parts, parts.window?.type),
});

/** Joins by key: its columns are the keys, then every column of both sides as values. */
export const join = (parts: Omit<LogicalJoin, 'kind' | 'columns' | 'windowed' | 'shape'>): LogicalJoin => ({
  ...parts,
  kind: 'join',
  ...joined(parts.left, parts.right, parts.keys),
});

/** Combines two streams with the same columns. */
export const union = (left: LogicalNode, right: LogicalNode): LogicalUnion => ({
  kind: 'union',
  left,
  right,
  columns: left.columns,
  shape: 'STREAM',
  windowed: undefined,
});

/** Joins by foreign key: its columns are the left table's, then those of the right table as values. */
export const foreignKeyJoin = (
  parts: Pick<LogicalForeignKeyJoin, 'join' | 'left' | 'right' | 'foreignKeys' | 'matches'>,
): LogicalForeignKeyJoin => ({ ...parts, kind: 'foreignKeyJoin', ...joinedByForeignKey(parts.left, parts.right) });

export const over = (input: LogicalNode, parts: BoundOver, among: LogicalOver['among']): LogicalOver => ({
  kind: 'over',
  among,
  input,
  ...parts,
  ...extended(input, parts.calls, 'STREAM'),
});

/** Finds a pattern: its columns are the partition, the measures, and the time of the match's last row. */
export function match(input: LogicalNode, { partitionBy, orderBy, rows, ...parts }: BoundMatch): LogicalMatch {
  const { pattern, variables, conditions, measures, skip, withinMs, final } = parts;
  const found = { pattern, variables, conditions, measures, skip, withinMs, final };
  return { kind: 'match', input, partitionBy, orderBy, ...found, ...rows };
}

/** Numbers the rows of each partition: a table whose columns are the partition, the number, and all others as values. */
export const rank = (input: LogicalNode, parts: BoundRanking): LogicalRank => ({
  kind: 'rank',
  input,
  limit: undefined,
  ...parts,
  ...ranked(input, parts),
});

export const invoke = (input: LogicalNode, parts: BoundInvoke): LogicalInvoke => ({
  kind: 'invoke',
  input,
  ...parts,
  ...extended(input, parts.outputs),
});

/** Measures the rows of windows: `columns` are those of the rows that tell of them. */
export const monitor = (
  input: LogicalNode,
  parts: Pick<LogicalMonitor, 'segments' | 'values' | 'time' | 'label' | 'score' | 'spec' | 'columns'>,
): LogicalMonitor => ({ kind: 'monitor', input, ...parts, shape: 'STREAM', windowed: undefined });
