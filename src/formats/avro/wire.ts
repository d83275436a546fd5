import type { Long } from '../../types/sql-type.ts';
import type { Bytes } from '../../util/bytes.ts';
import { DecodeError } from '../define.ts';
import { putVarint, putWideVarint, VarintReader } from '../varints.ts';

/** Writes an int or long in zigzag form. */
export function putLong(value: Long, out: Bytes): void {
  if (typeof value === 'number' && value < 2 ** 51 && value > -(2 ** 51)) {
    putVarint(value >= 0 ? value * 2 : -value * 2 - 1, out);
    return;
  }
  const wide = BigInt(value);
  putWideVarint((wide << 1n) ^ (wide >> 63n), out);
}

/** Reads Avro's binary encoding. */
export class AvroReader extends VarintReader {
  constructor() {
    super('an Avro value');
  }

  /** Reads a length, count or index. */
  small(): number {
    const value = this.zigzag();
    if (typeof value === 'bigint') throw new DecodeError('a length in an Avro value is too large');
    return value;
  }

  /** Calls `readItem` for each item of an array or map, which is a sequence of counted blocks that ends with an empty one. */
  items(readItem: () => void): void {
    for (;;) {
      let count = this.small();
      if (count === 0) return;
      if (count < 0) {
        count = -count;
        this.zigzag();
      }
      // Items may be empty, so a count that is far too large must be detected by itself.
      if (count > this.end - this.at + 1_000_000) throw new DecodeError('an Avro value ends too early');
      for (let i = 0; i < count; i++) readItem();
    }
  }
}
