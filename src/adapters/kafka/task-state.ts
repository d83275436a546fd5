import { createHash } from 'node:crypto';
import { decodeValue, encodeValue } from '../../runtime/codec.ts';
import type { StateBackend, StateBatch, StateWriter } from '../../runtime/ports/state-backend.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import { recordsIn } from '../../runtime/topic-records.ts';
import type { TaskProducer } from './task-producer.ts';
import type { Wire } from './wire.ts';

export interface TaskStateOptions {
  readonly backend: StateBackend;
  readonly wire: Wire;
  readonly producer: TaskProducer;
  /** The changelog, and the partition of it that is the task's. */
  readonly topic: string;
  readonly partition: number;
  /** What tells the task from all others. */
  readonly name: string;
}

/** The state of one task: its place in the worker's backend, and the changelog that it is restored from. */
export class TaskState {
  /** Every key of the task begins with it. */
  readonly prefix: Buffer;
  readonly #options: TaskStateOptions;
  #changelogNext = 0;

  constructor(options: TaskStateOptions) {
    this.#options = options;
    this.prefix = shortName(options.name);
  }

  /**
   * Local state is used when it is where the changelog ends, or the changelog still has its tail; else it is made anew. Gives how
   * many records were read.
   */
  async restore(): Promise<number> {
    const { backend, wire, topic, partition } = this.#options;
    const end = (await this.#end()) ?? 0;
    const start = (await wire.listOffsets(topic, [partition], -2)).get(partition) ?? 0;
    const stored = backend.getMany([this.#positionKey()])[0];
    let position = stored === undefined ? -1 : (decodeValue(stored) as number);
    if (position < start || position > end) {
      backend.deleteRange(this.prefix, after(this.prefix));
      position = start;
    }
    let restored = 0;
    while (position < end) {
      const [fetched] = await wire.fetch([{ topic, partition, offset: position }], 500, 8 << 20);
      if (fetched === undefined) continue;
      const writes = backend.batch();
      for (const { key, value } of recordsIn(fetched.batches, partition, position)) {
        const whole = Buffer.concat([this.prefix, key!]);
        if (value === null) writes.delete(whole);
        else writes.put(whole, value);
        restored++;
      }
      fetched.lease.release();
      position = fetched.next;
      this.#writePosition(writes, position);
    }
    this.#changelogNext = end;
    this.#writePosition(backend.batch(), this.#changelogNext);
    return restored;
  }

  /** Writes each change of state into a local batch and into the changelog. */
  changelogged(batch: StateBatch): StateWriter {
    const { producer, topic, partition } = this.#options;
    const skip = this.prefix.length;
    const now = Date.now();
    return {
      put: (key, value) => {
        batch.put(key, value);
        producer.add(topic, partition, now, key.subarray(skip), value);
      },
      delete: (key) => {
        batch.delete(key);
        producer.add(topic, partition, now, key.subarray(skip), null);
      },
    };
  }

  /** Writes a batch whose changes the changelog has. Its end is what the broker says: transaction markers take offsets too. */
  async write(batch: StateBatch): Promise<void> {
    this.#changelogNext = (await this.#end()) ?? this.#changelogNext;
    this.#writePosition(batch, this.#changelogNext);
  }

  async #end(): Promise<number | undefined> {
    const { wire, topic, partition } = this.#options;
    return (await wire.listOffsets(topic, [partition], -1)).get(partition);
  }

  /** Writes a batch with the place in the changelog that the state is then at. */
  #writePosition(batch: StateBatch, position: number): void {
    batch.put(this.#positionKey(), encodeValue(position));
    batch.write(false);
  }
  #positionKey(): Buffer {
    return Buffer.concat([Buffer.from('position/'), this.prefix]);
  }

  /** Deletes everything that is kept locally. */
  forget(): void {
    const { backend } = this.#options;
    backend.deleteRange(this.prefix, after(this.prefix));
    const batch = backend.batch();
    batch.delete(this.#positionKey());
    batch.write(false);
  }
}

/** Nine bytes that stand for a name: every key of the task begins with them, and is compared with others all the way. */
function shortName(name: string): Buffer {
  return Buffer.concat([Buffer.from('t'), createHash('sha256').update(name).digest().subarray(0, 8)]);
}
