import { conjuncts, type BoundExpr, type ColumnId } from '../../expressions/node.ts';
import { findOverFunction } from '../../functions/over/index.ts';
import { withInputs, type LogicalNode } from '../logical/node.ts';
import type { Rule } from './rule.ts';

/** Takes from a condition on the number of ranked rows, such as `rn <= 3`, how many rows of each partition are wanted: Top-N. In order of time `rn = 1` is deduplication. */
export const rankLimit: Rule = {
  name: 'rank-limit',
  apply: (node) => {
    if (node.kind !== 'filter') return undefined;
    const input = limited(node.input, conjuncts(node.predicate));
    return input && { ...node, input };
  },
};

/** The node with its ranking's limit; conditions are on the node's columns. Undefined where there is nothing to limit. */
function limited(node: LogicalNode, conditions: readonly BoundExpr[]): LogicalNode | undefined {
  if (node.kind === 'rank') {
    const limits = conditions
      .map((condition) => upperBound(condition, node.rank.id))
      .filter((bound) => bound !== undefined);
    const limit = Math.min(...limits, node.limit ?? Infinity);
    return limit === Infinity || limit === node.limit ? undefined : { ...node, limit };
  }
  if (node.kind === 'over') {
    const { calls, among, firstOnly } = node;
    const areNumbers = calls.every(({ fn }) => findOverFunction(fn)?.picks(undefined) === 'place');
    if (!areNumbers || among !== undefined || firstOnly === true) return undefined;
    const isFirst = calls.some(({ id }) => conditions.some((condition) => upperBound(condition, id) === 1));
    return isFirst ? { ...node, firstOnly: true } : undefined;
  }
  if (node.kind === 'filter') {
    const input = limited(node.input, conditions);
    return input && { ...node, input };
  }
  if (node.kind !== 'project') return undefined;
  const origin = new Map(node.exprs.map(({ id, expr }) => [id, expr]));
  const below = conditions.map((condition) => rewritten(condition, origin));
  const input = limited(node.input, below);
  return input && withInputs(node, [input]);
}

/** A comparison whose sides are the columns that a projection renames; other conditions stay, and bound nothing. */
function rewritten(condition: BoundExpr, origin: ReadonlyMap<ColumnId, BoundExpr>): BoundExpr {
  if (condition.kind !== 'compare') return condition;
  const side = (expr: BoundExpr): BoundExpr => (expr.kind === 'column' ? (origin.get(expr.id) ?? expr) : expr);
  return { ...condition, left: side(condition.left), right: side(condition.right) };
}

const mirrored: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '=': '=' };

/** The greatest number that satisfies a condition on the column; undefined where there is none. */
function upperBound(condition: BoundExpr, id: ColumnId): number | undefined {
  if (condition.kind !== 'compare') return undefined;
  const { left, right } = condition;
  const isNumber = (expr: BoundExpr): boolean => uncast(expr).kind === 'column' && idOf(uncast(expr)) === id;
  const [op, bound] = isNumber(left) ? [condition.op, right] : isNumber(right) ? [mirrored[condition.op], left] : [];
  const constant = bound && uncast(bound);
  if (constant?.kind !== 'literal' || constant.value === null) return undefined;
  const value = Number(constant.value);
  if (!Number.isInteger(value)) return undefined;
  return op === '<=' || op === '=' ? Math.max(0, value) : op === '<' ? Math.max(0, value - 1) : undefined;
}
const uncast = (expr: BoundExpr): BoundExpr => (expr.kind === 'cast' ? expr.operand : expr);
const idOf = (expr: BoundExpr): ColumnId | undefined => (expr.kind === 'column' ? expr.id : undefined);
