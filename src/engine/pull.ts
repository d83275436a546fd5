import type { Row } from '../types/sql-type.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { StepColumn } from '../plan/physical/steps/base.ts';
import { rowsOf } from '../runtime/batch.ts';
import { Change } from '../runtime/change.ts';
import type { QueryNode } from '../syntax/query.ts';
import type { Engine } from './engine.ts';
import { preparedPull, pulledQueries } from './pull-plan.ts';
import type { Session } from './session.ts';

export interface PulledRows {
  readonly columns: readonly StepColumn[];
  readonly rows: readonly Row[];
}

/** Refuses what a query that ends cannot have, in its subqueries too. */
export function refusePull(query: QueryNode): void {
  pulledQueries(query).forEach(refuseClauses);
}

function refuseClauses(query: QueryNode): void {
  const clauses: [unknown, string][] = [
    [query.joins[0], 'JOIN'],
    [query.window, 'WINDOW'],
    [query.groupBy, 'GROUP BY'],
    [query.partitionBy, 'PARTITION BY'],
    [query.having, 'HAVING'],
    [query.invokes[0], 'INVOKE MODEL'],
    [query.union[0], 'UNION ALL'],
  ];
  const unfit = clauses.find(([clause]) => clause !== undefined);
  if (unfit !== undefined) throw new SqlError('PULL_UNSUPPORTED', query.span, { what: unfit[1] });
}

/** A pull query on a table: rows of its state, by key where WHERE names whole keys, else by a scan, then filtered and projected. */
export async function pullRows(query: QueryNode, engine: Engine, session: Session): Promise<PulledRows> {
  refusePull(query);
  const { prepared, keys } = preparedPull(query, engine, session);
  const { queryId, step, topology, matches, rowOf } = prepared;
  const found: Change[] = [];
  for (const key of keys ?? [undefined]) {
    const rows = await engine.node.pull(queryId, key);
    if (rows === undefined) throw new SqlError('NOT_QUERYABLE', query.from.span, { source: prepared.source });
    found.push(...rows);
  }
  if (keys === undefined) found.sort(byKey);
  const batch = found
    .filter(({ after }) => after !== undefined)
    .map((change, sequence) => ({
      stepId: step.id,
      partition: 0,
      change: new Change(change.key, undefined, rowOf(change), change.timestamp, sequence, change.window),
    }))
    .filter(({ change }) => matches === undefined || matches(change.after!));
  const changes = rowsOf(await topology.process(batch));
  return { columns: prepared.columns, rows: changes.flatMap(({ after }) => (after === undefined ? [] : [after])) };
}

/** A scan gives rows in the order of their keys and windows. */
function byKey(a: Change, b: Change): number {
  for (let i = 0; i < a.key.length; i++) {
    const [left, right] = [a.key[i] as number, b.key[i] as number];
    if (left < right) return -1;
    if (left > right) return 1;
  }
  return (a.window?.start ?? 0) - (b.window?.start ?? 0);
}
