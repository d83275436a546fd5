import type { Catalog } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { QueryNode } from '../syntax/query.ts';

/** Both sides of a join need the same number of partitions: a side that is repartitioned gets the other's. */
export function checkCoPartitioning(query: QueryNode, catalog: Catalog): void {
  const first = catalog.sources.get(query.from.name.text);
  for (const join of query.joins) {
    const right = catalog.sources.get(join.source.name.text);
    if (first === undefined || right === undefined || first.spec.partitions === right.spec.partitions) continue;
    throw new SqlError('JOIN_CO_PARTITION', join.span, {
      left: first.spec.name,
      leftCount: first.spec.partitions,
      right: right.spec.name,
      rightCount: right.spec.partitions,
    });
  }
}
