import type { DataFolder } from '../../files/data-folder.ts';
import { openFolder } from '../../files/open-folder.ts';
import {
  anyRangeOf,
  dayOf,
  deletedEnding,
  deletedName,
  deletedRangeOf,
  fileEnding,
  fileName,
  nextOfAll,
  type FileRange,
} from '../../files/names.ts';
import { openParquet } from '../../files/parquet-reader.ts';
import { parquetEncoder, type EncodeFile } from '../../files/parquet-writer.ts';
import type { FileColumn } from '../../files/parquet-schema.ts';
import type { StepColumn } from '../../plan/physical/steps/base.ts';
import { fileTimes, type FilesSpec } from '../../specs/files.ts';
import { millisPerDay } from '../../types/dates/calendar.ts';
import { BIGINT, TIMESTAMP, type Row, type Value } from '../../types/sql-type.ts';
import type { Erasures } from '../../specs/erasure.ts';
import type { Change } from '../change.ts';
import { ErasedEntities } from '../erased-entities.ts';
import { decodeValue, encodeShared } from '../codec.ts';
import type { StateWriter } from '../ports/state-backend.ts';
import { isPlace } from './places.ts';
import type { Sink, SinkContext } from './sink.ts';

/** Rows of a partition that wait for their file. */
interface Waiting {
  readonly rows: Row[];
  readonly deletions: Row[];
  readonly first: number;
  last: number;
  /** When its first row came, on the clock that files roll by. */
  readonly since: number;
}

/**
 * Writes the rows of a topic as Parquet files, each with the rows of one partition from one offset to another, which its name says.
 * A commit goes no further than the rows that are in files: the others are read again after a restart. Files are staged before the
 * commit, named in its state, and shown after it. What is deleted from a table is in hidden files of the same ranges: its key and its
 * time, so that the history tells it too.
 */
export class FilesSink implements Sink {
  readonly #folder: DataFolder;
  readonly #spec: FilesSpec;
  readonly #columns: readonly FileColumn[];
  readonly #slots: readonly number[];
  readonly #at: { readonly time: number; readonly partition: number; readonly offset: number };
  readonly #location: SinkContext['location'];
  readonly #key: Buffer;
  readonly #erasedKey: Buffer;
  readonly #waiting = new Map<number, Waiting>();
  /** Files that are complete and not yet staged. */
  readonly #full: (FileRange & Pick<Waiting, 'rows' | 'deletions'>)[] = [];
  /** The names of files staged since the last commit. */
  #staged: string[] = [];
  /** Whether the state names files of the commit before. */
  #isNamed = false;
  /** The next offset of each partition that no shown file has. */
  #next = new Map<number, number>();
  #leftovers: readonly string[] = [];
  #encode: EncodeFile | undefined;
  #encodeDeletions: EncodeFile | undefined;
  readonly #deletedColumns: readonly FileColumn[];
  readonly #origins: SinkContext['origins'] | undefined;
  /** Whether a row with a key at a place came before its entity was erased. */
  readonly #isErased: (key: Row, partition: number, offset: number) => boolean;
  readonly #erasures: SinkContext['erased'];
  readonly #partition: number | undefined;
  /** How many erasures its files went through since the last commit; undefined when all are known there. */
  #hasErased: number | undefined;

  constructor(
    {
      columns,
      location,
      erased,
      partition,
      origins,
    }: Pick<SinkContext, 'columns' | 'location' | 'erased' | 'partition'> & Partial<Pick<SinkContext, 'origins'>>,
    spec: FilesSpec,
  ) {
    this.#folder = openFolder(spec.path);
    this.#spec = spec;
    this.#location = location;
    this.#key = Buffer.concat([location.prefix, Buffer.from('staged')]);
    this.#erasedKey = Buffer.concat([location.prefix, Buffer.from('erased')]);
    const slot = (name: string): number => columns.findIndex((column) => column.name === name);
    this.#slots = columns.flatMap(({ name }, i) => (isPlace(name) ? [] : [i]));
    this.#columns = fileColumns(columns);
    this.#deletedColumns = fileColumns(columns.filter(({ role }) => role === 'key'));
    this.#origins = spec.deletes === true ? origins : undefined;
    this.#erasures = erased;
    this.#isErased = erasedKeys(erased, this.#deletedColumns);
    this.#partition = partition;
    this.#at = {
      time: slot(spec.time ?? 'ROWTIME'),
      partition: slot('ROWPARTITION'),
      offset: slot('ROWOFFSET'),
    };
  }

  async recover(): Promise<void> {
    this.#encode = await parquetEncoder(this.#columns);
    if (this.#spec.deletes === true) this.#encodeDeletions = await parquetEncoder(this.#deletedColumns);
    const stored = this.#location.backend.getMany([this.#key])[0];
    const named = stored === undefined ? [] : (decodeValue(stored) as string[]);
    this.#isNamed = named.length > 0;
    await this.#folder.show(named);
    this.#leftovers = await this.#folder.staged();
    if (this.#erasures !== undefined) await this.#erase(this.#erasures);
    this.#next = nextOfAll([...(await this.#folder.shown(fileEnding)), ...(await this.#folder.shown(deletedEnding))]);
  }

  /** Writes files anew that have rows of entities which were erased since: under the same name, as the rows up to its offset. */
  async #erase(erasures: Erasures): Promise<void> {
    const { columns, list } = erasures;
    const [stored] = this.#location.backend.getMany([this.#erasedKey]);
    if (stored !== undefined && (decodeValue(stored) as number) >= list.length) return;
    const erased = new ErasedEntities(erasures);
    for (const name of [...(await this.#folder.shown(fileEnding)), ...(await this.#folder.shown(deletedEnding))]) {
      const partition = anyRangeOf(name)?.partition;
      if (partition === undefined || (this.#partition !== undefined && partition !== this.#partition)) continue;
      const isOfRows = deletedRangeOf(name) === undefined;
      const encode = isOfRows ? this.#encode : this.#encodeDeletions;
      if (encode === undefined) continue;
      const own = isOfRows ? this.#columns : this.#deletedColumns;
      const at = [...columns, '_offset'].map((column) => own.findIndex((each) => each.name === column));
      const offsetAt = at.pop()!;
      const isGone = (row: Row): boolean =>
        erased.covers(
          at.map((slot) => row[slot]!),
          partition,
          Number(row[offsetAt]),
        );
      const file = await openParquet(this.#folder.file(name));
      const kept: Row[] = [];
      let count = 0;
      for await (const rows of file.rows(own.map((column) => column.name))) {
        count += rows.length;
        for (const row of rows) if (!isGone(row)) kept.push(row);
      }
      if (kept.length === count) continue;
      await this.#folder.stage(name, encode(kept));
      await this.#folder.show([name]);
    }
    this.#hasErased = list.length;
  }

  /** A stream's rows without a value are in no file. */
  write(changes: readonly Change[]): number {
    const { rowsPerFile } = this.#spec;
    const now = Date.now();
    let written = 0;
    for (const { key, after, timestamp, sequence } of changes) {
      const origin = after === undefined ? this.#origins?.of(sequence) : undefined;
      if (after === undefined && origin === undefined) continue;
      const partition = Number(after === undefined ? origin!.partition : after[this.#at.partition]);
      const offset = Number(after === undefined ? origin!.offset : after[this.#at.offset]);
      if (offset < (this.#next.get(partition) ?? 0)) continue;
      if (after === undefined && this.#isErased(key, partition, offset)) continue;
      let waiting = this.#waiting.get(partition);
      if (waiting === undefined) {
        waiting = { rows: [], deletions: [], first: offset, last: offset, since: performance.now() };
        this.#waiting.set(partition, waiting);
      }
      if (after === undefined) waiting.deletions.push([...key, timestamp, now, offset]);
      else waiting.rows.push(this.#fileRow(after, Number(after[this.#at.time] ?? timestamp), now, offset));
      waiting.last = offset;
      written++;
      if (waiting.rows.length + waiting.deletions.length >= rowsPerFile) this.#roll(partition, waiting);
    }
    return written;
  }
  #fileRow(row: Row, time: number, now: number, offset: number): Row {
    const values: Value[] = [];
    for (const slot of this.#slots) values.push(row[slot]!);
    values.push(time, now, offset);
    return values;
  }
  #roll(partition: number, { rows, deletions, first, last }: Waiting): void {
    this.#waiting.delete(partition);
    this.#full.push({ partition, first, last, rows, deletions });
  }

  /** Files are staged as they fill: rows do not pile up until the commit. */
  pressure(): Promise<void> | undefined {
    return this.#full.length === 0 ? undefined : this.#stage();
  }
  async #stage(): Promise<void> {
    for (let file = this.#full[0]; file !== undefined; file = this.#full[0]) {
      await this.#discardLeftovers(file.partition);
      // They are shown first: whoever sees the rows of a range sees what was deleted among them.
      if (file.deletions.length > 0) await this.#stageFile(deletedName(file), this.#encodeDeletions!(file.deletions));
      for (const [day, rows] of byDay(file.rows, this.#columns.length - fileTimes.length))
        await this.#stageFile(fileName(day, file), this.#encode!(rows));
      this.#full.shift();
    }
  }
  async #stageFile(name: string, bytes: Uint8Array): Promise<void> {
    await this.#folder.stage(name, bytes);
    this.#staged.push(name);
  }
  /** Another attempt staged these, and never committed them: this one may cut its files elsewhere. */
  async #discardLeftovers(partition: number): Promise<void> {
    const isOwn = (name: string): boolean => anyRangeOf(name)?.partition === partition;
    await this.#folder.discard(this.#leftovers.filter(isOwn));
    this.#leftovers = this.#leftovers.filter((name) => !isOwn(name));
  }

  get isDue(): boolean {
    if (this.#waiting.size === 0) return false;
    const before = performance.now() - this.#spec.rollMs;
    for (const { since } of this.#waiting.values()) if (since <= before) return true;
    return false;
  }

  async flush(state: StateWriter): Promise<void> {
    const before = performance.now() - this.#spec.rollMs;
    for (const [partition, waiting] of this.#waiting) if (waiting.since <= before) this.#roll(partition, waiting);
    await this.#stage();
    if (this.#staged.length > 0) state.put(this.#key, encodeShared(this.#staged));
    else if (this.#isNamed) state.delete(this.#key);
    if (this.#hasErased !== undefined) state.put(this.#erasedKey, encodeShared(this.#hasErased));
    this.#hasErased = undefined;
    this.#isNamed = this.#staged.length > 0;
  }

  held(partition: number): number | undefined {
    return this.#waiting.get(partition)?.first;
  }

  async committed(): Promise<void> {
    const names = this.#staged;
    this.#staged = [];
    await this.#folder.show(names);
    for (const name of names) {
      const { partition, last } = anyRangeOf(name)!;
      this.#next.set(partition, last + 1);
    }
  }
}

/** Whether the entity of a key was erased after a place; the key has the columns of files of deletions. */
function erasedKeys(
  erasures: Erasures | undefined,
  columns: readonly FileColumn[],
): (key: Row, partition: number, offset: number) => boolean {
  if (erasures === undefined) return () => false;
  const erased = new ErasedEntities(erasures);
  const at = erasures.columns.map((column) => columns.findIndex(({ name }) => name === column));
  return (key, partition, offset) =>
    erased.covers(
      at.map((slot) => key[slot]!),
      partition,
      offset,
    );
}

/** The columns of the files of a topic's rows. */
export const fileColumns = (columns: readonly StepColumn[]): FileColumn[] => [
  ...columns.filter(({ name }) => !isPlace(name)).map(({ name, type }) => ({ name, type })),
  ...fileTimes.map((name) => ({ name, type: name === '_offset' ? BIGINT : TIMESTAMP })),
];

/** Rows by the day of their event time, whose slot is given; in order within each. */
function byDay(rows: readonly Row[], slot: number): Map<string, Row[]> {
  const days = new Map<number, Row[]>();
  for (const row of rows) {
    const day = Math.floor((row[slot] as number) / millisPerDay);
    const known = days.get(day);
    if (known === undefined) days.set(day, [row]);
    else known.push(row);
  }
  return new Map([...days].map(([day, own]) => [dayOf(day * millisPerDay), own]));
}
