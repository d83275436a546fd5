import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { rowsOf } from '../runtime/batch.ts';
import { Change } from '../runtime/change.ts';
import { inBatches } from '../runtime/pulled-rows.ts';
import type { Row, Value } from '../types/sql-type.ts';
import type { Engine } from './engine.ts';
import { topologyOf, type PreparedPull, type PulledSource } from './pull-plan.ts';

/** The rows of a table's state that satisfy the part of WHERE that is its own. */
export function matchingRows(changes: readonly Change[], { matches, rowOf }: PulledSource): Change[] {
  return changes.flatMap((change) => {
    if (change.after === undefined) return [];
    const row = rowOf(change);
    return matches?.(row) === false ? [] : [new Change(change.key, undefined, row, change.timestamp, 0, change.window)];
  });
}

/** About what a row takes in memory while it is held. */
export function sizeOf(row: Row): number {
  let size = 160;
  for (const value of row) size += 16 + lengthOf(value);
  return size;
}
const lengthOf = (value: Value): number => {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value.length;
  if (Array.isArray(value)) return sizeOf(value as Row);
  return value instanceof Map ? sizeOf([...(value as ReadonlyMap<Value, Value>)].flat()) : 0;
};

/** Where a query stands, and the memory that it may hold rows in. */
interface Bound {
  readonly span: Span;
  readonly bytes: number;
}

/**
 * Aggregates and joins, computed at the read by the operators of persistent queries. Tables are read one after the other; joins hold
 * the rows that they read, aggregates a row a group.
 */
export async function* computedRows(
  { plan, sources }: PreparedPull,
  open: (source: number) => Promise<AsyncIterable<readonly Change[]>>,
  engine: Engine,
  { span, bytes }: Bound,
): AsyncGenerator<readonly Row[]> {
  const topology = topologyOf(plan, engine, bytes);
  const joins = sources.length > 1;
  const isTable = plan.shape === 'TABLE';
  let held = 0;
  let sequence = 0;
  for (const [i, source] of sources.entries()) {
    for await (const changes of await open(i)) {
      const batch = matchingRows(changes, source).map(({ key, after, timestamp, window }) => {
        if (joins) held += sizeOf(after!);
        // Rows of a join are of one time; ROWTIME is a column by now.
        const change = new Change(key, undefined, after, joins ? 0 : timestamp, sequence++, window);
        return { stepId: source.step.id, partition: 0, change };
      });
      const given = visible(rowsOf(await topology.process(batch)));
      if (held > bytes || topology.isFull) throw new SqlError('PULL_TOO_LARGE', span, { bytes });
      yield isTable ? [] : given;
    }
  }
  const last = visible(rowsOf(await topology.closeIdle(Infinity)));
  if (!isTable) yield last;
  else for await (const changes of inBatches([topology.current() ?? []])) yield visible(changes);
}

const visible = (changes: readonly Change[]): Row[] =>
  changes.flatMap(({ after }) => (after === undefined ? [] : [after]));
