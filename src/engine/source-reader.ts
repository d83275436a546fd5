import type { SourceSpec } from '../specs/source.ts';
import { lower } from '../plan/physical/lower.ts';
import type { SourceStep } from '../plan/physical/step.ts';
import type { TopicReader, TopicRecord } from '../runtime/ports/node.ts';
import type { RecordView } from '../records/batch.ts';
import { SourceDecoder } from '../runtime/source-decoder.ts';
import type { Value } from '../types/sql-type.ts';
import type { Engine } from './engine.ts';
import { wholeSource } from './plan-query.ts';

/** A record of a source: its columns by name, pseudo columns too, and whether it has a value. */
export interface ReadRow {
  readonly values: ReadonlyMap<string, Value>;
  readonly tombstone: boolean;
}

/** Reads a source's records one by one from the beginning, for tests of SQL files. */
export class SourceReader {
  readonly #engine: Engine;
  readonly #step: SourceStep;
  readonly #reader: TopicReader;
  #failure: string | undefined;
  readonly #decoder: SourceDecoder;

  private constructor(engine: Engine, spec: SourceSpec, reader: TopicReader) {
    this.#engine = engine;
    this.#reader = reader;
    // As a stream: a table's tombstone is a record like others.
    this.#step = lower(wholeSource({ ...spec, kind: 'STREAM' })) as SourceStep;
    this.#decoder = new SourceDecoder(this.#step, engine.schemas, ({ message }) => (this.#failure = message));
  }

  static async open(engine: Engine, spec: SourceSpec): Promise<SourceReader> {
    return new SourceReader(engine, spec, await engine.node.openReader(spec.topic, 'beginning'));
  }

  /** The next record, or undefined when none comes in time; throws for one that cannot be read. */
  async next(waitMs: number): Promise<ReadRow | undefined> {
    const [record] = await this.#reader.poll(1, waitMs);
    if (record === undefined) return undefined;
    const length = record.value?.length ?? 0;
    if (length >= 5 && record.value![0] === 0)
      await this.#engine.schemas.load(record.value!.readInt32BE(1)).catch(() => undefined);
    this.#failure = undefined;
    const change = this.#decoder.decode(viewOf(record), record.partition, 0);
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

/** A record that was read, as decoders take it. */
function viewOf({ key, value, offset, timestamp, headers }: TopicRecord): RecordView {
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
