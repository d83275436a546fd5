import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** An entry of a sort: where it stands, and what it carries. Both are bytes that nobody changes. */
export interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Memory of an entry beside its bytes. */
const overhead = 200;
const readBytes = 1 << 16;

/** Sorts any number of entries by the bytes of their keys, with so many bytes in memory and the rest on disk. */
export class Sorter {
  readonly #folder: string;
  readonly #memory: number;
  #entries: Entry[] = [];
  #bytes = 0;
  readonly #runs: string[] = [];

  constructor(folder: string, memory: number) {
    this.#folder = folder;
    this.#memory = memory;
    mkdirSync(folder, { recursive: true });
  }

  add(key: Buffer, value: Buffer): void {
    this.#entries.push({ key, value });
    this.#bytes += key.length + value.length + overhead;
    if (this.#bytes > this.#memory) this.#spill();
  }
  #spill(): void {
    const path = join(this.#folder, String(this.#runs.length));
    const file = openSync(path, 'w');
    let chunk: Buffer[] = [];
    let size = 0;
    const write = (): void => {
      writeSync(file, Buffer.concat(chunk));
      chunk = [];
      size = 0;
    };
    for (const { key, value } of this.#sorted()) {
      const head = Buffer.allocUnsafe(8);
      head.writeUInt32LE(key.length, 0);
      head.writeUInt32LE(value.length, 4);
      chunk.push(head, key, value);
      size += 8 + key.length + value.length;
      if (size > readBytes) write();
    }
    write();
    closeSync(file);
    this.#runs.push(path);
    this.#entries = [];
    this.#bytes = 0;
  }
  #sorted(): Entry[] {
    return this.#entries.sort((a, b) => Buffer.compare(a.key, b.key));
  }

  /** The entries in order of their keys, those with equal keys in any order. Can be read once; the folder is gone then. */
  *sorted(): Iterable<Entry> {
    const runs = [...this.#runs.map(entriesOf), this.#sorted()[Symbol.iterator]()];
    const heads: { entry: Entry; run: Iterator<Entry> }[] = [];
    const sink = (from: number): void => {
      for (let i = from; ;) {
        const left = 2 * i + 1;
        const least = left + 1 < heads.length && isLess(heads[left + 1]!, heads[left]!) ? left + 1 : left;
        if (least >= heads.length || !isLess(heads[least]!, heads[i]!)) return;
        [heads[i], heads[least]] = [heads[least]!, heads[i]!];
        i = least;
      }
    };
    for (const run of runs) {
      const next = run.next();
      if (next.done !== true) heads.push({ entry: next.value, run });
    }
    for (let i = heads.length >> 1; i >= 0; i--) if (i < heads.length) sink(i);
    try {
      for (let top = heads[0]; top !== undefined; top = heads[0]) {
        yield top.entry;
        const next = top.run.next();
        if (next.done !== true) top.entry = next.value;
        else {
          const last = heads.pop()!;
          if (last !== top) heads[0] = last;
        }
        sink(0);
      }
    } finally {
      this.clear();
    }
  }

  clear(): void {
    this.#entries = [];
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const isLess = (a: { readonly entry: Entry }, b: { readonly entry: Entry }): boolean =>
  Buffer.compare(a.entry.key, b.entry.key) < 0;

/** The entries of a run, in the order in which they were written. */
function* entriesOf(path: string): Generator<Entry, undefined> {
  const file = openSync(path, 'r');
  let bytes = Buffer.alloc(0);
  let at = 0;
  const need = (count: number): boolean => {
    if (bytes.length - at >= count) return true;
    const more = Buffer.allocUnsafe(Math.max(readBytes, count));
    const read = readSync(file, more);
    bytes = Buffer.concat([bytes.subarray(at), more.subarray(0, read)]);
    at = 0;
    return read === 0 ? bytes.length >= count : need(count);
  };
  try {
    while (need(8)) {
      const [keyLength, valueLength] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
      need(8 + keyLength + valueLength);
      const start = at + 8;
      yield {
        key: bytes.subarray(start, start + keyLength),
        value: bytes.subarray(start + keyLength, start + keyLength + valueLength),
      };
      at = start + keyLength + valueLength;
    }
    return undefined;
  } finally {
    closeSync(file);
  }
}
