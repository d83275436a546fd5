import type { Row } from '../types/sql-type.ts';
import type { DecodeColumn, Encode } from '../formats/define.ts';
import { findFormat } from '../formats/index.ts';
import { parseTimestampText } from '../functions/scalar/time-format.ts';
import type { FormatSpec, KeyWindow } from '../specs/source.ts';
import type { StepColumn } from '../plan/physical/steps/base.ts';
import { partitionOf } from '../records/murmur2.ts';
import type { Change, Window } from './change.ts';
import { EvaluationError } from '../types/numbers.ts';
import { Bytes } from '../util/bytes.ts';
import { writeTime } from './stores/key-bytes.ts';

/** A record on its way to a topic. */
export interface OutputRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: number;
  readonly partition: number;
}

/** Takes a record whose value is written where it is to stand. */
export type AddRecord = (
  partition: number,
  timestamp: number,
  key: Bytes | null,
  write: (row: Row | undefined, out: Bytes) => boolean,
  row: Row | undefined,
  headers: Change['headers'],
) => void;

/** What a sink needs to know of where it writes. */
export interface SinkTarget {
  readonly keyFormat: FormatSpec;
  readonly valueFormat: FormatSpec;
  readonly window: KeyWindow | undefined;
  readonly timestamp: { readonly column: string; readonly format: string | undefined } | undefined;
  readonly partitions: number;
}

/** Turns changes into records: key, value, timestamp and the partition that Kafka's partitioner gives the key. */
export class SinkEncoder {
  readonly #target: SinkTarget;
  readonly #encodeKey: Encode;
  readonly #write: (row: Row | undefined, out: Bytes) => boolean;
  readonly #timestamp: ((row: Row) => number) | undefined;
  #next = 0;
  #key: Row | undefined;
  #hasKey = false;
  readonly #keyBytes = new Bytes();
  /** How many of the key's bytes are not its window. */
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
      this.#timestamp = (row) =>
        stamp.format === undefined ? Number(row[slot]) : parseTimestampText(row[slot] as string, stamp.format);
  }

  /** Adds the record of a change; its key in bytes is good until the next one. */
  write({ key, after, window, timestamp: time, headers }: Change, add: AddRecord): void {
    if (key !== this.#key) this.#takeKey(key);
    const timestamp = this.#timestamp === undefined || after === undefined ? time : this.#timestamp(after);
    if (timestamp < 0) throw new EvaluationError(`the timestamp ${timestamp} is negative`);
    const partition = this.#hasKey ? this.#partition : this.#nextPartition();
    add(partition, timestamp, this.#withWindow(window), this.#write, after, headers);
  }

  /** The record of a change by itself. */
  encode(change: Change): OutputRecord {
    let record: OutputRecord | undefined;
    this.write(change, (partition, timestamp, key, write, row) => {
      const out = new Bytes();
      record = { partition, timestamp, key: key && key.from(0), value: write(row, out) ? out.from(0) : null };
    });
    return record!;
  }

  /** Rows of several windows of one key come one after the other: its bytes and partition are worked out once. */
  #takeKey(key: Row): void {
    const out = this.#keyBytes;
    out.length = 0;
    this.#key = undefined;
    this.#hasKey = key.length > 0 && !(key.length === 1 && key[0] === null) && this.#encodeKey(key, out);
    // By the inner key, so that all windows of a key are together.
    if (this.#hasKey) this.#partition = partitionOf(out.buffer, this.#target.partitions, out.length);
    this.#innerLength = out.length;
    this.#key = key;
  }
  /** Records without a key go round. */
  #nextPartition(): number {
    return (this.#next = (this.#next + 1) % this.#target.partitions);
  }

  /** Kafka's windowed keys: the key, then the start; of sessions the end and the start. */
  #withWindow(window: Window | undefined): Bytes | null {
    if (!this.#hasKey) return null;
    const out = this.#keyBytes;
    const kind = this.#target.window;
    out.length = this.#innerLength;
    if (kind === undefined || window === undefined) return out;
    if (kind.type === 'SESSION') putTime(out, window.end);
    putTime(out, window.start);
    return out;
  }
}

function putTime(out: Bytes, time: number): void {
  writeTime(out.need(8), time, out.length);
  out.length += 8;
}
