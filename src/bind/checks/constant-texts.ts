import { SqlError } from '../../diagnostics/sql-error.ts';
import { foldConstants } from '../../expressions/fold.ts';
import { literalValue, type BoundExpr } from '../../expressions/node.ts';
import type { AggregateFunction } from '../../functions/define.ts';
import type { Resolution } from '../../functions/resolve.ts';
import type { CallNode, ExpressionNode } from '../../syntax/expressions.ts';

/** The arguments with their constant texts worked out, which are checked: of options, the error is where the option stands. */
export function withConstantTexts(
  node: CallNode,
  { params, overload: { checks } }: Resolution<AggregateFunction['overloads'][number]>,
  args: readonly BoundExpr[],
): readonly BoundExpr[] {
  if (checks === undefined) return args;
  return args.map((arg, i) => {
    const check = checks[params[i]!.name];
    if (check === undefined) return arg;
    const folded = foldConstants(arg);
    if (folded.kind !== 'literal') return folded;
    const text = literalValue(folded);
    const fault =
      typeof text === 'string' ? check(text) : { why: 'it cannot be null', hint: 'Leave it out, or write a text.' };
    if (fault === undefined) return folded;
    const { option, isName, why, hint } = fault;
    const { span } = placeOf(node.args[i]!, option, isName);
    throw new SqlError('CALL_INVALID', span, { why: `${node.name.text}: ${why}`, hint });
  });
}

/** The value of an option, or its name, among names and values by turns; the whole argument where that is written otherwise. */
function placeOf(node: ExpressionNode, option: string | undefined, isName = false): ExpressionNode {
  if (node.kind !== 'call' || option === undefined) return node;
  const at = node.args.findLastIndex(
    (arg, i) => i % 2 === 0 && arg.kind === 'literal' && arg.literal === 'string' && arg.value === option,
  );
  return (at < 0 ? undefined : node.args[isName ? at : at + 1]) ?? node;
}
