import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { aliases, bareCalls, forms, learnedForms } from '../functions/aliases.ts';
import { findAggregate, findFunction } from '../functions/registry.ts';
import type { CallNode, ColumnNode, ExpressionNode } from '../syntax/expressions.ts';
import { parseExpression } from '../syntax/parse.ts';
import { printExpression } from '../syntax/print.ts';

const parsed = new Map<string, ExpressionNode>();

/** What a call of another dialect's function is here: a call of ours, or an expression of them; a user's function of the name wins. */
export function translated(node: CallNode): ExpressionNode {
  const { name, args } = node;
  const own = findFunction(name.text);
  const learned = learnedForms.get(`${name.text}/${args.length}`);
  if (learned !== undefined && node.over !== undefined) return learnedFrom(parsedForm(learned), node);
  if (learned !== undefined && args.length === 1)
    throw new SqlError('OVER_INVALID', node.span, {
      why: `${name.text} of a value alone learns from a window`,
      hint: `Write ${printExpression(node)} OVER (PARTITION BY key ORDER BY time), or say what it is to know.`,
    });
  if (own?.name === name.text) return node;
  const text = forms.get(`${name.text}/${args.length}`);
  if (text === undefined)
    return aliases.has(name.text) && own !== undefined ? { ...node, name: { ...name, text: own.name } } : node;
  return filled(parsedForm(text), node);
}

function parsedForm(text: string): ExpressionNode {
  let form = parsed.get(text);
  if (form === undefined) parsed.set(text, (form = parseExpression(text)));
  return form;
}

/** A call whose parameters are aggregates of the frame that the call has. */
function learnedFrom(form: ExpressionNode, call: CallNode): ExpressionNode {
  const { over, filter, ignoreNulls, distinct } = call;
  const overFrame = (node: CallNode): CallNode => ({ ...node, over, filter: bothOf(node.filter, filter) });
  const whole = filled(form, { ...call, over: undefined, filter: undefined }, overFrame) as CallNode;
  return { ...whole, ignoreNulls, distinct };
}

/** CURRENT_TIMESTAMP and its kind, which are calls where no column has their name. */
export function bareCall({ name, qualifier, span }: ColumnNode): CallNode | undefined {
  if (qualifier !== undefined || !bareCalls.has(name.text)) return undefined;
  const none = { distinct: undefined, filter: undefined, ignoreNulls: undefined, over: undefined };
  return { kind: 'call', name, star: false, args: [], ...none, span };
}

/** The form with the arguments in their places, and every other part of it where the call stands; its aggregates as `aggregate` has them. */
function filled(
  form: ExpressionNode,
  call: CallNode,
  aggregate: (node: CallNode) => CallNode = (node) => node,
): ExpressionNode {
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy);
    if (typeof value !== 'object' || value === null) return value;
    const node = value as Partial<ColumnNode>;
    const place = node.kind === 'column' ? /^_(\d)$/.exec(node.name!.text) : null;
    if (place !== null) return call.args[Number(place[1]) - 1];
    const entries = Object.entries(value).map(([key, inner]) => [
      key,
      key === 'span' ? (call.span satisfies Span) : copy(inner),
    ]);
    const filledNode = Object.fromEntries(entries) as ExpressionNode;
    return filledNode.kind === 'call' && findAggregate(filledNode.name.text) !== undefined
      ? aggregate(filledNode)
      : filledNode;
  };
  const result = copy(form) as ExpressionNode;
  if (result.kind !== 'call') return result;
  const { filter, over } = call;
  return { ...result, over, filter: bothOf(result.filter, filter) };
}
const bothOf = (left: ExpressionNode | undefined, right: ExpressionNode | undefined): ExpressionNode | undefined =>
  left === undefined || right === undefined
    ? (left ?? right)
    : { kind: 'logic', op: 'AND', left, right, span: right.span };
