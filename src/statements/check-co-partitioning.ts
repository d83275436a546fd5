import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { SourceSpec } from '../specs/source.ts';
import { inputsOf, type LogicalNode } from '../plan/logical/node.ts';
import type { QueryNode } from '../syntax/query.ts';

/** Both sides of a join need the same number of partitions, except for a foreign-key join, which repartitions both sides. */
export function checkCoPartitioning(query: QueryNode, node: LogicalNode): void {
  for (const input of inputsOf(node)) checkCoPartitioning(query, input);
  if (node.kind !== 'join') return;
  const [left, right] = [leftmost(node.left), leftmost(node.right)];
  if (left.partitions === right.partitions) return;
  throw new SqlError('JOIN_CO_PARTITION', spanOf(query, right), {
    left: left.name,
    leftCount: left.partitions,
    right: right.name,
    rightCount: right.partitions,
    isTable: left.kind === 'TABLE' && right.kind === 'TABLE',
  });
}

const spanOf = (query: QueryNode, { name }: SourceSpec): Span =>
  query.joins.find(({ source }) => source.name.text === name)?.span ?? query.span;

const leftmost = (node: LogicalNode): SourceSpec =>
  node.kind === 'source' ? node.source : leftmost(inputsOf(node)[0]!);
