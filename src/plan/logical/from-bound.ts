import type { BoundJoin, BoundKeyJoin, BoundQuery, BoundRelation, BoundSelect } from '../../bound/query.ts';
import type { NamedExpr } from '../../bound/rows.ts';
import * as build from './build.ts';
import { isKeyedBy, type LogicalNode } from './node.ts';

/** The logical plan of a query: a node for each clause, in the order in which rows pass them. */
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
  if (select.where !== undefined) plan = build.filter(plan, select.where);
  if (partitionBy !== undefined) plan = build.rekey(plan, partitionBy, 'partitionBy');
  if (grouping !== undefined) {
    plan = build.aggregate(plan, grouping);
    if (grouping.having !== undefined) plan = build.filter(plan, grouping.having);
  }
  plan = select.lateInvokes.reduce(build.invoke, plan);
  plan = select.over.reduce(build.over, plan);
  if (tableFunctions.length > 0) plan = build.flatMap(plan, tableFunctions);
  return build.project(plan, select.outputs);
}

function ofRelation(relation: BoundRelation): LogicalNode {
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

function keyJoin(left: LogicalNode, right: LogicalNode, parts: BoundKeyJoin): LogicalNode {
  const { join, leftKeys, rightKeys, keys, matches, within } = parts;
  return build.join({
    join,
    left: keyed(left, leftKeys),
    right: keyed(right, rightKeys),
    leftKeys: leftKeys.map(({ expr }) => expr),
    rightKeys: rightKeys.map(({ expr }) => expr),
    keys,
    matches,
    within,
  });
}

/** Rows meet on the partition of their key. */
function keyed(node: LogicalNode, keys: readonly NamedExpr[]): LogicalNode {
  const exprs = keys.map(({ expr }) => expr);
  return node.shape === 'TABLE' || isKeyedBy(node, exprs) ? node : build.rekey(node, keys, 'join');
}
