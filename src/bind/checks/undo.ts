import { SqlError } from '../../diagnostics/sql-error.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import type { AggregateFunction } from '../../functions/define.ts';
import type { Resolution } from '../../functions/resolve.ts';
import type { CallNode } from '../../syntax/expressions.ts';
import { INTEGER } from '../../types/sql-type.ts';

type Overload = AggregateFunction['overloads'][number];

/** Rows of a table change, so that their aggregates take back what a row was. */
export function checkUndo(
  node: CallNode,
  fn: AggregateFunction,
  { overload }: Resolution<Overload>,
  args: readonly BoundExpr[],
): void {
  const constants = args.map((arg) => (arg.kind === 'literal' ? (arg.value as never) : undefined));
  const types = args.map(({ type }) => type);
  if (overload.create({ args: types, returns: types[0] ?? INTEGER, constants }).undo === undefined)
    throw new SqlError('AGGREGATE_NO_UNDO', node.span, { name: fn.name });
}
