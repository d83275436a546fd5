import type { DecodeColumn, Encode } from '../formats/define.ts';
import { findFormat } from '../formats/index.ts';
import { parseTimestampText } from '../functions/scalar/time-format.ts';
import type { FormatSpec, KeyWindow } from '../plan/formats.ts';
import type { PlanColumn } from '../plan/logical/node.ts';
import { partitionOf } from '../records/murmur2.ts';
import type { Change, Row, Window } from './change.ts';
import { EvaluationError } from '../types/numbers.ts';
import { writeTime } from './stores/key-bytes.ts';

/** A record on its way to a topic; text is written as UTF-8. A key in bytes is good until the next record is encoded. */
export interface OutputRecord {
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
  readonly timestamp: number;
  readonly partition: number;
}

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
  readonly #encodeValue: Encode;
  readonly #timestamp: ((row: Row) => number) | undefined;
  #next = 0;
  #key: Row | undefined;
  #inner: string | Buffer | null = null;
  #windowed = Buffer.alloc(0);
  #partition = 0;

  constructor(target: SinkTarget, columns: readonly PlanColumn[]) {
    this.#target = target;
    const slots = (role: PlanColumn['role']): DecodeColumn[] =>
      columns.flatMap((column, slot) => (column.role === role ? [{ name: column.name, type: column.type, slot }] : []));
    const keys = slots('key').map((column, slot) => ({ ...column, slot }));
    this.#encodeKey = findFormat(target.keyFormat.format)!.encoder(keys, target.keyFormat);
    this.#encodeValue = findFormat(target.valueFormat.format)!.encoder(slots('value'), target.valueFormat);
    const stamp = target.timestamp;
    const slot = stamp === undefined ? -1 : columns.findIndex(({ name }) => name === stamp.column);
    if (stamp !== undefined)
      this.#timestamp = (row) =>
        stamp.format === undefined ? Number(row[slot]) : parseTimestampText(row[slot] as string, stamp.format);
  }

  encode(change: Change): OutputRecord {
    const { key, after, window } = change;
    if (key !== this.#key) this.#takeKey(key);
    const timestamp = this.#timestamp === undefined || after === undefined ? change.timestamp : this.#timestamp(after);
    if (timestamp < 0) throw new EvaluationError(`the timestamp ${timestamp} is negative`);
    const value = after === undefined ? null : this.#encodeValue(after);
    const partition = this.#inner === null ? this.#nextPartition() : this.#partition;
    return { key: this.#withWindow(window), value, timestamp, partition };
  }

  /** Rows of several windows of one key come one after the other: its bytes and partition are worked out once. */
  #takeKey(key: Row): void {
    const hasKey = key.length > 0 && !(key.length === 1 && key[0] === null);
    this.#key = key;
    this.#inner = hasKey ? this.#encodeKey(key) : null;
    if (this.#inner === null) return;
    // By the inner key, so that all windows of a key are together.
    this.#partition = partitionOf(this.#inner, this.#target.partitions);
    if (this.#target.window === undefined) return;
    const inner = typeof this.#inner === 'string' ? Buffer.from(this.#inner) : this.#inner;
    this.#windowed = Buffer.concat([inner, Buffer.alloc(this.#target.window.type === 'SESSION' ? 16 : 8)]);
  }
  /** Records without a key go round. */
  #nextPartition(): number {
    return (this.#next = (this.#next + 1) % this.#target.partitions);
  }

  /** Kafka's windowed keys: the key, then the start; of sessions the end and the start. */
  #withWindow(window: Window | undefined): string | Buffer | null {
    const kind = this.#target.window;
    if (this.#inner === null || kind === undefined || window === undefined) return this.#inner;
    const bytes = this.#windowed;
    if (kind.type === 'SESSION') writeTime(bytes, window.end, bytes.length - 16);
    writeTime(bytes, window.start, bytes.length - 8);
    return bytes;
  }
}
