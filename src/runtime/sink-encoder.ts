import type { Row } from '../types/sql-type.ts';
import type { DecodeColumn, Encode } from '../formats/define.ts';
import { findFormat } from '../formats/index.ts';
import { parseTimestampText } from '../types/dates/index.ts';
import type { FormatSpec, KeyWindow } from '../specs/source.ts';
import { hasBothBounds } from '../specs/window.ts';
import type { StepColumn } from '../plan/physical/steps/base.ts';
import { partitionOf } from '../records/murmur2.ts';
import { isAbsent, type Change, type Window } from './change.ts';
import { EvaluationError } from '../types/numbers.ts';
import { Bytes } from '../util/bytes.ts';
import { writeTime } from './stores/key-bytes.ts';
import { checkTime } from './windows.ts';

/** A record to be written to a topic. */
export interface OutputRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: number;
  readonly partition: number;
}

/** Appends a record whose value `write` puts straight into the batch. */
export type AddRecord = (
  partition: number,
  timestamp: number,
  key: Bytes | null,
  write: (row: Row | undefined, out: Bytes) => boolean,
  row: Row | undefined,
  headers: Change['headers'],
) => void;

/** The topic that a sink writes to. */
export interface SinkTarget {
  readonly keyFormat: FormatSpec;
  readonly valueFormat: FormatSpec;
  readonly window: KeyWindow | undefined;
  readonly timestamp: { readonly column: string; readonly format: string | undefined } | undefined;
  readonly partitions: number;
}

/** Encodes changes as records: key, value, timestamp, and the partition that Kafka's partitioner gives to the key. */
export class SinkEncoder {
  readonly #target: SinkTarget;
  readonly #encodeKey: Encode;
  readonly #write: (row: Row | undefined, out: Bytes) => boolean;
  readonly #timestamp: ((row: Row) => number) | undefined;
  #next = 0;
  #key: Row | undefined;
  #hasKey = false;
  readonly #keyBytes = new Bytes();
  /** The number of key bytes without the window. */
  #innerLength = 0;
  #partition = 0;

  constructor(target: SinkTarget, columns: readonly StepColumn[]) {
    this.#target = target;
    const slots = (role: StepColumn['role']): DecodeColumn[] =>
      columns.flatMap((column, slot) => (column.role === role ? [{ name: column.name, type: column.type, slot }] : []));
    const keys = slots('key').map((column, slot) => ({ ...column, slot }));
    this.#encodeKey = findFormat(target.keyFormat.format)!.encoder(keys, target.keyFormat);
    const encodeValue = findFormat(target.valueFormat.format)!.encoder(slots('value'), target.valueFormat);
    this.#write = (row, out) => row !== undefined && encodeValue(row, out);
    const stamp = target.timestamp;
    const slot = stamp === undefined ? -1 : columns.findIndex(({ name }) => name === stamp.column);
    if (stamp !== undefined)
      this.#timestamp = (row) => {
        const value = row[slot]!;
        if (value === null) throw new EvaluationError('the timestamp column is null');
        if (typeof value === 'bigint') throw new EvaluationError(`the timestamp ${value} is out of range`);
        return stamp.format === undefined ? (value as number) : parseTimestampText(value as string, stamp.format);
      };
  }

  /** Writes the record of a change, by default with its own headers. The key's bytes are valid until the next call. */
  write(change: Change, add: AddRecord, headers: Change['headers'] = change.headers): void {
    const { key, after, window, timestamp: time } = change;
    if (key !== this.#key) this.#takeKey(key);
    const timestamp = this.#timestamp === undefined || after === undefined ? time : this.#timestamp(after);
    checkTime(timestamp);
    const partition = this.#hasKey ? this.#partition : this.#nextPartition();
    add(partition, timestamp, this.#withWindow(window), this.#write, after, headers);
  }

  /** The record of a single change. */
  encode(change: Change): OutputRecord {
    let record: OutputRecord | undefined;
    this.write(change, (partition, timestamp, key, write, row) => {
      const out = new Bytes();
      record = { partition, timestamp, key: key && key.from(0), value: write(row, out) ? out.from(0) : null };
    });
    return record!;
  }

  /** Encodes a key. Consecutive rows often are windows of one key: its bytes and partition are kept for the next call. */
  #takeKey(key: Row): void {
    const out = this.#keyBytes;
    out.length = 0;
    this.#key = undefined;
    const isKey = key.length === 1 ? key[0] !== null : !isAbsent(key);
    this.#hasKey = isKey && this.#encodeKey(key, out);
    // By the key without its window, so that all windows of a key are in one partition.
    if (this.#hasKey) this.#partition = partitionOf(out.buffer, this.#target.partitions, out.length);
    this.#innerLength = out.length;
    this.#key = key;
  }
  /** Records without a key are spread over the partitions in turn. */
  #nextPartition(): number {
    return (this.#next = (this.#next + 1) % this.#target.partitions);
  }

  /** Appends the window as Kafka's serdes do: the start, or for windows that are identified by both bounds the end and the start. */
  #withWindow(window: Window | undefined): Bytes | null {
    if (!this.#hasKey) return null;
    const out = this.#keyBytes;
    const kind = this.#target.window;
    out.length = this.#innerLength;
    if (kind === undefined || window === undefined) return out;
    if (hasBothBounds(kind.type)) putTime(out, window.end);
    putTime(out, window.start);
    return out;
  }
}

function putTime(out: Bytes, time: number): void {
  writeTime(out.need(8), time, out.length);
  out.length += 8;
}
