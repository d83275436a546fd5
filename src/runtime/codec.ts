import { InternalError } from '../util/internal-error.ts';
import { hasLoneSurrogate } from '../util/lone-surrogate.ts';

/**
 * The binary encoding of state values, version 1: a tag and a payload, for null, booleans, numbers, bigints, strings, bytes,
 * arrays and Maps. Used by stores and changelogs.
 */
const tag = {
  null: 0,
  true: 1,
  false: 2,
  integer: 3,
  double: 4,
  bigint: 5,
  string: 6,
  bytes: 7,
  array: 8,
  map: 9,
  negative: 10,
  undefined: 11,
  /** A text that UTF-8 cannot hold, in UTF-16. */
  halves: 12,
} as const;

let bytes = Buffer.allocUnsafe(1 << 16);
let position = 0;

function need(size: number): void {
  if (position + size <= bytes.length) return;
  const grown = Buffer.allocUnsafe(Math.max(bytes.length * 2, position + size));
  bytes.copy(grown, 0, 0, position);
  bytes = grown;
}

/** Writes a varint. Uses shifts up to 32 bits, because dividing doubles for each byte is slow. */
function writeLength(value: number): void {
  need(8);
  let rest = value;
  if (value > 0x7fffffff) {
    rest = Math.floor(value / 0x10000000);
    const low = value - rest * 0x10000000;
    for (let shift = 0; shift < 28; shift += 7) bytes[position++] = (low >>> shift) | 128;
  }
  let small = rest | 0;
  for (; small > 127; small >>>= 7) bytes[position++] = small | 128;
  bytes[position++] = small;
}

const lengthWidth = (value: number): number =>
  value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;

function write(value: unknown): void {
  need(16);
  if (value === null) bytes[position++] = tag.null;
  else if (value === undefined) bytes[position++] = tag.undefined;
  else if (typeof value === 'number') writeNumber(value);
  else if (typeof value === 'string') writeText(value);
  else if (typeof value === 'boolean') bytes[position++] = value ? tag.true : tag.false;
  else if (typeof value === 'bigint') {
    bytes[position++] = tag.bigint;
    const text = value.toString();
    writeLength(text.length);
    need(text.length);
    position += bytes.latin1Write(text, position);
  } else if (Array.isArray(value)) {
    bytes[position++] = tag.array;
    writeLength(value.length);
    for (const item of value) write(item);
  } else if (Buffer.isBuffer(value)) {
    bytes[position++] = tag.bytes;
    writeLength(value.length);
    need(value.length);
    position += value.copy(bytes, position);
  } else if (value instanceof Map) {
    bytes[position++] = tag.map;
    writeLength(value.size);
    for (const [key, item] of value) {
      write(key);
      write(item);
    }
  } else throw new InternalError(`a ${typeof value} cannot be stored`);
}

function writeNumber(value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    bytes[position++] = value < 0 ? tag.negative : tag.integer;
    writeLength(Math.abs(value));
  } else {
    bytes[position++] = tag.double;
    position = bytes.writeDoubleBE(value, position);
  }
}

function writeText(value: string): void {
  bytes[position++] = tag.string;
  need(value.length * 3 + 12);
  const start = position;
  writeLength(value.length);
  const width = position - start;
  const written = bytes.utf8Write(value, position);
  if (written !== value.length) {
    if (hasLoneSurrogate(value)) {
      position = start - 1;
      writeHalves(value);
      return;
    }
    const moved = lengthWidth(written);
    if (moved !== width) bytes.copyWithin(start + moved, position, position + written);
    position = start;
    writeLength(written);
  }
  position += written;
}

function writeHalves(value: string): void {
  bytes[position++] = tag.halves;
  writeLength(value.length * 2);
  position += bytes.write(value, position, 'utf16le');
}

/** The bytes of a value. */
export function encodeValue(value: unknown): Buffer {
  return Buffer.from(encodeShared(value));
}

/** Encodes a value into a shared buffer, which is valid until the next call. */
export function encodeShared(value: unknown): Buffer {
  position = 0;
  write(value);
  return bytes.subarray(0, position);
}

/** Reads what `encodeValue` wrote. */
export function decodeValue(source: Buffer): unknown {
  let at = 0;
  const length = (): number => {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = source[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  const read = (): unknown => {
    switch (source[at++]) {
      case tag.null:
        return null;
      case tag.undefined:
        return undefined;
      case tag.true:
        return true;
      case tag.false:
        return false;
      case tag.integer:
        return length();
      case tag.negative:
        return -length();
      case tag.double:
        at += 8;
        return source.readDoubleBE(at - 8);
      case tag.bigint: {
        const size = length();
        at += size;
        return BigInt(source.latin1Slice(at - size, at));
      }
      case tag.string: {
        const size = length();
        at += size;
        return source.utf8Slice(at - size, at);
      }
      case tag.halves: {
        const size = length();
        at += size;
        return source.toString('utf16le', at - size, at);
      }
      case tag.bytes: {
        const size = length();
        at += size;
        return Buffer.from(source.subarray(at - size, at));
      }
      case tag.array: {
        const size = length();
        const items: unknown[] = new Array(size);
        for (let i = 0; i < size; i++) items[i] = read();
        return items;
      }
      case tag.map: {
        const map = new Map<unknown, unknown>();
        for (let left = length(); left > 0; left--) {
          const key = read();
          map.set(key, read());
        }
        return map;
      }
      default:
        throw new InternalError(`state value: no tag ${source[at - 1]}`);
    }
  };
  return read();
}
