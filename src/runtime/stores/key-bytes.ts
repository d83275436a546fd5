/** Builds a store's keys in one shared buffer: a key is valid until the next call. */
export class KeyBytes {
  #bytes: Buffer;
  readonly #text: number;
  readonly #time: number;

  /** `timeBytes` is 8 for keys with a time between prefix and text, otherwise 0. */
  constructor(prefix: Buffer, timeBytes: 0 | 8) {
    this.#bytes = Buffer.allocUnsafeSlow(256);
    this.#bytes.set(prefix);
    this.#time = prefix.length;
    this.#text = prefix.length + timeBytes;
  }

  of(text: string, time = 0): Buffer {
    const most = this.#text + text.length * 3;
    if (most > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(most * 2);
      grown.set(this.#bytes.subarray(0, this.#time));
      this.#bytes = grown;
    }
    if (this.#text > this.#time) writeTime(this.#bytes, time, this.#time);
    return this.#bytes.subarray(0, this.#text + this.#bytes.utf8Write(text, this.#text));
  }
}

/** Writes a time as 64 bits, big-endian; as two halves, which is faster than a BigInt. */
export function writeTime(bytes: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 2 ** 32);
  bytes.writeInt32BE(high, at);
  bytes.writeUInt32BE(Math.floor(value) - high * 2 ** 32, at + 4);
}

/** A time as in keys: the order of the bytes is that of the times. */
export function timeBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  writeTime(bytes, value, 0);
  return bytes;
}

/** The first key after all keys with this prefix. */
export function after(prefix: Buffer): Buffer {
  const next = Buffer.from(prefix);
  for (let i = next.length - 1; i >= 0; i--) {
    if (next[i]! < 255) {
      next[i] = next[i]! + 1;
      return next.subarray(0, i + 1);
    }
  }
  return Buffer.concat([prefix, Buffer.alloc(64, 255)]);
}
