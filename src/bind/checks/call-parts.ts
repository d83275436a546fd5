import { SqlError } from '../../diagnostics/sql-error.ts';
import { findAggregate } from '../../functions/registry.ts';
import type { CallNode } from '../../syntax/expressions.ts';
import { printExpression } from '../../syntax/print.ts';

/** A call with DISTINCT is one of the function that counts each value once. */
export function withoutDistinct(node: CallNode): CallNode {
  if (node.distinct === undefined) return node;
  const { name } = node;
  const distinct = findAggregate(name.text)?.distinct;
  if (distinct === undefined)
    throw new SqlError('CALL_INVALID', node.distinct.span, {
      why: `${name.text} takes each value as often as it comes`,
      hint: 'COUNT counts different values, and COLLECT_SET holds each of them once.',
    });
  return { ...node, name: { ...name, text: distinct }, distinct: undefined };
}

/** FILTER chooses among the rows of an aggregate, IGNORE NULLS among those of a frame. */
export function checkNoRowChoice(node: CallNode, isAggregate: boolean): void {
  const { name, filter, ignoreNulls, args } = node;
  const refuse = (span: CallNode['span'], why: string, hint: string): never => {
    throw new SqlError('CALL_INVALID', span, { why, hint });
  };
  const text = printExpression(args[0] ?? node);
  if (filter !== undefined && !isAggregate) {
    const rest = args.slice(1).map((arg) => `, ${printExpression(arg)}`);
    const value = args.length === 0 ? '1' : text;
    refuse(
      filter.span,
      `FILTER chooses among the rows of an aggregate, and ${name.text} is none`,
      `Write ${name.text}(CASE WHEN ${printExpression(filter)} THEN ${value} END${rest.join('')}).`,
    );
  }
  if (ignoreNulls !== undefined)
    refuse(
      ignoreNulls.span,
      `${name.text} has no frame whose rows could be passed over`,
      `Leave it out; WHERE ${text} IS NOT NULL keeps such rows away.`,
    );
}
