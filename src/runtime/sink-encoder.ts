import type { DecodeColumn, Encode } from '../formats/define.ts';
import { findFormat } from '../formats/index.ts';
import { parseTimestampText } from '../functions/scalar/time-format.ts';
import type { FormatSpec, KeyWindow } from '../plan/formats.ts';
import type { PlanColumn } from '../plan/logical/node.ts';
import { partitionOf } from '../records/murmur2.ts';
import type { Change, Row } from './change.ts';

/** A record on its way to a topic; text is written as UTF-8. */
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
    const hasKey = key.length > 0 && !(key.length === 1 && key[0] === null);
    const inner = hasKey ? this.#encodeKey(key) : null;
    const timestamp = this.#timestamp === undefined || after === undefined ? change.timestamp : this.#timestamp(after);
    const value = after === undefined ? null : this.#encodeValue(after);
    const kind = this.#target.window;
    const whole =
      inner === null || kind === undefined || window === undefined
        ? inner
        : withWindow(inner, kind, window.start, window.end);
    return { key: whole, value, timestamp, partition: this.#partition(inner) };
  }

  /** By the inner key, so that all windows of a key are together; records without a key go round. */
  #partition(key: string | Buffer | null): number {
    const { partitions } = this.#target;
    if (partitions === 1) return 0;
    if (key === null) return (this.#next = (this.#next + 1) % partitions);
    return partitionOf(typeof key === 'string' ? Buffer.from(key) : key, partitions);
  }
}

/** Kafka's windowed keys: the key, then the start; of sessions the end and the start. */
function withWindow(key: string | Buffer, kind: KeyWindow, start: number, end: number): Buffer {
  const inner = typeof key === 'string' ? Buffer.from(key) : key;
  const bounds = Buffer.allocUnsafe(kind.type === 'SESSION' ? 16 : 8);
  if (kind.type === 'SESSION') bounds.writeBigInt64BE(BigInt(end), 0);
  bounds.writeBigInt64BE(BigInt(start), bounds.length - 8);
  return Buffer.concat([inner, bounds]);
}
