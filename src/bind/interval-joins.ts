import type { Catalog } from '../catalog/catalog.ts';
import { conjunctsOf, type ExpressionNode } from '../syntax/expressions.ts';
import type { JoinNode, QueryNode, SourceNode } from '../syntax/query.ts';
import { durationOf, isTimeColumn } from './dialect-windows.ts';

/** How many milliseconds the joined record may be behind the one at its left (negative: before it). */
interface Bounds {
  low?: number;
  high?: number;
}
type Side = 'joined' | 'left';

/**
 * Joins whose ON says how far the times of two records may be apart, as in `b.time BETWEEN a.time AND a.time + INTERVAL …`, with
 * WITHIN; others as they are. Only the sources' own times count.
 */
export function withIntervalJoins(query: QueryNode, catalog: Catalog): QueryNode {
  if (query.joins.every(({ within, isAsOf }) => within !== undefined || isAsOf === true)) return query;
  const joins = query.joins.map((join, i) => {
    const lefts = [query.from, ...query.joins.slice(0, i).map(({ source }) => source)];
    return join.within === undefined && join.isAsOf !== true ? withWithin(join, lefts, catalog) : join;
  });
  return { ...query, joins };
}

function withWithin(join: JoinNode, lefts: readonly SourceNode[], catalog: Catalog): JoinNode {
  const bounds: Bounds = {};
  const named = (source: SourceNode, text: string): boolean => (source.alias ?? source.name).text === text;
  const sideOf = (node: ExpressionNode): Side | undefined => {
    if (node.kind !== 'column' || node.qualifier === undefined) return undefined;
    const { text } = node.qualifier;
    const source = [join.source, ...lefts].find((each) => named(each, text));
    if (source === undefined || !isTimeColumn(node, source.name.text, catalog)) return undefined;
    return source === join.source ? 'joined' : 'left';
  };
  const rest = conjunctsOf(join.on).filter((part) => !narrows(part, bounds, sideOf));
  const { low, high } = bounds;
  if (low === undefined || high === undefined || low > 0 || high < 0 || rest.length === 0) return join;
  const on = rest.reduce((left, right): ExpressionNode => ({
    kind: 'logic',
    op: 'AND',
    left,
    right,
    span: join.on.span,
  }));
  const length = (ms: number): { ms: number; text: string } => ({ ms, text: `${ms} MILLISECONDS` });
  return { ...join, on, within: { before: length(0 - low), after: length(high), grace: undefined } };
}

/** Whether a condition is one of the distance of two times, which is then in the bounds. */
function narrows(part: ExpressionNode, bounds: Bounds, sideOf: (node: ExpressionNode) => Side | undefined): boolean {
  const set = (op: string, left: ExpressionNode, right: ExpressionNode): boolean => {
    const [a, b] = [momentOf(left, sideOf), momentOf(right, sideOf)];
    if (a === undefined || b === undefined || a.side === b.side) return false;
    // a.ms + x >= b.ms + y, as what joined - left is at least or at most.
    const isLow = (op === '>=') === (a.side === 'joined');
    const limit = a.side === 'joined' ? b.ms - a.ms : a.ms - b.ms;
    if (isLow) bounds.low = Math.max(bounds.low ?? -Infinity, limit);
    else bounds.high = Math.min(bounds.high ?? Infinity, limit);
    return true;
  };
  if (part.kind === 'between' && !part.negated) {
    const { operand, low, high } = part;
    const isBoth = momentOf(low, sideOf) !== undefined && momentOf(high, sideOf) !== undefined;
    return isBoth && set('>=', operand, low) && set('<=', operand, high);
  }
  if (part.kind === 'compare' && (part.op === '>=' || part.op === '<=')) return set(part.op, part.left, part.right);
  return false;
}

/** A time column, or one and an interval. */
function momentOf(
  node: ExpressionNode,
  sideOf: (node: ExpressionNode) => Side | undefined,
): { side: Side; ms: number } | undefined {
  if (node.kind === 'binary' && (node.op === '+' || node.op === '-')) {
    const side = sideOf(node.left);
    const length = durationOf(node.right);
    if (side === undefined || length === undefined) return undefined;
    return { side, ms: node.op === '+' ? length.ms : 0 - length.ms };
  }
  const side = sideOf(node);
  return side && { side, ms: 0 };
}
