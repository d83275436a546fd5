import type { SourceSpec } from '../specs/source.ts';
import { lower } from '../plan/physical/lower.ts';
import type { SourceStep } from '../plan/physical/steps/source.ts';
import type { TopicReader, TopicRecord } from '../runtime/ports/node.ts';
import type { RecordView } from '../records/batch.ts';
import { SourceDecoder } from '../runtime/source-decoder.ts';
import type { Value } from '../types/sql-type.ts';
import type { Engine } from './engine.ts';
import { wholeSource } from './plan-query.ts';

/** A record of a source: its columns by name, pseudo columns included, and whether its value is non-null. */
export interface ReadRow {
  readonly values: ReadonlyMap<string, Value>;
  readonly tombstone: boolean;
}

/** Reads a source's records one at a time from the beginning, for tests in SQL files. */
export class SourceReader {
  readonly #engine: Engine;
  readonly #reader: TopicReader;
  #spec: SourceSpec;
  #step: SourceStep;
  #decoder: SourceDecoder;
  #failure: string | undefined;

  private constructor(engine: Engine, spec: SourceSpec, reader: TopicReader) {
    this.#engine = engine;
    this.#reader = reader;
    this.#spec = spec;
    this.#step = wholeStep(spec);
    this.#decoder = this.#newDecoder();
  }
  #newDecoder(): SourceDecoder {
    return new SourceDecoder(this.#step, this.#engine.schemas, ({ message }) => (this.#failure = message));
  }

  /** Reads on with the columns that the source has now. */
  become(spec: SourceSpec): void {
    if (spec === this.#spec) return;
    this.#spec = spec;
    this.#step = wholeStep(spec);
    this.#decoder = this.#newDecoder();
  }

  static async open(engine: Engine, spec: SourceSpec): Promise<SourceReader> {
    return new SourceReader(engine, spec, await engine.node.openReader(spec.topic, 'beginning'));
  }

  /** The next record; undefined when none arrives in time. Throws for a record that cannot be decoded. */
  async next(waitMs: number): Promise<ReadRow | undefined> {
    const [record] = await this.#reader.poll(1, waitMs);
    if (record === undefined) return undefined;
    const length = record.value?.length ?? 0;
    if (length >= 5 && record.value![0] === 0)
      await this.#engine.schemas.load(record.value!.readInt32BE(1)).catch(() => undefined);
    this.#failure = undefined;
    const change = this.#decoder.decode(recordView(record), record.partition, 0);
    if (change === undefined) throw new TypeError(this.#failure ?? 'the record cannot be read');
    const { reads } = this.#step;
    const keys = this.#step.source.schema.filter(({ role }) => role === 'key').length;
    const row =
      change.after ??
      reads.map((name, i) => (i < keys ? change.key[i]! : name === 'ROWTIME' ? change.timestamp : null));
    return { values: new Map(reads.map((name, i) => [name, row[i] ?? null])), tombstone: change.after === undefined };
  }

  close(): void {
    this.#reader.close();
  }
}

/** The source is read as a stream: a tombstone of a table is then a record like any other. */
export const wholeStep = (spec: SourceSpec): SourceStep =>
  lower(wholeSource({ ...spec, kind: 'STREAM' })) as SourceStep;

/** A record in the form that decoders take. */
export function recordView({ key, value, offset, timestamp, headers }: TopicRecord): RecordView {
  const keyLength = key?.length ?? 0;
  return {
    bytes: Buffer.concat([key ?? Buffer.alloc(0), value ?? Buffer.alloc(0)]),
    offset,
    timestamp,
    keyStart: key === null ? -1 : 0,
    keyEnd: key === null ? -1 : keyLength,
    valueStart: value === null ? -1 : keyLength,
    valueEnd: value === null ? -1 : keyLength + value.length,
    hasHeaders: headers.length > 0,
    headers: () => [...headers],
  };
}
