import type { CallNode, ExpressionNode } from './expressions.ts';

/** The calls in an expression, but for those inside of calls that `isWhole`. Without recursion: it may be deeper than the stack. */
export function callsIn(root: ExpressionNode, isWhole: (call: CallNode) => boolean = () => false): CallNode[] {
  const left: ExpressionNode[] = [root];
  const found: CallNode[] = [];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (node.kind === 'call') {
      found.push(node);
      if (isWhole(node)) continue;
    }
    // Most of a large expression: the numbers of a vector.
    if (node.kind === 'literal') continue;
    for (const value of Object.values(node) as unknown[])
      if (!Array.isArray(value)) {
        if (isExpressionNode(value)) left.push(value);
      } else for (const item of value as unknown[]) if (isExpressionNode(item)) left.push(item);
  }
  return found;
}
const isExpressionNode = (value: unknown): value is ExpressionNode =>
  typeof value === 'object' && value !== null && 'kind' in value;
