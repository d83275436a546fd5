import { crc32c } from './crc32c.ts';
import { Bytes } from '../util/bytes.ts';

/** Byte offsets of the fields of a record batch of version 2. */
const at = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastDelta: 23,
  baseTime: 27,
  maxTime: 35,
  producerId: 43,
  producerEpoch: 51,
  sequence: 53,
  count: 57,
  records: 61,
} as const;
export const batchHeader = at.records;

export interface BatchInfo {
  readonly start: number;
  readonly end: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly count: number;
  readonly attributes: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: bigint;
}

/** The bytes are no record batch, or the checksum is wrong. */
export class CorruptBatch extends Error {
  override readonly name = 'CorruptBatch';
}

/** The header of the batch at `start`; undefined when the bytes end before the batch does. */
export function readBatchInfo(bytes: Buffer, start: number, limit: number): BatchInfo | undefined {
  if (start + at.records > limit) return undefined;
  const end = start + 12 + bytes.readInt32BE(start + at.length);
  if (end > limit) return undefined;
  if (bytes[start + at.magic] !== 2)
    throw new CorruptBatch(`record batch of version ${bytes[start + at.magic]}, only 2 is read`);
  const baseOffset = Number(bytes.readBigInt64BE(start + at.baseOffset));
  return {
    start,
    end,
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(start + at.lastDelta),
    count: bytes.readInt32BE(start + at.count),
    attributes: bytes.readInt16BE(start + at.attributes),
    baseTimestamp: Number(bytes.readBigInt64BE(start + at.baseTime)),
    maxTimestamp: Number(bytes.readBigInt64BE(start + at.maxTime)),
    producerId: bytes.readBigInt64BE(start + at.producerId),
  };
}

/** The number of records of a batch. */
export const countOf = (batch: Buffer): number => batch.readInt32BE(at.count);
export const isControl = (info: BatchInfo): boolean => (info.attributes & 0x20) !== 0;
export const isTransactional = (info: BatchInfo): boolean => (info.attributes & 0x10) !== 0;
/** The time from which on a compaction may remove the batch's tombstones; undefined where none has seen it yet. */
export const deleteHorizonOf = (info: BatchInfo): number | undefined =>
  (info.attributes & 0x40) === 0 ? undefined : info.baseTimestamp;
export const codecOf = (info: BatchInfo): number => info.attributes & 7;

export function checkCrc(bytes: Buffer, info: BatchInfo): void {
  if (crc32c(bytes, info.start + at.attributes, info.end) !== bytes.readUInt32BE(info.start + at.crc)) {
    throw new CorruptBatch(`the checksum of the batch at offset ${info.baseOffset} is wrong`);
  }
}

/** Sets a batch's base offset, which the checksum does not cover. */
export function setBaseOffset(bytes: Buffer, start: number, offset: number): void {
  bytes.writeBigInt64BE(BigInt(offset), start + at.baseOffset);
}

/** The idempotent producer of a batch, and the sequence number of the batch's first record. */
interface BatchProducer {
  readonly id: bigint;
  readonly epoch: number;
  readonly sequence: number;
  readonly transactional: boolean;
}
const noProducer: BatchProducer = { id: -1n, epoch: -1, sequence: -1, transactional: false };

export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** A record in place: key and value are ranges of `bytes`, a start of -1 is null. */
export interface RecordView {
  readonly bytes: Buffer;
  readonly offset: number;
  readonly timestamp: number;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly hasHeaders: boolean;
  headers(): RecordHeader[];
}

/**
 * Iterates over the records of one uncompressed batch without copying: key and value are ranges of `bytes` (-1 is null) and are
 * valid until `next` is called again.
 */
export class RecordCursor implements RecordView {
  bytes: Buffer = Buffer.alloc(0);
  offset = 0;
  timestamp = 0;
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  #headers = 0;
  #position = 0;
  #left = 0;
  #baseOffset = 0;
  #baseTimestamp = 0;
  #logAppendTime = -1;

  /** Begins a batch: `recordsStart` is the position after the record count. */
  open(bytes: Buffer, recordsStart: number, info: BatchInfo): void {
    this.bytes = bytes;
    this.#position = recordsStart;
    this.#left = info.count;
    this.#baseOffset = info.baseOffset;
    this.#baseTimestamp = info.baseTimestamp;
    this.#logAppendTime = (info.attributes & 8) === 0 ? -1 : info.maxTimestamp;
  }

  /** Goes to the next record; false at the end of the batch. */
  next(): boolean {
    if (this.#left <= 0) return false;
    this.#left--;
    const length = this.#varint();
    const end = this.#position + length;
    this.#position++;
    const delta = this.#varlong();
    this.timestamp = this.#logAppendTime >= 0 ? this.#logAppendTime : this.#baseTimestamp + delta;
    this.offset = this.#baseOffset + this.#varint();
    const keyLength = this.#varint();
    this.keyStart = keyLength < 0 ? -1 : this.#position;
    if (keyLength > 0) this.#position += keyLength;
    this.keyEnd = this.keyStart < 0 ? -1 : this.#position;
    const valueLength = this.#varint();
    this.valueStart = valueLength < 0 ? -1 : this.#position;
    if (valueLength > 0) this.#position += valueLength;
    this.valueEnd = this.valueStart < 0 ? -1 : this.#position;
    this.#headers = this.#position;
    this.#position = end;
    return true;
  }

  /** A copy of the key's bytes, which stays valid after the fetch buffer is reused. */
  key(): Buffer | null {
    return this.keyStart < 0 ? null : Buffer.from(this.bytes.subarray(this.keyStart, this.keyEnd));
  }
  value(): Buffer | null {
    return this.valueStart < 0 ? null : Buffer.from(this.bytes.subarray(this.valueStart, this.valueEnd));
  }
  get hasHeaders(): boolean {
    return this.bytes[this.#headers] !== 0;
  }
  headers(): RecordHeader[] {
    const resume = this.#position;
    this.#position = this.#headers;
    const headers: RecordHeader[] = [];
    for (let count = this.#varint(); count > 0; count--) {
      const keyLength = this.#varint();
      const key = this.bytes.utf8Slice(this.#position, this.#position + keyLength);
      this.#position += keyLength;
      const valueLength = this.#varint();
      headers.push({
        key,
        value: valueLength < 0 ? null : Buffer.from(this.bytes.subarray(this.#position, this.#position + valueLength)),
      });
      if (valueLength > 0) this.#position += valueLength;
    }
    this.#position = resume;
    return headers;
  }

  #varint(): number {
    const { bytes } = this;
    let byte = bytes[this.#position++]!;
    let value = byte & 127;
    for (let shift = 7; byte > 127; shift += 7) {
      if (shift > 28) throw new CorruptBatch('a number in a record is too long');
      byte = bytes[this.#position++]!;
      value |= (byte & 127) << shift;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  /** A 64-bit zigzag number as a double, exact for every timestamp delta. */
  #varlong(): number {
    const { bytes } = this;
    const start = this.#position;
    let byte = bytes[this.#position++]!;
    let value = byte & 127;
    let factor = 128;
    while (byte > 127) {
      byte = bytes[this.#position++]!;
      value += (byte & 127) * factor;
      factor *= 128;
    }
    if (factor > sevenBytes) return this.#wide(start);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
  /** The same of more than seven bytes, which no double adds up exactly. */
  #wide(start: number): number {
    let value = 0n;
    for (let at = this.#position - 1; at >= start; at--) value = (value << 7n) | BigInt(this.bytes[at]! & 127);
    return Number((value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n));
  }
}

/** What a number of seven bytes is below, and what a delta is below whose double is exact. */
const sevenBytes = 2 ** 49;
const widest = 2 ** 52;

/** A key or value; a string is written as UTF-8. */
export type Payload = string | Buffer | Bytes | null;
/** Appends a payload to the output; returns false, and appends nothing, for null. */
export type WritePayload<T> = (from: T, out: Bytes) => boolean;

/** Writes records into one batch and grows as needed. Strings are written as UTF-8. */
export class BatchWriter {
  readonly #out: Bytes;
  #count = 0;
  #base = 0;
  #maximum = 0;
  #lengthWidth = 2;
  #payloadWidth = 1;
  /** Where the last record begins, and the newest time before it. */
  #last = 0;
  #maximumBefore = 0;
  /** Offsets that no record has. */
  #gaps = 0;
  #horizon: number | undefined;

  constructor(capacity = 1 << 16) {
    this.#out = new Bytes(capacity);
    this.#out.length = at.records;
  }

  get count(): number {
    return this.#count;
  }
  get size(): number {
    return this.#out.length;
  }

  /** Begins an empty batch with the time from which on its tombstones may be removed. */
  begin(horizon: number | undefined): void {
    this.#horizon = horizon;
  }
  /** Gives the next record an offset that is so many further on. */
  leaveOut(offsets: number): void {
    this.#gaps += offsets;
  }

  #varint(value: number): void {
    const bytes = this.#out.need(5);
    let position = this.#out.length;
    let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
    while (zigzag > 127) {
      bytes[position++] = (zigzag & 127) | 128;
      zigzag >>>= 7;
    }
    bytes[position++] = zigzag;
    this.#out.length = position;
  }
  #varlong(value: number): void {
    const bytes = this.#out.need(10);
    let position = this.#out.length;
    if (value >= widest || value <= -widest) return this.#wide(BigInt(value));
    let zigzag = value >= 0 ? value * 2 : -value * 2 - 1;
    while (zigzag > 127) {
      bytes[position++] = (zigzag % 128) | 128;
      zigzag = Math.floor(zigzag / 128);
    }
    bytes[position++] = zigzag;
    this.#out.length = position;
  }
  /** The same of a number whose double is beyond what is exact. */
  #wide(value: bigint): void {
    const bytes = this.#out.need(10);
    let position = this.#out.length;
    let zigzag = value >= 0n ? value * 2n : -value * 2n - 1n;
    for (; zigzag > 127n; zigzag >>= 7n) bytes[position++] = Number(zigzag & 127n) | 128;
    bytes[position++] = Number(zigzag);
    this.#out.length = position;
  }

  /**
   * Appends a payload with its length before it. Reserves `width` bytes for the length (the width of the previous one, which
   * nearly always fits) and moves the payload when that was wrong. Returns the width used.
   */
  #sized<T>(width: number, write: WritePayload<T>, from: T): number {
    const out = this.#out;
    const start = out.length;
    out.need(5);
    out.length = start + width;
    const body = out.length;
    if (!write(from, out)) {
      out.length = start;
      this.#varint(-1);
      return width;
    }
    const length = out.length - body;
    const needed = varintWidth(length);
    if (needed !== width) out.need(5).copyWithin(start + needed, body, out.length);
    out.length = start;
    this.#varint(length);
    out.length = start + needed + length;
    return needed;
  }
  #payload(payload: Payload): void {
    this.#sized(payload === null ? 1 : varintWidth(payload.length), writePayload, payload);
  }

  add(timestamp: number, key: Payload, value: Payload, headers?: readonly RecordHeader[]): void {
    this.addWritten(timestamp, key, writePayload, value, headers);
  }

  /** Adds a record whose value `write` puts straight into the batch. When `write` throws, the batch is as before. */
  addWritten<T>(
    timestamp: number,
    key: Payload,
    write: WritePayload<T>,
    from: T,
    headers?: readonly RecordHeader[],
  ): void {
    const out = this.#out;
    const start = out.length;
    const base = this.#count === 0 ? (this.#horizon ?? timestamp) : this.#base;
    // The length precedes the record but is known last: reserve as many bytes as the previous record's length took.
    out.need(5);
    const body = start + this.#lengthWidth;
    out.length = body;
    try {
      out.byte(0);
      this.#varlong(timestamp - base);
      this.#varint(this.#count + this.#gaps);
      this.#payload(key);
      this.#payloadWidth = this.#sized(this.#payloadWidth, write, from);
      this.#varint(headers?.length ?? 0);
      if (headers !== undefined) {
        for (const header of headers) {
          this.#payload(header.key);
          this.#payload(header.value);
        }
      }
    } catch (error) {
      out.length = start;
      throw error;
    }
    const length = out.length - body;
    const width = varintWidth(length);
    if (width !== this.#lengthWidth) out.need(5).copyWithin(start + width, body, out.length);
    this.#lengthWidth = width;
    out.length = start;
    this.#varint(length);
    out.length = start + width + length;
    this.#last = start;
    this.#maximumBefore = this.#maximum;
    if (this.#count === 0) [this.#base, this.#maximum] = [base, timestamp];
    if (timestamp > this.#maximum) this.#maximum = timestamp;
    this.#count++;
  }

  /** Takes the record back that was just added. */
  takeBack(): void {
    this.#out.length = this.#last;
    this.#maximum = this.#maximumBefore;
    this.#count--;
  }

  /** Returns a copy of the finished batch; the writer is empty afterwards. */
  finish({ id, epoch, sequence, transactional }: BatchProducer = noProducer): Buffer {
    const { buffer: bytes, length } = this.#out;
    bytes.fill(0, 0, at.records);
    bytes.writeInt32BE(length - 12, at.length);
    bytes[at.magic] = 2;
    bytes.writeInt32BE(this.#count + this.#gaps - 1, at.lastDelta);
    bytes.writeBigInt64BE(BigInt(this.#base), at.baseTime);
    bytes.writeBigInt64BE(BigInt(this.#maximum), at.maxTime);
    bytes.writeInt16BE((transactional ? 0x10 : 0) | (this.#horizon === undefined ? 0 : 0x40), at.attributes);
    bytes.writeBigInt64BE(id, at.producerId);
    bytes.writeInt16BE(epoch, at.producerEpoch);
    bytes.writeInt32BE(sequence, at.sequence);
    bytes.writeInt32BE(this.#count, at.count);
    bytes.writeUInt32BE(crc32c(bytes, at.attributes, length), at.crc);
    const finished = this.#out.from(0);
    this.#out.length = at.records;
    this.#count = 0;
    this.#gaps = 0;
    this.#horizon = undefined;
    return finished;
  }
}

/** Writes a payload that is a complete string or buffer. */
export const writePayload: WritePayload<Payload> = (payload, out) => {
  if (payload === null) return false;
  if (typeof payload === 'string') out.text(payload);
  else if (payload instanceof Bytes) out.copy(payload.buffer, payload.length);
  else out.copy(payload);
  return true;
};

function varintWidth(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x200000 ? 3 : zigzag < 0x10000000 ? 4 : 5;
}
