/** A message of PostgreSQL's protocol 3.0 to a client: its type, its length, its parts. */
export function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(4 + parts.reduce((sum, part) => sum + part.length, 0), 1);
  return Buffer.concat([head, ...parts]);
}

export const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
/** A text with the zero behind it; a zero within it would end it early. */
export const cstring = (text: string): Buffer => Buffer.from(`${text.replaceAll('\0', '')}\0`);

/** A mistake of a client, or what this door does not do, with its SQLSTATE. */
export class WireError extends Error {
  readonly state: string;
  readonly hint: string | undefined;
  constructor(state: string, text: string, hint?: string) {
    super(text);
    this.state = state;
    this.hint = hint;
  }
}

/** Reads the fields of a message; one that ends too early is the client's mistake. */
export class Fields {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get left(): number {
    return this.#bytes.length - this.#at;
  }
  bytes(length: number): Buffer {
    if (length < 0 || length > this.left) throw new WireError('08P01', 'the message ends too early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  int16(): number {
    return this.bytes(2).readInt16BE();
  }
  int32(): number {
    return this.bytes(4).readInt32BE();
  }
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new WireError('08P01', 'a text of the message has no end');
    const text = this.bytes(end - this.#at).toString('utf8');
    this.#at++;
    return text;
  }
  /** A list that begins with its length in 16 bits. */
  list<T>(read: () => T): T[] {
    const length = this.int16() & 0xffff;
    return Array.from({ length }, read);
  }
}

/** A message of a client; the first of a connection has no type. */
export interface ClientMessage {
  readonly type: string;
  readonly body: Buffer;
}

/** Cuts bytes into messages; undefined while one is not whole. */
export class Inbox {
  #bytes: Buffer = Buffer.alloc(0);

  get length(): number {
    return this.#bytes.length;
  }
  push(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
  }
  /** `typed`: the message begins with its type, as all but the first do. */
  take(typed: boolean, longest: number): ClientMessage | undefined {
    const at = typed ? 1 : 0;
    if (this.#bytes.length < at + 4) return undefined;
    const length = this.#bytes.readInt32BE(at);
    if (length < 4 || length > longest) throw new WireError('08P01', `a message is longer than ${longest} bytes`);
    if (this.#bytes.length < at + length) return undefined;
    const type = typed ? this.#bytes.toString('latin1', 0, 1) : '';
    const body = this.#bytes.subarray(at + 4, at + length);
    this.#bytes = this.#bytes.subarray(at + length);
    return { type, body };
  }
}
