import { putVarint } from '../../formats/varints.ts';
import type { Value } from '../../types/sql-type.ts';
import { Bytes } from '../../util/bytes.ts';
import { InternalError } from '../../util/internal-error.ts';
import { decodeValue, encodeShared } from '../codec.ts';
import type { Chunk } from './chunk.ts';
import { hasLoneSurrogate } from '../../util/lone-surrogate.ts';

/**
 * A chunk as bytes, version 1: rank (double); of a tail the number of sealed chunks of its key and bucket, and their next id
 * (varints); the count of events; their times; then for each column a tag and the values.
 */
const kind = { nulls: 0, doubles: 1, integers: 2, cents: 3, texts: 4, booleans: 5, values: 6 } as const;
/** Added to a column's tag: a bitmap of the values that are not null precedes the values. */
const withNulls = 8;

/** What a bucket's tail stores about the sealed chunks of its key and bucket. */
export interface TailInfo {
  sealed: number;
  nextId: number;
}

const out = new Bytes(1 << 14);

const varint = (value: number): void => putVarint(value, out);
/** For whole numbers whose absolute value is below 2^52. */
const zigzag = (value: number): void => varint(value >= 0 ? value * 2 : -value * 2 - 1);
const widest = 2 ** 51;

function double(value: number): void {
  out.length = out.need(8).writeDoubleBE(value, out.length);
}

/** Encodes a chunk into a shared buffer: the bytes are valid until the next call. */
export function encodeChunk(chunk: Chunk, { sealed, nextId }: TailInfo): Buffer {
  out.length = 0;
  double(chunk.rank);
  varint(sealed);
  varint(nextId);
  varint(chunk.count);
  writeTimes(chunk.times);
  for (const column of chunk.columns) writeColumn(column);
  return out.buffer.subarray(0, out.length);
}

/** A flag, the first time, then the others as deltas; as doubles if they span more than a delta can hold. */
function writeTimes(times: readonly number[]): void {
  const areNear = times.at(-1)! - times[0]! < widest;
  out.byte(areNear ? 1 : 0);
  double(times[0]!);
  for (let i = 1; i < times.length; i++) {
    if (areNear) varint(times[i]! - times[i - 1]!);
    else double(times[i]!);
  }
}
function readTimes(count: number): number[] {
  const areNear = source[at++] === 1;
  let time = readDouble();
  const times = [time];
  for (let i = 1; i < count; i++) times.push((time = areNear ? time + readVarint() : readDouble()));
  return times;
}

function kindOf(column: readonly Value[]): number {
  let isNumber = true;
  let isText = true;
  let isBoolean = true;
  let isWhole = true;
  let isCents = true;
  let nulls = 0;
  for (const value of column) {
    if (value === null) {
      nulls++;
      continue;
    }
    if (typeof value !== 'string') isText = false;
    if (typeof value !== 'boolean') isBoolean = false;
    if (typeof value !== 'number') isNumber = isWhole = isCents = false;
    else {
      if (isWhole && (!Number.isInteger(value) || Math.abs(value) > widest || Object.is(value, -0))) isWhole = false;
      if (isCents && !isHundredths(value)) isCents = false;
    }
  }
  if (nulls === column.length) return kind.nulls;
  const tag = isWhole
    ? kind.integers
    : isCents
      ? kind.cents
      : isNumber
        ? kind.doubles
        : isText && !column.some((value) => value !== null && hasLoneSurrogate(value as string))
          ? kind.texts
          : isBoolean
            ? kind.booleans
            : kind.values;
  return nulls === 0 ? tag : tag + withNulls;
}
/** Amounts of money are mostly hundredths; as such they take two or three bytes instead of eight. */
function isHundredths(value: number): boolean {
  const hundredths = Math.round(value * 100);
  return Math.abs(hundredths) < 2 ** 40 && hundredths / 100 === value && !Object.is(value, -0);
}

function writeColumn(column: readonly Value[]): void {
  const tag = kindOf(column);
  out.byte(tag);
  if (tag === kind.nulls) return;
  if (tag >= withNulls) {
    for (let i = 0; i < column.length; i += 8) {
      let bits = 0;
      for (let j = 0; j < 8 && i + j < column.length; j++) if (column[i + j] !== null) bits |= 1 << j;
      out.byte(bits);
    }
  }
  for (const value of column) if (value !== null) writeValue(tag & 7, value);
}
function writeValue(tag: number, value: Value): void {
  switch (tag) {
    case kind.integers:
      zigzag(value as number);
      return;
    case kind.cents:
      zigzag(Math.round((value as number) * 100));
      return;
    case kind.doubles:
      double(value as number);
      return;
    case kind.booleans:
      out.byte(value === true ? 1 : 0);
      return;
    case kind.texts: {
      const text = value as string;
      varint(Buffer.byteLength(text));
      out.text(text);
      return;
    }
    default: {
      const encoded = encodeShared(value);
      varint(encoded.length);
      out.copy(encoded);
    }
  }
}

let source: Buffer = Buffer.alloc(0);
let at = 0;
function readVarint(): number {
  let byte = source[at++]!;
  let value = byte & 127;
  for (let factor = 128; byte > 127; factor *= 128) {
    byte = source[at++]!;
    value += (byte & 127) * factor;
  }
  return value;
}
function readZigzag(): number {
  const value = readVarint();
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
function readDouble(): number {
  at += 8;
  return source.readDoubleBE(at - 8);
}

/** Decodes what `encodeChunk` wrote into a chunk. */
export function decodeChunk(bytes: Buffer, chunk: Chunk, width: number): TailInfo {
  source = bytes;
  at = 0;
  chunk.rank = readDouble();
  const tail = { sealed: readVarint(), nextId: readVarint() };
  const count = readVarint();
  chunk.count = count;
  chunk.times = readTimes(count);
  // Columns of marks were not there in an older plan; they are behind the others.
  chunk.columns = Array.from({ length: width }, () =>
    at < bytes.length ? readColumn(count) : new Array<Value>(count).fill(null),
  );
  chunk.measure();
  return tail;
}

function readColumn(count: number): Value[] {
  const tag = source[at++]!;
  const values: Value[] = [];
  if (tag === kind.nulls) {
    for (let i = 0; i < count; i++) values.push(null);
    return values;
  }
  const bitmap = at;
  if (tag >= withNulls) at += Math.ceil(count / 8);
  for (let i = 0; i < count; i++) {
    const isNull = tag >= withNulls && (source[bitmap + (i >> 3)]! & (1 << (i & 7))) === 0;
    values.push(isNull ? null : readValue(tag & 7));
  }
  return values;
}
function readValue(tag: number): Value {
  switch (tag) {
    case kind.integers:
      return readZigzag();
    case kind.cents:
      return readZigzag() / 100;
    case kind.doubles:
      return readDouble();
    case kind.booleans:
      return source[at++] === 1;
    case kind.texts: {
      const length = readVarint();
      at += length;
      return source.utf8Slice(at - length, at);
    }
    case kind.values: {
      const length = readVarint();
      at += length;
      return decodeValue(source.subarray(at - length, at)) as Value;
    }
    default:
      throw new InternalError(`a chunk of events has a column of kind ${tag}`);
  }
}
