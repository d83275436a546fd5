import { SqlError } from '../../diagnostics/sql-error.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import type { AggregateFunction } from '../../functions/define.ts';
import { isUserFunction } from '../../functions/registry.ts';
import type { Resolution } from '../../functions/resolve.ts';
import type { CallNode } from '../../syntax/expressions.ts';
import { INTEGER } from '../../types/sql-type.ts';

type Overload = AggregateFunction['overloads'][number];

/** Some arguments of aggregates are constants; the whole numbers among them say how many values are kept. */
export function checkConstantArguments(
  node: CallNode,
  fn: AggregateFunction,
  { params }: Resolution<Overload>,
  args: readonly BoundExpr[],
): void {
  params.forEach((param, i) => {
    if (!param.constant) return;
    const arg = args[i]!;
    if (arg.kind !== 'literal')
      throw new SqlError('CONSTANT_ARGUMENT', node.args[i]!.span, { name: fn.name, parameter: param.name });
    if (isUserFunction(fn.name) || arg.type.kind === 'BOOLEAN' || Number(arg.value) >= 1) return;
    throw new SqlError('COUNT_ARGUMENT', node.args[i]!.span, { name: fn.name, parameter: param.name });
  });
}

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
