import { compilePredicate } from '../expressions/compile.ts';
import { slotsIn } from '../expressions/node.ts';
import { findFormat } from '../formats/index.ts';
import { DecodeError, UnknownSchema, type Decode, type DecodeColumn, type SchemaSource } from '../formats/define.ts';
import { parseTimestampText } from '../types/dates/index.ts';
import type { SourceStep } from '../plan/physical/steps/source.ts';
import type { RecordView } from '../records/batch.ts';
import { hasBothBounds } from '../specs/window.ts';
import { isPseudoColumn, keyColumns, type Column } from '../types/schema.ts';
import type { Value } from '../types/sql-type.ts';
import { absentKey, Change, type Window } from './change.ts';
import { dataError, ignoreFailures, type FailureSink } from './failures.ts';
import { copyOf } from './record-copy.ts';
import { checkTime } from './windows.ts';

/** A record that could not be decoded or whose predicate failed, for the processing log. */
export interface BadRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly message: string;
  readonly target: 'key' | 'value' | 'timestamp' | 'predicate';
  /** A copy of the part of the record that is bad. */
  readonly copy: () => Buffer | null;
}

/** A record that cannot be read, where the query is to stop at it. */
export class BadRecordFailure extends Error {
  override readonly name = 'BadRecordFailure';
}

/** `ksql.fail.on.production.error`: the query stops at a row that its sink cannot write. */
export const refuseRows: FailureSink = {
  ...ignoreFailures,
  report: (message) => {
    throw new BadRecordFailure(`a row cannot be written: ${message}`);
  },
};

type Extra = (record: RecordView, partition: number, timestamp: number, window: Window | undefined) => Value;

/**
 * Decodes the records of a source to changes: only the columns that the plan reads, and only of rows that satisfy its
 * predicate.
 */
export class SourceDecoder {
  readonly #step: SourceStep;
  readonly #width: number;
  readonly #keyCount: number;
  readonly #decodeKey: Decode;
  readonly #decodeValue: Decode;
  readonly #timestamp: ((row: readonly Value[]) => number) | undefined;
  readonly #extras: readonly { readonly slot: number; readonly read: Extra }[];
  readonly #windowBytes: number;
  readonly #onBad: (record: BadRecord) => void;
  readonly #matches: ((row: readonly Value[]) => boolean) | undefined;
  #failure: Error | undefined;
  /** The row array of a record that was filtered out, reused for the next record. */
  #spare: Value[] | undefined;

  constructor(step: SourceStep, schemas: SchemaSource, onBad: (record: BadRecord) => void) {
    const { source, reads, parts } = step;
    this.#step = step;
    this.#onBad = onBad;
    const keys = keyColumns(source.schema);
    this.#keyCount = keys.length;
    const stamp = source.timestamp;
    const stampSlot =
      stamp === undefined ? -1 : reads.includes(stamp.column) ? reads.indexOf(stamp.column) : reads.length;
    this.#width = Math.max(reads.length, stampSlot + 1);
    const slotOf = (column: Column): number => (column.name === stamp?.column ? stampSlot : reads.indexOf(column.name));
    const { where, keyUnread } = step;
    const needed = where === undefined ? undefined : slotsIn([where]);
    // A key that nobody reads waits for ever.
    const isLate = (slot: number, role: Column['role']): boolean =>
      slot >= 0 &&
      slot !== stampSlot &&
      (needed === undefined ? role === 'key' && keyUnread === true : !needed.has(slot));
    const columns = (role: Column['role']): DecodeColumn[] =>
      source.schema
        .filter((column) => column.role === role)
        .map((column) => {
          const slot = slotOf(column);
          // The column with the time may be decoded for that alone, into a slot of its own.
          return { name: column.name, type: column.type, slot, late: isLate(slot, role), part: parts?.[slot] };
        });
    this.#decodeKey = findFormat(source.keyFormat.format)!.decoder(columns('key'), { ...source.keyFormat, schemas });
    this.#decodeValue = findFormat(source.valueFormat.format)!.decoder(columns('value'), {
      ...source.valueFormat,
      schemas,
    });
    this.#matches = compileWhere(step, (error) => (this.#failure = error as Error));
    this.#timestamp = stamp === undefined ? undefined : timestampReader(stampSlot, stamp.format);
    this.#extras = reads.flatMap((name, slot) => {
      if (isPseudoColumn(name) && !source.schema.some((column) => column.name === name))
        return [{ slot, read: pseudo[name]! }];
      const column = source.schema.find((candidate) => candidate.name === name)!;
      return column.role === 'header' ? [{ slot, read: header(column) }] : [];
    });
    this.#windowBytes = source.window === undefined ? 0 : hasBothBounds(source.window.type) ? 16 : 8;
  }

  /**
   * The change of a record. Undefined when the predicate filters it out, or when it cannot be decoded (which is reported).
   * Throws `UnknownSchema` until its schema has been fetched.
   */
  decode(record: RecordView, partition: number, sequence: number): Change | undefined {
    const row = this.#emptyRow();
    const { source } = this.#step;
    let target: BadRecord['target'] = 'key';
    try {
      let window: Window | undefined;
      let hasKey = false;
      if (record.keyStart >= 0 && this.#keyCount > 0) {
        if (this.#windowBytes > 0) window = this.#readWindow(record);
        hasKey = this.#decodeKey(record.bytes, record.keyStart, record.keyEnd - this.#windowBytes, row);
      }
      // In a key of several columns, single columns may be NULL.
      if (source.kind === 'TABLE' && (record.keyStart < 0 || isNull(row, this.#keyCount)))
        throw new DecodeError("a table's record needs a key");
      target = 'value';
      const hasValue =
        record.valueStart >= 0 && this.#decodeValue(record.bytes, record.valueStart, record.valueEnd, row);
      target = 'timestamp';
      const timestamp = this.#timestamp === undefined || !hasValue ? record.timestamp : this.#timestamp(row);
      checkTime(timestamp);
      for (const { slot, read } of this.#extras) row[slot] = read(record, partition, timestamp, window);
      if (this.#matches !== undefined) {
        target = 'predicate';
        if (!hasValue || !this.#isWanted(row)) {
          this.#spare = row;
          return undefined;
        }
        if (record.keyStart >= 0) this.#decodeKey.late?.(row);
        this.#decodeValue.late?.(row);
      }
      const key = this.#keyCount === 1 ? [row[0]!] : hasKey ? row.slice(0, this.#keyCount) : absentKey(this.#keyCount);
      if (row.length > this.#step.reads.length) row.length = this.#step.reads.length;
      const headers = record.hasHeaders ? record.headers() : undefined;
      return new Change(key, undefined, hasValue ? row : undefined, timestamp, sequence, window, headers);
    } catch (error) {
      if (error instanceof UnknownSchema) throw error;
      const { topic } = source;
      this.#onBad({
        topic,
        partition,
        offset: record.offset,
        timestamp: record.timestamp,
        message: dataError(error, target),
        target,
        copy: () => (target === 'key' ? copyOf(record, 'key') : copyOf(record, 'value')),
      });
      return undefined;
    }
  }

  #emptyRow(): Value[] {
    const spare = this.#spare;
    if (spare === undefined) return nulls(this.#width);
    this.#spare = undefined;
    for (let i = 0; i < spare.length; i++) spare[i] = null;
    return spare;
  }

  #isWanted(row: readonly Value[]): boolean {
    const isWanted = this.#matches!(row);
    if (this.#failure === undefined) return isWanted;
    const failure = this.#failure;
    this.#failure = undefined;
    throw failure;
  }

  #readWindow(record: RecordView): Window {
    const { window } = this.#step.source;
    if (record.keyEnd - record.keyStart < this.#windowBytes)
      throw new DecodeError('the key is too short to hold a window');
    const start = Number(record.bytes.readBigInt64BE(record.keyEnd - 8));
    checkTime(start);
    if (!hasBothBounds(window!.type)) return { start, end: start + window!.sizeMs! };
    const end = Number(record.bytes.readBigInt64BE(record.keyEnd - 16));
    checkTime(end);
    return { start, end };
  }
}

/** Compiles a source's predicate; undefined when there is none. A failure is reported and counts as false. */
export function compileWhere(
  { where }: SourceStep,
  onError: (error: unknown) => void,
): ((row: readonly Value[]) => boolean) | undefined {
  return where && compilePredicate(where, onError);
}

/** A loop, because calling `fill` costs more than a row of this size. */
function nulls(width: number): Value[] {
  const row = new Array<Value>(width);
  for (let i = 0; i < width; i++) row[i] = null;
  return row;
}

function isNull(row: readonly Value[], count: number): boolean {
  for (let i = 0; i < count; i++) if (row[i] !== null) return false;
  return true;
}

const pseudo: Readonly<Record<string, Extra>> = {
  ROWTIME: (_record, _partition, timestamp) => timestamp,
  ROWPARTITION: (_record, partition) => partition,
  ROWOFFSET: (record) => record.offset,
  WINDOWSTART: (_record, _partition, _timestamp, window) => window?.start ?? null,
  WINDOWEND: (_record, _partition, _timestamp, window) => window?.end ?? null,
};

function header({ headerKey }: Column): Extra {
  if (headerKey === undefined) return (record) => record.headers().map(({ key, value }) => [key, value]);
  return (record) => record.headers().findLast(({ key }) => key === headerKey)?.value ?? null;
}

function timestampReader(slot: number, format: string | undefined): (row: readonly Value[]) => number {
  return (row) => {
    const value = row[slot]!;
    if (value === null) throw new DecodeError('the timestamp column is null');
    // A BIGINT that no number holds is a time that none can be.
    if (typeof value === 'bigint') throw new DecodeError(`the timestamp ${value} is out of range`);
    return format === undefined ? (value as number) : parseTimestampText(value as string, format);
  };
}
