import type { Row } from '../types/sql-type.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { FirstRows } from '../plan/rules/nearest.ts';
import type { StepColumn } from '../plan/physical/steps/base.ts';
import { rowsOf } from '../runtime/batch.ts';
import { Change } from '../runtime/change.ts';
import type { LocalTopology } from '../runtime/topology.ts';
import type { QueryNode } from '../syntax/query.ts';
import { isEvaluatedAtRead } from '../catalog/catalog.ts';
import type { Engine } from './engine.ts';
import { computedRows, matchingRows } from './computed-pull.ts';
import { preparedPull, pulledBy, type Pulled, type PulledSource } from './pull-plan.ts';
import type { Session } from './session.ts';
import { storedRows } from './stored-rows.ts';

export interface PulledRows {
  readonly columns: readonly StepColumn[];
  /** The rows in batches, some of which may be empty. The reader ends it, also when it reads nothing. */
  readonly rows: AsyncGenerator<readonly Row[]>;
  /** Whether what was read so far came from standby tasks, in part. */
  readonly fromStandby: boolean;
}

/** A scan that gives no more rows than this gives them in order of key; a larger one gives them as they are read. */
const orderedRows = 1000;

/** Refuses clauses that a pull query cannot have, in its subqueries too; `ofStreams`: what it reads are topics. */
export function refusePull({ queries }: Pulled, ofStreams: boolean): void {
  for (const part of queries) {
    const clauses: [unknown, string][] = [
      [ofStreams ? part.joins[0] : undefined, 'JOIN of streams'],
      [part.window, 'WINDOW'],
      [part.partitionBy, 'PARTITION BY'],
      [part.qualify, 'QUALIFY'],
      [part.union[0], 'UNION ALL'],
    ];
    const unfit = clauses.find(([clause]) => clause !== undefined);
    if (unfit !== undefined) throw new SqlError('PULL_UNSUPPORTED', part.span, { what: unfit[1] });
  }
}

/**
 * Runs a pull query on tables: rows of their state, by key when WHERE fixes all key columns, otherwise by a scan; then filtered,
 * joined, grouped and projected. Rows are read as they are asked for, and no more than LIMIT. Of a query that sorts them, `first` says
 * which ones are wanted.
 */
export async function pullRows(
  query: QueryNode,
  engine: Engine,
  session: Session,
  {
    pulled = pulledBy(query, engine.catalog),
    first,
  }: { readonly pulled?: Pulled; readonly first?: FirstRows | undefined } = {},
): Promise<PulledRows> {
  refusePull(pulled, false);
  const { prepared, keys } = preparedPull(query, pulled, engine, session, first);
  const { sources, topology, columns } = prepared;
  let fromStandby = false;
  const now = Date.now();
  const open = async (i: number): Promise<AsyncIterable<readonly Change[]>> => {
    const { step, name } = sources[i]!;
    const mode = isEvaluatedAtRead(engine.catalog.sources.get(name)?.featureView)
      ? { at: now }
      : { nearest: step.nearest && { step, bytes: session.read('millrace.vector.memory.bytes') } };
    const stored = await storedRows(sources[i]!, keys[i], engine, mode);
    fromStandby ||= stored.fromStandby === true;
    return stored;
  };
  const rows =
    topology === undefined
      ? computedRows(prepared, open, engine, { span: query.span, bytes: session.read('ksql.query.pull.memory.bytes') })
      : results(await open(0), sources[0]!, topology, keys[0]);
  const batches = await begun(limited(rows, query.limit));
  return { columns, rows: batches, fromStandby };
}

/** Filters and projects rows of the state. */
async function* results(
  pulled: AsyncIterable<readonly Change[]>,
  source: PulledSource,
  topology: LocalTopology,
  keys: readonly Row[] | undefined,
): AsyncGenerator<readonly Row[]> {
  const project = async (changes: readonly Change[]): Promise<readonly Row[]> => {
    const batch = changes.map((change, sequence) => ({
      stepId: source.step.id,
      partition: 0,
      change: new Change(change.key, undefined, change.after, change.timestamp, sequence, change.window),
    }));
    return rowsOf(await topology.process(batch)).flatMap(({ after }) => (after === undefined ? [] : [after]));
  };
  let held: Change[] | undefined = keys === undefined ? [] : undefined;
  for await (const changes of pulled) {
    const matching = matchingRows(changes, source);
    held?.push(...matching);
    if (held === undefined) yield await project(matching);
    else if (held.length <= orderedRows) yield [];
    else {
      yield await project(held);
      held = undefined;
    }
  }
  if (held !== undefined) yield await project(held.sort(byKey));
}

async function* limited(batches: AsyncGenerator<readonly Row[]>, limit = Infinity): AsyncGenerator<readonly Row[]> {
  let left = limit;
  for await (const rows of batches) {
    yield rows.length <= left ? rows : rows.slice(0, left);
    left -= rows.length;
    if (left <= 0) return;
  }
}

/** Reads up to the first row, so that what fails at the beginning is the query's error. */
async function begun(batches: AsyncGenerator<readonly Row[]>): Promise<AsyncGenerator<readonly Row[]>> {
  let first = await batches.next();
  while (first.done !== true && first.value.length === 0) first = await batches.next();
  return (async function* () {
    try {
      if (first.done !== true) yield first.value;
      yield* batches;
    } finally {
      await batches.return(undefined);
    }
  })();
}

/** Orders the rows of a scan by key, then by window. */
function byKey(a: Change, b: Change): number {
  for (let i = 0; i < a.key.length; i++) {
    const [left, right] = [a.key[i] as number, b.key[i] as number];
    if (left < right) return -1;
    if (left > right) return 1;
  }
  return (a.window?.start ?? 0) - (b.window?.start ?? 0) || (a.window?.end ?? 0) - (b.window?.end ?? 0);
}
