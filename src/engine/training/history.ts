import type { DataFolder } from '../../files/data-folder.ts';
import { openFolder } from '../../files/open-folder.ts';
import { deletedEnding, deletedRangeOf, fileEnding, nextOffsets, rangeOf } from '../../files/names.ts';
import { openParquet } from '../../files/parquet-reader.ts';
import type { SourceObject } from '../../catalog/catalog.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import type { Engine } from '../engine.ts';
import { ErasedEntities } from '../../runtime/erased-entities.ts';
import { keyColumns } from '../../types/schema.ts';
import { RecordDecoder } from '../record-decoder.ts';
import { wholeStep } from '../source-reader.ts';
import { recordsOf } from '../verification/answers.ts';

/** A row of a view as it was at a time. */
export interface HistoryRow {
  readonly key: Row;
  /** The feature time; of a deletion, when it was. */
  readonly time: number;
  readonly windowStart: number;
  /** When it became known; for rows that are in no file, the time of reading. */
  readonly created: number;
  readonly offset: number;
  /** The columns that were asked for; undefined: from here on the table has no row of the key. */
  readonly values: Row | undefined;
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
): AsyncIterable<readonly HistoryRow[]> {
  let next: ReadonlyMap<number, number> = new Map();
  const path = engine.catalog.filesOf(view.spec.name)?.path;
  if (path !== undefined) {
    const folder = openFolder(path);
    const names = (await folder.shown(fileEnding)).filter((name) => rangeOf(name) !== undefined);
    next = nextOffsets(names);
    for (const name of names) yield* fileRows(folder, name, keys, reads);
    for (const name of await folder.shown(deletedEnding))
      if (deletedRangeOf(name) !== undefined)
        for await (const rows of fileRows(folder, name, keys, []))
          yield rows.map((row) => ({ ...row, values: undefined }));
  }
  yield* topicRows(view, { keys, reads, next }, engine);
}

/** What a view's topic has from an offset of each partition on. */
async function* topicRows(
  { spec, featureView }: SourceObject,
  { keys, reads, next }: { keys: readonly string[]; reads: readonly string[]; next: ReadonlyMap<number, number> },
  engine: Engine,
): AsyncIterable<readonly HistoryRow[]> {
  const step = wholeStep(spec);
  const decoder = new RecordDecoder(step, engine.schemas);
  const slot = (name: string): number => step.reads.indexOf(name);
  const [rowTimeAt, timeAt, startAt] = [
    slot('ROWTIME'),
    slot(featureView?.timestamp ?? 'ROWTIME'),
    slot('WINDOWSTART'),
  ];
  const [keysAt, readsAt] = [keys.map(slot), reads.map(slot)];
  const own = keyColumns(spec.schema).map(({ name }) => name);
  const keyAt = keys.map((name) => own.indexOf(name));
  const erased = new ErasedEntities({ list: featureView?.erased ?? [] });
  const entity = featureView?.entityKey ?? [];
  const entityOf = (of: (name: string) => Value): Row => entity.map(of);
  const now = Date.now();
  for await (const records of recordsOf(spec.topic, engine)) {
    const rows: HistoryRow[] = [];
    for (const record of records) {
      const { partition, offset } = record;
      if (offset < (next.get(partition) ?? 0)) continue;
      const change = await decoder.decode(record);
      if (change === undefined) continue;
      const { key, after, timestamp, window } = change;
      // Neither a window's end nor a stream's record without a value deletes anything.
      if (after === undefined && (window !== undefined || spec.kind === 'STREAM')) continue;
      const valueOf = (name: string): Value =>
        (after === undefined ? key[own.indexOf(name)] : after[slot(name)]) ?? null;
      if (erased.covers(entityOf(valueOf), partition, offset)) continue;
      if (after === undefined) {
        const of = keyAt.map((i) => key[i] ?? null);
        rows.push({ key: of, time: timestamp, windowStart: 0, created: now, offset, values: undefined });
        continue;
      }
      const at = (i: number): Value => after[i] ?? null;
      const time = Number(at(timeAt) ?? at(rowTimeAt));
      rows.push({
        key: keysAt.map(at),
        time,
        windowStart: startAt < 0 ? 0 : Number(at(startAt)),
        created: now,
        offset,
        values: readsAt.map((i, n) => (reads[n] === 'ROWTIME' ? time : at(i))),
      });
    }
    yield rows;
  }
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
