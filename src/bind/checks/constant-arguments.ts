import { SqlError } from '../../diagnostics/sql-error.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import type { AggregateFunction } from '../../functions/define.ts';
import { isUserFunction } from '../../functions/registry.ts';
import type { Resolution } from '../../functions/resolve.ts';
import type { CallNode } from '../../syntax/expressions.ts';

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
