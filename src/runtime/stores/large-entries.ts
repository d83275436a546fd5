import { createHash } from 'node:crypto';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { requireVersion } from '../../diagnostics/version.ts';
import type { StateBackend, StateBatch, StateWriter } from '../ports/state-backend.ts';
import { after } from './key-bytes.ts';

/** An entry larger than this is cut: a commit then writes the pieces that changed, and no record is larger than about this. */
const defaultPieceBytes = 1 << 16;
/** The first byte of the head of an entry that is cut; `codec.ts` has no such tag. Then the version, then the digest of each piece. */
const headTag = 0xfe;
const headVersion = 1;
const digestBytes = 16;
/** Behind the task's prefix: a key for each entry that is cut, and the pieces. No store's name begins so. */
const indexArea = Buffer.of(0xfe);
const pieceArea = Buffer.of(0xff);
const present = Buffer.of(1);
const none: readonly string[] = [];

/**
 * The state of one task in a backend whose entries are bounded: what is longer than `pieceBytes` is cut where its content says, so
 * that a change moves few cuts, and each piece is stored under its digest. A list that grows writes its last piece and the head,
 * not all of it. Entries that are small pay for the look at their length.
 */
export class LargeEntries implements StateBackend {
  readonly #backend: StateBackend;
  readonly #prefix: Buffer;
  readonly #pieceBytes: number;
  /** The entries that are cut, by key, with the digests of their pieces; undefined where they were not read yet. */
  readonly #cut = new Map<string, readonly string[] | undefined>();

  /** `prefix` is what every key of the task begins with; `recordBytes`, the largest record that a change of an entry may be. */
  constructor(backend: StateBackend, prefix: Buffer, pieceBytes = defaultPieceBytes, recordBytes = Infinity) {
    this.#backend = backend;
    this.#prefix = prefix;
    // A piece and its key are one record.
    this.#pieceBytes = Math.min(pieceBytes, Math.floor(recordBytes / 2));
    const index = Buffer.concat([prefix, indexArea]);
    for (const [key] of backend.range(index, after(index)))
      this.#cut.set(prefix.toString('latin1') + key.latin1Slice(index.length, key.length), undefined);
  }

  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[] {
    const found = this.#backend.getMany(keys);
    if (this.#cut.size === 0) return found;
    return found.map((value, i) => value && this.#whole(keys[i]!, value));
  }
  *range(from: Buffer, to: Buffer): Iterable<readonly [Buffer, Buffer]> {
    if (this.#cut.size === 0) yield* this.#backend.range(from, to);
    else for (const [key, value] of this.#backend.range(from, to)) yield [key, this.#whole(key, value)];
  }
  last(from: Buffer, to: Buffer): Buffer | undefined {
    return this.#backend.last(from, to);
  }
  batch(): StateBatch {
    return this.#backend.batch();
  }
  deleteRange(from: Buffer, to: Buffer): void {
    const batch = this.#backend.batch();
    for (const name of [...this.#cut.keys()]) {
      const key = Buffer.from(name, 'latin1');
      if (Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0) this.#forget(batch, name, key);
    }
    batch.write(false);
    this.#backend.deleteRange(from, to);
  }
  close(): Promise<void> {
    return this.#backend.close();
  }

  /** Cuts what it is given on its way into a commit. */
  writer(into: StateWriter): StateWriter {
    return {
      put: (key, value) => {
        if (value.length > this.#pieceBytes) this.#put(into, key, value);
        else {
          if (this.#cut.size > 0) this.#forget(into, key.toString('latin1'), key);
          into.put(key, value);
        }
      },
      delete: (key) => {
        if (this.#cut.size > 0) this.#forget(into, key.toString('latin1'), key);
        into.delete(key);
      },
    };
  }

  /** New pieces, then the head, then the deletion of old pieces: whoever stops in between has an entry that is whole. */
  #put(into: StateWriter, key: Buffer, value: Buffer): void {
    const name = key.toString('latin1');
    const isNew = !this.#cut.has(name);
    const old = new Set(isNew ? none : this.#digestsOf(name, key));
    const digests: string[] = [];
    const written = new Set<string>();
    for (const piece of cut(value, this.#pieceBytes)) {
      const digest = createHash('sha256').update(piece).digest().latin1Slice(0, digestBytes);
      digests.push(digest);
      if (!old.has(digest) && !written.has(digest)) into.put(this.#pieceKey(key, digest), piece);
      written.add(digest);
    }
    if (isNew) into.put(this.#indexKey(key), present);
    into.put(key, Buffer.concat([Buffer.of(headTag, headVersion), Buffer.from(digests.join(''), 'latin1')]));
    for (const digest of old) if (!written.has(digest)) into.delete(this.#pieceKey(key, digest));
    this.#cut.set(name, digests);
  }

  /** The entry is replaced by a small one, or deleted. */
  #forget(into: StateWriter, name: string, key: Buffer): void {
    if (!this.#cut.has(name)) return;
    for (const digest of new Set(this.#digestsOf(name, key))) into.delete(this.#pieceKey(key, digest));
    into.delete(this.#indexKey(key));
    this.#cut.delete(name);
  }

  #digestsOf(name: string, key: Buffer): readonly string[] {
    const known = this.#cut.get(name);
    if (known !== undefined) return known;
    const [head] = this.#backend.getMany([key]);
    return head === undefined ? none : digestsIn(head);
  }
  #whole(key: Buffer, value: Buffer): Buffer {
    if (value[0] !== headTag || !this.#cut.has(key.toString('latin1'))) return value;
    const pieces = this.#backend.getMany(digestsIn(value).map((digest) => this.#pieceKey(key, digest)));
    return Buffer.concat(
      pieces.map((piece) => {
        if (piece === undefined)
          throw new SqlError('STATE_DAMAGED', noSpan, { what: 'a piece of an entry is missing' });
        return piece;
      }),
    );
  }

  #indexKey(key: Buffer): Buffer {
    return Buffer.concat([this.#prefix, indexArea, key.subarray(this.#prefix.length)]);
  }
  #pieceKey(key: Buffer, digest: string): Buffer {
    const rest = key.subarray(this.#prefix.length);
    return Buffer.concat([this.#prefix, pieceArea, rest, Buffer.from(digest, 'latin1')]);
  }
}

function digestsIn(head: Buffer): string[] {
  requireVersion('an entry in pieces', head[1], headVersion);
  return Array.from({ length: (head.length - 2) / digestBytes }, (_, i) =>
    head.latin1Slice(2 + i * digestBytes, 2 + (i + 1) * digestBytes),
  );
}

/** A number for each byte, always the same: the cuts of equal bytes must be equal. */
const gear = Int32Array.from({ length: 256 }, (_, i) => {
  let x = (i + 1) * 0x9e3779b1;
  for (let round = 0; round < 3; round++) x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  return x ^ (x >>> 13);
});

/**
 * Pieces of a quarter of `most` to `most` bytes, cut where the last 32 bytes have a certain hash: behind a change the same places are
 * found again, though everything moved.
 */
export function* cut(bytes: Buffer, most: number): Iterable<Buffer> {
  const least = most >> 2;
  const shift = Math.clz32(least) + 1;
  let start = 0;
  while (bytes.length - start > most) {
    const end = start + most;
    let at = start + least;
    let hash = 0;
    do hash = ((hash << 1) + gear[bytes[at++]!]!) | 0;
    while (at < end && hash >>> shift !== 0);
    yield bytes.subarray(start, at);
    start = at;
  }
  yield bytes.subarray(start);
}
