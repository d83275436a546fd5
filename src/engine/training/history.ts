import type { DataFolder } from '../../files/data-folder.ts';
import { openFolder } from '../../files/open-folder.ts';
import { fileEnding, nextOffsets, rangeOf } from '../../files/names.ts';
import { openParquet } from '../../files/parquet-reader.ts';
import type { SourceObject } from '../../catalog/catalog.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import type { Engine } from '../engine.ts';
import { wholePlan } from '../plan-query.ts';
import type { Session } from '../session.ts';
import { topicRows } from './spine.ts';

/** A row of a view as it was at a time. */
export interface HistoryRow {
  readonly key: Row;
  /** The feature time. */
  readonly time: number;
  readonly windowStart: number;
  /** When it became known; for rows that are in no file, the time of reading. */
  readonly created: number;
  readonly offset: number;
  /** The columns that were asked for. */
  readonly values: Row;
}

/**
 * Every change that a view has had: what is in its files, then what its topic has beyond them, partition by partition. `reads` are
 * columns of the view, or ROWTIME for the feature time.
 */
export async function* historyOf(
  view: SourceObject,
  keys: readonly string[],
  reads: readonly string[],
  engine: Engine,
  session: Session,
): AsyncIterable<readonly HistoryRow[]> {
  let next: ReadonlyMap<number, number> = new Map();
  const path = engine.catalog.filesOf(view.spec.name)?.path;
  if (path !== undefined) {
    const folder = openFolder(path);
    const names = (await folder.shown(fileEnding)).filter((name) => rangeOf(name) !== undefined);
    next = nextOffsets(names);
    for (const name of names) yield* fileRows(folder, name, keys, reads);
  }
  const plan = wholePlan({ ...view.spec, kind: 'STREAM' });
  const slot = (name: string): number => plan.root.columns.findIndex((column) => column.name === name);
  const [partitionAt, offsetAt, startAt] = [slot('ROWPARTITION'), slot('ROWOFFSET'), slot('WINDOWSTART')];
  const timeAt = slot(view.featureView?.timestamp ?? 'ROWTIME');
  const keysAt = keys.map(slot);
  const readsAt = reads.map(slot);
  const now = Date.now();
  for await (const rows of topicRows(plan, view.spec.name, engine, session))
    yield rows.flatMap((row): HistoryRow[] => {
      const offset = Number(row[offsetAt]);
      if (offset < (next.get(Number(row[partitionAt])) ?? 0)) return [];
      const at = (i: number): Value => row[i] ?? null;
      const time = at(timeAt) ?? at(slot('ROWTIME'));
      return [
        {
          key: keysAt.map(at),
          time: Number(time),
          windowStart: startAt < 0 ? 0 : Number(at(startAt)),
          created: now,
          offset,
          values: readsAt.map((i, n) => (reads[n] === 'ROWTIME' ? Number(time) : at(i))),
        },
      ];
    });
}

/** The rows of one of a view's files, in batches: `keys` and `reads` as historyOf takes them. */
export async function* fileRows(
  folder: DataFolder,
  name: string,
  keys: readonly string[],
  reads: readonly string[],
): AsyncIterable<readonly HistoryRow[]> {
  const file = await openParquet(folder.file(name));
  const columns = ['event_timestamp', 'created_timestamp', '_offset', 'WINDOWSTART', ...keys, ...reads];
  for await (const rows of file.rows(columns))
    yield rows.map((row): HistoryRow => {
      const [time, created, offset, start] = row as number[];
      const values = row.slice(4 + keys.length).map((value, i) => (reads[i] === 'ROWTIME' ? time! : value));
      return {
        key: row.slice(4, 4 + keys.length),
        time: time!,
        created: created!,
        offset: offset!,
        windowStart: start ?? 0,
        values,
      };
    });
}
