import { SqlError } from '../../diagnostics/sql-error.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import { sampleAggregator } from '../../functions/abilities.ts';
import type { AggregateFunction } from '../../functions/define.ts';
import type { Resolution } from '../../functions/resolve.ts';
import type { CallNode } from '../../syntax/expressions.ts';

type Overload = AggregateFunction['overloads'][number];

/** Aggregates over a table need undo, because an update of a table's row takes its old value out of the aggregate. */
export function checkUndo(
  node: CallNode,
  fn: AggregateFunction,
  { overload }: Resolution<Overload>,
  args: readonly BoundExpr[],
): void {
  if (sampleAggregator(overload, args).undo === undefined)
    throw new SqlError('AGGREGATE_NO_UNDO', node.span, { name: fn.name });
}
