import type { Expr } from '../../expressions/node.ts';
import type { SourceSpec } from '../formats.ts';
import type { WindowSpec } from '../window.ts';
import { BIGINT } from '../../types/sql-type.ts';
import { pseudoColumns } from '../../types/schema.ts';
import {
  keysOf,
  valuesOf,
  type AggregateCall,
  type AggregateNode,
  type FilterNode,
  type FlatMapNode,
  type ForeignKeyJoinNode,
  type JoinNode,
  type LogicalNode,
  type NamedExpr,
  type PlanColumn,
  type ProjectNode,
  type RekeyNode,
  type SourceNode,
  type UnionNode,
} from './node.ts';

/** Every column of a source, pseudo columns after its own; `prefix` is put before each name. */
export function source(spec: SourceSpec, alias: string, prefix: string): SourceNode {
  const own: PlanColumn[] = spec.schema.map(({ name, type, role }) => ({
    name: prefix + name,
    type,
    role: role === 'key' ? 'key' : 'value',
  }));
  const pseudo = pseudoColumns.filter(({ windowed }) => !windowed || spec.window !== undefined);
  return {
    kind: 'source',
    source: spec,
    alias,
    reads: [...spec.schema.map(({ name }) => name), ...pseudo.map(({ name }) => name)],
    columns: [...own, ...pseudo.map(({ name, type }): PlanColumn => ({ name: prefix + name, type, role: 'value' }))],
    shape: spec.kind,
    windowed: spec.window?.type,
  };
}

/** Keeps the rows for which `predicate` is true; NULL counts as false. A table retracts what no longer matches. */
export function filter(input: LogicalNode, predicate: Expr): FilterNode {
  return { kind: 'filter', input, predicate, columns: input.columns, shape: input.shape, windowed: input.windowed };
}

export function project(
  input: LogicalNode,
  exprs: readonly (NamedExpr & { readonly role: PlanColumn['role'] })[],
): ProjectNode {
  const columns = exprs.map(({ name, expr, role }): PlanColumn => ({ name, type: expr.type, role }));
  return {
    kind: 'project',
    input,
    exprs: exprs.map(({ name, expr }) => ({ name, expr })),
    columns,
    shape: input.shape,
    windowed: input.windowed,
  };
}

export function flatMap(input: LogicalNode, functions: FlatMapNode['functions']): FlatMapNode {
  const added = functions.map(({ name, type }): PlanColumn => ({ name, type, role: 'value' }));
  return {
    kind: 'flatMap',
    input,
    functions,
    columns: [...input.columns, ...added],
    shape: 'STREAM',
    windowed: input.windowed,
  };
}

/** The new key columns come first; all other columns, former keys too, are values. */
export function rekey(input: LogicalNode, keys: readonly NamedExpr[], purpose: RekeyNode['purpose']): RekeyNode {
  const names = new Set(keys.map(({ name }) => name));
  const rest = [...valuesOf(input.columns), ...keysOf(input.columns)].filter(({ name }) => !names.has(name));
  const columns: PlanColumn[] = [
    ...keys.map(({ name, expr }): PlanColumn => ({ name, type: expr.type, role: 'key' })),
    ...rest.map((column): PlanColumn => ({ ...column, role: 'value' })),
  ];
  return { kind: 'rekey', input, keys, purpose, columns, shape: input.shape, windowed: undefined };
}

/** The keys, then the aggregates, then ROWTIME and, when windowed, the bounds. */
export function aggregate(
  input: LogicalNode,
  keys: readonly NamedExpr[],
  aggregates: readonly AggregateCall[],
  window: WindowSpec | undefined,
  final: boolean,
): AggregateNode {
  const bounds = window === undefined ? [] : ['WINDOWSTART', 'WINDOWEND'];
  const columns: PlanColumn[] = [
    ...keys.map(({ name, expr }): PlanColumn => ({ name, type: expr.type, role: 'key' })),
    ...aggregates.map(({ name, type }): PlanColumn => ({ name, type, role: 'value' })),
    ...['ROWTIME', ...bounds].map((name): PlanColumn => ({ name, type: BIGINT, role: 'value' })),
  ];
  return { kind: 'aggregate', input, keys, aggregates, window, final, columns, shape: 'TABLE', windowed: window?.type };
}

/** The keys, then every column of both sides, theirs being values. */
export function join(parts: Omit<JoinNode, 'kind' | 'columns' | 'windowed'>): JoinNode {
  const sides = [...parts.left.columns, ...parts.right.columns].filter(({ name }) => !parts.keyNames.includes(name));
  const columns: PlanColumn[] = [
    ...parts.keyNames.map((name, i): PlanColumn => ({ name, type: parts.leftKeys[i]!.type, role: 'key' })),
    ...sides.map((column): PlanColumn => ({ ...column, role: 'value' })),
  ];
  return { ...parts, kind: 'join', columns, windowed: parts.left.windowed };
}

/** Two streams with the same columns. */
export function union(left: LogicalNode, right: LogicalNode): UnionNode {
  return { kind: 'union', left, right, columns: left.columns, shape: 'STREAM', windowed: undefined };
}

/** The left table's columns, then the right one's, theirs being values. */
export function foreignKeyJoin(
  parts: Pick<ForeignKeyJoinNode, 'join' | 'left' | 'right' | 'foreignKeys' | 'matches'>,
): ForeignKeyJoinNode {
  const columns = [
    ...parts.left.columns,
    ...parts.right.columns.map((column): PlanColumn => ({ ...column, role: 'value' })),
  ];
  return { ...parts, kind: 'foreignKeyJoin', columns, shape: 'TABLE', windowed: undefined };
}
