import { concat } from '../functions/scalar/concat.ts';
import { vectorOperators } from '../functions/scalar/vectors.ts';
import type { CallNode, ExpressionNode } from '../syntax/expressions.ts';
import type { SqlType } from '../types/sql-type.ts';
import { isNumeric } from '../types/sql-type.ts';

type Binary = Extract<ExpressionNode, { kind: 'binary' }>;

const callOf = (name: string, args: readonly ExpressionNode[], { span }: Binary): CallNode => ({
  kind: 'call',
  name: { text: name, span },
  star: false,
  args: [...args],
  distinct: undefined,
  filter: undefined,
  ignoreNulls: undefined,
  over: undefined,
  span,
});

/** `||` as the function that it is. */
export const concatenation = (node: Binary): CallNode => callOf(concat.name, [node.left, node.right], node);

/** Arithmetic of two vectors, or of a vector and a number, as the call that it is; undefined for other operands. */
export function vectorArithmetic(node: Binary, left: SqlType, right: SqlType): CallNode | undefined {
  const isVector = (type: SqlType): boolean => type.kind === 'ARRAY' && isNumeric(type.element);
  if (isVector(left) && isVector(right)) {
    const name = vectorOperators.ofTwo[node.op];
    return name === undefined ? undefined : callOf(name, [node.left, node.right], node);
  }
  const name = vectorOperators.byNumber[node.op];
  if (name === undefined) return undefined;
  if (isVector(left) && isNumeric(right)) return callOf(name, [node.left, node.right], node);
  return isVector(right) && isNumeric(left) && node.op === '*'
    ? callOf(name, [node.right, node.left], node)
    : undefined;
}
