import { createHash } from 'node:crypto';
import { decodeValue, encodeValue } from '../../runtime/codec.ts';
import type { StateBackend, StateBatch } from '../../runtime/ports/state-backend.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import { recordsIn } from '../../runtime/topic-records.ts';
import type { Fetched } from './responses.ts';

/** What a node has stored of one task's state: the changelog up to a position, under a prefix of its own. */
export class LocalState {
  /** The prefix of all keys of the task. */
  readonly prefix: Buffer;
  readonly #backend: StateBackend;

  constructor(backend: StateBackend, task: string) {
    this.#backend = backend;
    this.prefix = shortName(task);
  }

  /**
   * The position that the changelog continues it from, if that still has everything after it; otherwise nothing is kept, and the
   * changelog is read from its start.
   */
  open(start: number, end: number): number {
    const stored = this.#backend.getMany([this.#positionKey()])[0];
    const position = stored === undefined ? -1 : (decodeValue(stored) as number);
    if (position >= start && position <= end) return position;
    this.#backend.deleteRange(this.prefix, after(this.prefix));
    return start;
  }

  /** Applies what was fetched from a position on, which the caller no longer needs. Returns the number of records. */
  apply(fetched: Fetched, position: number): number {
    const writes = this.#backend.batch();
    let count = 0;
    for (const { key, value } of recordsIn(fetched.batches, fetched.partition, position)) {
      const whole = Buffer.concat([this.prefix, key!]);
      if (value === null) writes.delete(whole);
      else writes.put(whole, value);
      count++;
    }
    fetched.lease.release();
    this.write(writes, fetched.next);
    return count;
  }

  /** Writes a batch with the changelog position of the state after it. */
  write(batch: StateBatch, position: number): void {
    batch.put(this.#positionKey(), encodeValue(position));
    batch.write(false);
  }

  /** Deletes all of it here. */
  forget(): void {
    this.#backend.deleteRange(this.prefix, after(this.prefix));
    const batch = this.#backend.batch();
    batch.delete(this.#positionKey());
    batch.write(false);
  }

  #positionKey(): Buffer {
    return Buffer.concat([positions, this.prefix]);
  }
}

const positions = Buffer.from('position/');
/** Deletes the state of every task but these, as of queries that were dropped while this node was away. Returns how many had some. */
export function forgetOthers(backend: StateBackend, tasks: readonly string[]): number {
  const kept = new Set(tasks.map((task) => shortName(task).toString('hex')));
  const gone: Buffer[] = [];
  for (const [key] of backend.range(positions, after(positions)))
    if (!kept.has(key.toString('hex', positions.length))) gone.push(Buffer.from(key));
  const batch = backend.batch();
  for (const key of gone) {
    const prefix = key.subarray(positions.length);
    backend.deleteRange(prefix, after(prefix));
    batch.delete(key);
  }
  if (gone.length > 0) batch.write(false);
  return gone.length;
}

/** The name of a task's state. */
export const stateName = (group: string, part: number, partition: number): string => `${group}/${part}/${partition}/`;

/** A hash of nine bytes for a name: a short prefix keeps comparisons of keys fast. */
function shortName(name: string): Buffer {
  return Buffer.concat([Buffer.from('t'), createHash('sha256').update(name).digest().subarray(0, 8)]);
}
