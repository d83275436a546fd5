import { SqlError } from '../../diagnostics/sql-error.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import { sampleAggregator } from '../../functions/abilities.ts';
import type { AggregateFunction } from '../../functions/define.ts';
import type { Resolution } from '../../functions/resolve.ts';
import type { CallNode } from '../../syntax/expressions.ts';
import type { WindowNode } from '../../syntax/query.ts';

/** Sessions are joined by an event between two, and sliding windows are made of panes: their aggregates need merge. */
export function checkMerge(
  node: CallNode,
  fn: AggregateFunction,
  { overload }: Resolution<AggregateFunction['overloads'][number]>,
  args: readonly BoundExpr[],
  { kind }: WindowNode,
): void {
  if (kind !== 'SESSION' && kind !== 'SLIDING') return;
  if (sampleAggregator(overload, args).merge === undefined)
    throw new SqlError('AGGREGATE_NO_MERGE', node.span, { name: fn.name, window: kind });
}
