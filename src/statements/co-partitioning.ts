import type { Catalog } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { inputsOf, type LogicalNode } from '../plan/logical/node.ts';
import type { QueryNode } from '../syntax/query.ts';

/**
 * Both sides of a join need the same number of partitions, but for a foreign-key join, whose rows go to each other by topics of
 * their own.
 */
export function checkCoPartitioning(query: QueryNode, catalog: Catalog, plan: LogicalNode): void {
  const foreign = new Set(foreignSides(plan));
  const first = catalog.sources.get(query.from.name.text);
  for (const join of query.joins) {
    const right = catalog.sources.get(join.source.name.text);
    if (first === undefined || right === undefined || first.spec.partitions === right.spec.partitions) continue;
    if (foreign.has(right.spec.name)) continue;
    throw new SqlError('JOIN_CO_PARTITION', join.span, {
      left: first.spec.name,
      leftCount: first.spec.partitions,
      right: right.spec.name,
      rightCount: right.spec.partitions,
    });
  }
}

/** The tables that foreign keys name. */
function foreignSides(node: LogicalNode): string[] {
  const own = node.kind === 'foreignKeyJoin' ? sourcesIn(node.right) : [];
  return [...own, ...inputsOf(node).flatMap(foreignSides)];
}

function sourcesIn(node: LogicalNode): string[] {
  return node.kind === 'source' ? [node.source.name] : inputsOf(node).flatMap(sourcesIn);
}
