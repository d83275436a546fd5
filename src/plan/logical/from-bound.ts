import type {
  BoundJoin,
  BoundKeyJoin,
  BoundOver,
  BoundQuery,
  BoundRelation,
  BoundSelect,
  BoundSemiJoin,
} from '../../bound/query.ts';
import { keysOf, reference, type NamedExpr } from '../../bound/rows.ts';
import { literal } from '../../expressions/node.ts';
import { BOOLEAN } from '../../types/sql-type.ts';
import * as build from './build.ts';
import { isKeyedBy, type LogicalNode, type LogicalOver } from './node.ts';

/** The logical plan of a bound query: one node per clause, in the order in which rows pass the clauses. */
export function logicalPlan(query: BoundQuery): LogicalNode {
  const { alike, result } = query;
  const parts = query.selects.map((select, i) => {
    const plan = ofSelect(select);
    return alike === undefined ? plan : build.project(plan, alike[i]!);
  });
  const plan = parts.reduce((left, right) => build.union(left, right));
  return result === undefined ? plan : build.project(plan, result);
}

function ofSelect(select: BoundSelect): LogicalNode {
  const { partitionBy, grouping, tableFunctions } = select;
  let plan = select.joins.reduce(withJoin, ofRelation(select.from));
  plan = select.invokes.reduce(build.invoke, plan);
  const { columns, shape } = plan;
  plan = select.semiJoins.reduce(withSemiJoin, plan);
  if (select.where !== undefined) plan = build.filter(plan, select.where);
  const keys = keysOf(columns);
  // Rows that were moved to be compared have the key again that they had.
  if (shape === 'STREAM' && select.semiJoins.length > 0 && !isKeyedBy(plan, keys.map(reference)))
    plan = build.rekey(plan, keys.map((column) => ({ ...column, expr: reference(column) })), 'partitionBy'); // prettier-ignore
  if (partitionBy !== undefined) plan = build.rekey(plan, partitionBy, 'partitionBy');
  if (grouping !== undefined) {
    plan = build.aggregate(plan, grouping);
    const { having, distinct } = grouping;
    if (having !== undefined || distinct) plan = build.filter(plan, having ?? literal(BOOLEAN, true), distinct);
  }
  plan = select.lateInvokes.reduce(build.invoke, plan);
  if (select.ranking !== undefined) plan = build.rank(plan, select.ranking);
  const windows = select.over.toSorted(byMoves(plan));
  plan = windows.reduce((input, parts, i) => build.over(input, parts, placeAmong(windows, i)), plan);
  if (select.qualify !== undefined) plan = build.filter(plan, select.qualify);
  if (tableFunctions.length > 0) plan = build.flatMap(plan, tableFunctions);
  return build.project(plan, select.outputs);
}

/** The place of a final OVER among several; undefined if there is one only, or rows do not wait. */
function placeAmong(windows: readonly BoundOver[], i: number): LogicalOver['among'] {
  if (windows.length === 1 || windows[i]?.final !== true) return undefined;
  if (i === 0) return 'first';
  return i === windows.length - 1 ? 'last' : 'middle';
}

/** OVER by the key that rows have comes first: behind one that moves them it would have to move them back. */
const byMoves = (input: LogicalNode) => {
  const moves = ({ partitionBy }: BoundOver): number => (isKeyedBy(input, partitionBy) ? 0 : 1);
  return (a: BoundOver, b: BoundOver): number => moves(a) - moves(b);
};

function ofRelation(relation: BoundRelation): LogicalNode {
  if (relation.kind === 'match') return build.match(ofRelation(relation.input), relation);
  return relation.kind === 'source' ? build.source(relation) : logicalPlan(relation.query);
}

function withJoin(left: LogicalNode, join: BoundJoin): LogicalNode {
  const right = ofRelation(join.right);
  const { matches } = join;
  const plan =
    join.kind === 'key'
      ? keyJoin(left, right, join)
      : build.foreignKeyJoin({ join: join.join, left, right, foreignKeys: join.foreignKeys, matches });
  return join.filter === undefined ? plan : build.filter(plan, join.filter);
}

function withSemiJoin(left: LogicalNode, { right, operand, key }: BoundSemiJoin): LogicalNode {
  const table = logicalPlan(right.query);
  if (left.shape === 'TABLE' && !isKeyedBy(left, [operand.expr]))
    return build.foreignKeyJoin({ join: 'LEFT', left, right: table, foreignKeys: [operand.expr], matches: undefined });
  const own = keyed(left, [operand], true);
  const { expr } = operand;
  return build.join({
    join: 'LEFT',
    left: own,
    right: table,
    leftKeys: [expr],
    rightKeys: keysOf(table.columns).filter(({ id }) => id === key).map(reference), // prettier-ignore
    keys: keysOf(own.columns),
    matches: undefined,
    versions: undefined,
    within: undefined,
  });
}

function keyJoin(left: LogicalNode, right: LogicalNode, parts: BoundKeyJoin): LogicalNode {
  const { join, leftKeys, rightKeys, keys, matches, within, versions } = parts;
  return build.join({
    join,
    left: keyed(left, leftKeys, join === 'LEFT' || join === 'FULL'),
    right: keyed(right, rightKeys, join === 'RIGHT' || join === 'FULL'),
    leftKeys: leftKeys.map(({ expr }) => expr),
    rightKeys: rightKeys.map(({ expr }) => expr),
    keys,
    matches,
    within,
    versions,
  });
}

/**
 * Rekeys a side of a join unless it has this key: rows with equal join keys must be on one partition. Rows of the preserved side of
 * an outer join stay when their key is NULL: they match nothing.
 */
function keyed(node: LogicalNode, keys: readonly NamedExpr[], isPreserved: boolean): LogicalNode {
  const exprs = keys.map(({ expr }) => expr);
  if (node.shape === 'TABLE' || isKeyedBy(node, exprs)) return node;
  return build.rekey(node, keys, isPreserved ? 'preserved' : 'join');
}
