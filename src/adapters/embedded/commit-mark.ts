import { readFileSync } from 'node:fs';
import { crc32c } from '../../records/crc32c.ts';
import { bootId } from '../../util/process-id.ts';
import { writeWhole, type LogFiles } from './log-files.ts';

/** What the mark says of the last commit that a node made. */
export interface Mark {
  readonly number: number;
  /** Whether the node was closed in order after this commit. */
  readonly closed: boolean;
  /** Whether commits waited for the disk. */
  readonly sync: boolean;
  /** The start of the machine that it was written under. */
  readonly boot: string;
}

const magic = 0x4d524331; // "MRC1"
const slotBytes = 64;
const bootBytes = 36;
const flags = { closed: 1, sync: 2 } as const;

/**
 * The number of the last commit, in a file beside the database: a database that has fewer lost what was acknowledged. Two slots
 * of a fixed size are written in turn, so that a torn write leaves the other, and no write needs room on the disk. A commit
 * writes it last; where that fails the mark is only older.
 */
export class CommitMark {
  readonly #files: LogFiles;
  readonly #file: number;
  readonly #slot = Buffer.alloc(slotBytes);
  readonly #sync: boolean;

  constructor(path: string, files: LogFiles, sync: boolean, exists: boolean) {
    this.#files = files;
    this.#sync = sync;
    this.#file = files.open(path, exists ? 'write' : 'new');
    this.#slot.writeUInt32BE(magic, 4);
    this.#slot.write(bootId(), 24, bootBytes, 'latin1');
  }

  set(number: number, closed = false): void {
    const slot = this.#slot;
    slot.writeBigUInt64BE(BigInt(number), 8);
    slot.writeUInt32BE((closed ? flags.closed : 0) | (this.#sync ? flags.sync : 0), 16);
    slot.writeUInt32BE(crc32c(slot, 4, slotBytes), 0);
    writeWhole(this.#files, this.#file, slot, (number % 2) * slotBytes);
  }

  /** Sets the number in both slots, so that none tells of later commits. */
  begin(number: number): void {
    this.set(number);
    writeWhole(this.#files, this.#file, this.#slot, ((number + 1) % 2) * slotBytes);
  }

  close(number: number): void {
    try {
      this.set(number, true);
      this.#files.sync(this.#file);
    } finally {
      this.#files.close(this.#file);
    }
  }
}

/** Reads the newest whole mark; undefined where there is no file, 'damaged' where no slot of it is whole. */
export function readMark(path: string): Mark | 'damaged' | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  // A start that ended before its first write.
  if (bytes.length === 0) return undefined;
  let newest: Mark | undefined;
  for (let at = 0; at + slotBytes <= bytes.length; at += slotBytes) {
    const slot = bytes.subarray(at, at + slotBytes);
    if (slot.readUInt32BE(4) !== magic || slot.readUInt32BE(0) !== crc32c(slot, 4, slotBytes)) continue;
    const number = Number(slot.readBigUInt64BE(8));
    const found = slot.readUInt32BE(16);
    const boot = slot.latin1Slice(24, 24 + bootBytes).replace(/\0+$/, '');
    const mark = { number, closed: (found & flags.closed) !== 0, sync: (found & flags.sync) !== 0, boot };
    if (newest === undefined || number > newest.number || (number === newest.number && mark.closed)) newest = mark;
  }
  return newest ?? 'damaged';
}
