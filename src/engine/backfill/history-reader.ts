import type { DataFolder } from '../../files/data-folder.ts';
import { openFolder } from '../../files/open-folder.ts';
import { fileEnding, rangeOf, type FileRange } from '../../files/names.ts';
import { openParquet } from '../../files/parquet-reader.ts';
import { S3Failure } from '../../util/s3.ts';
import { BatchWriter, setBaseOffset } from '../../records/batch.ts';
import { Change } from '../../runtime/change.ts';
import type { FetchedPartition } from '../../runtime/ports/node.ts';
import { SinkEncoder } from '../../runtime/sink-encoder.ts';
import type { LogReader } from '../../runtime/task/reader-log.ts';
import type { SourceSpec } from '../../specs/source.ts';
import type { Row } from '../../types/sql-type.ts';
import type { Engine } from '../engine.ts';
import type { ReadFrom } from './progress.ts';

/** Why a source's files cannot stand for its topic. */
class HistoryRefused extends Error {
  override readonly name = 'HistoryRefused';
}

/** Records of a partition that neither the files nor the log have, up to an offset. */
export interface Gap {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** The rows of one range, which are in a file for each of their days. */
interface Piece extends FileRange {
  readonly names: string[];
}

/** Opens what a source has had: its files, where it has some, and its topic behind them. `onGap` is told what nobody has any more. */
export async function openHistory(
  source: SourceSpec,
  readFrom: ReadFrom,
  engine: Engine,
  onGap: (gap: Gap) => void,
): Promise<LogReader> {
  const { catalog, node } = engine;
  const reader = await node.openReader(source.topic, 'beginning');
  const begins = [...reader.positions];
  const declared = [...catalog.sources.values()].find(
    ({ spec }) => spec.topic === source.topic && catalog.filesOf(spec.name) !== undefined,
  );
  if (declared === undefined) {
    begins.forEach((begin, partition) => begin > 0 && onGap({ topic: source.topic, partition, from: 0, to: begin }));
    return reader;
  }
  const { spec } = declared;
  const folder = openFolder(catalog.filesOf(spec.name)!.path);
  const pieces = await piecesIn(folder);
  for (const [partition, begin] of begins.entries()) {
    const own = pieces.filter((piece) => piece.partition === partition);
    const first = own[0]?.first ?? begin;
    const next = (own.at(-1)?.last ?? -1) + 1;
    if (Math.min(first, begin) > 0) onGap({ topic: source.topic, partition, from: 0, to: Math.min(first, begin) });
    if (next > 0 && next < begin) onGap({ topic: source.topic, partition, from: next, to: begin });
  }
  const wanted = pieces.filter((piece) => readFrom === 'files' || piece.first < (begins[piece.partition] ?? 0));
  if (wanted.length === 0) return reader;
  checkReadable(spec);
  return new HistoryReader(spec, folder, wanted, readFrom === 'files' ? undefined : begins, reader);
}

/** Files hold no tombstones, headers or window keys: what needs them cannot be read from files. */
function checkReadable({ name, kind, schema, window }: SourceSpec): void {
  const refuse = (why: string): never => {
    throw new HistoryRefused(`the files of ${name} do not tell all of its records: ${why}`);
  };
  if (kind === 'TABLE') refuse('deletions of a table are in no file of rows');
  if (window !== undefined) refuse('its keys hold windows');
  const header = schema.find(({ role }) => role === 'header');
  if (header !== undefined) refuse(`${header.name} comes of the headers`);
}

async function piecesIn(folder: DataFolder): Promise<Piece[]> {
  const pieces = new Map<string, Piece>();
  for (const name of await folder.shown(fileEnding)) {
    const range = rangeOf(name);
    if (range === undefined) continue;
    const id = `${range.partition}/${range.first}/${range.last}`;
    const known = pieces.get(id);
    if (known === undefined) pieces.set(id, { ...range, names: [name] });
    else known.names.push(name);
  }
  return [...pieces.values()].sort((a, b) => a.first - b.first);
}

/** Gives the rows of a source's files as the records that they were, partition by partition, then what its topic has behind them. */
class HistoryReader implements LogReader {
  readonly positions: number[];
  readonly #source: SourceSpec;
  readonly #folder: DataFolder;
  readonly #pieces: readonly Piece[][];
  /** Where the topic goes on instead of the files, by partition. */
  readonly #until: readonly number[] | undefined;
  readonly #topic: LogReader;
  readonly #encoder: SinkEncoder;

  constructor(
    source: SourceSpec,
    folder: DataFolder,
    pieces: readonly Piece[],
    until: readonly number[] | undefined,
    topic: LogReader,
  ) {
    this.#source = source;
    this.#folder = folder;
    this.#until = until;
    this.#topic = topic;
    this.#pieces = topic.positions.map((_, partition) => pieces.filter((piece) => piece.partition === partition));
    this.positions = topic.positions.map((begin, partition) =>
      Math.min(begin, this.#pieces[partition]![0]?.first ?? begin),
    );
    const columns = source.schema.map(({ name, type, role }) => ({
      name,
      type,
      role: role === 'key' ? role : ('value' as const),
    }));
    this.#encoder = new SinkEncoder({ ...source, timestamp: undefined }, columns);
  }

  end(partition: number): number {
    return this.#topic.end(partition);
  }
  get #hasFiles(): boolean {
    return this.#pieces.some((pieces) => pieces.length > 0);
  }
  get caughtUp(): boolean {
    return !this.#hasFiles && this.#topic.caughtUp;
  }

  /** One range of each partition at a time; records of the topic that the files had are passed over by who reads in order. */
  async fetch(waitMs: number): Promise<readonly FetchedPartition[]> {
    if (!this.#hasFiles) return this.#topic.fetch(waitMs);
    const fetched: FetchedPartition[] = [];
    for (const [partition, pieces] of this.#pieces.entries()) {
      const piece = pieces.shift();
      if (piece === undefined) continue;
      const batches = this.#batches(await this.#rows(piece));
      const next = Math.min(piece.last + 1, this.#until?.[partition] ?? Infinity);
      this.positions[partition] = next;
      fetched.push({ partition, batches, next, lease: undefined });
    }
    return fetched;
  }

  async #rows(piece: Piece): Promise<Row[]> {
    const names = [...this.#source.schema.map(({ name }) => name), 'event_timestamp', '_offset'];
    const rows: Row[] = [];
    for (const name of piece.names) {
      try {
        const file = await openParquet(this.#folder.file(name));
        for await (const batch of file.rows(names)) for (const row of batch) rows.push(row);
      } catch (error) {
        if (error instanceof S3Failure) throw error;
        throw new HistoryRefused(`${this.#folder.pathOf(name)} is no whole file: ${(error as Error).message}`);
      }
    }
    const at = names.length - 1;
    const until = this.#until?.[piece.partition] ?? Infinity;
    return rows.filter((row) => Number(row[at]) < until).sort((a, b) => Number(a[at]) - Number(b[at]));
  }

  /** Batches of rows whose offsets follow each other: offsets of records that are in no file are left out. */
  #batches(rows: readonly Row[]): Buffer[] {
    const { schema } = this.#source;
    const keys = schema.flatMap(({ role }, slot) => (role === 'key' ? [slot] : []));
    const batches: Buffer[] = [];
    const writer = new BatchWriter();
    let base = 0;
    const finish = (): void => {
      if (writer.count === 0) return;
      const batch = writer.finish();
      setBaseOffset(batch, 0, base);
      batches.push(batch);
    };
    for (const row of rows) {
      const offset = Number(row[schema.length + 1]);
      if (offset !== base + writer.count || writer.size > batchBytes) finish();
      if (writer.count === 0) base = offset;
      const key = keys.map((slot) => row[slot]!);
      const change = new Change(key, undefined, row, Number(row[schema.length]), 0);
      const record = this.#encoder.encode(change);
      writer.add(record.timestamp, record.key, record.value);
    }
    finish();
    return batches;
  }

  close(): void {
    this.#topic.close();
  }
}
const batchBytes = 1 << 18;
