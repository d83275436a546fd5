import { SqlError } from '../../diagnostics/sql-error.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import type { AggregateFunction } from '../../functions/define.ts';
import { isUserFunction } from '../../functions/registry.ts';
import type { Resolution } from '../../functions/resolve.ts';
import type { CallNode } from '../../syntax/expressions.ts';
import { castBetween } from '../../types/casts.ts';
import { DOUBLE } from '../../types/sql-type.ts';

type Overload = AggregateFunction['overloads'][number];

/** Arguments of aggregates that must be constants; whole numbers among them limit the number of values that are kept. */
export function checkConstantArguments(
  node: CallNode,
  fn: AggregateFunction,
  { params, overload: { wants } }: Resolution<Overload>,
  args: readonly BoundExpr[],
): void {
  params.forEach((param, i) => {
    if (!param.constant) return;
    const arg = args[i]!;
    if (arg.kind !== 'literal')
      throw new SqlError('CONSTANT_ARGUMENT', node.args[i]!.span, { name: fn.name, parameter: param.name });
    const wanted = wants?.[param.name];
    if (wanted !== undefined) {
      if (arg.value !== null && wanted.holds(Number(castBetween(arg.type, DOUBLE)?.(arg.value)))) return;
      throw new SqlError('CONSTANT_RANGE', node.args[i]!.span, {
        name: fn.name,
        parameter: param.name,
        wanted: wanted.text,
      });
    }
    if (
      isUserFunction(fn.name) ||
      param.type.kind !== 'exact' ||
      param.type.type.kind !== 'INTEGER' ||
      Number(arg.value) >= 1
    )
      return;
    throw new SqlError('COUNT_ARGUMENT', node.args[i]!.span, { name: fn.name, parameter: param.name });
  });
}
