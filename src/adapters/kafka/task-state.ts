import type { StateBackend, StateBatch, StateWriter } from '../../runtime/ports/state-backend.ts';
import { InternalError } from '../../util/internal-error.ts';
import { LocalState } from './local-state.ts';
import type { TaskProducer } from './task-producer.ts';
import { WireError } from './wire-error.ts';
import type { Wire } from './wire.ts';

/** So much is put into the store in one turn, between those of the tasks that run. */
export const restoreBytes = 2 << 20;

export interface TaskStateOptions {
  readonly backend: StateBackend;
  readonly wire: Wire;
  readonly producer: TaskProducer;
  /** The changelog, and the task's partition of it. */
  readonly topic: string;
  readonly partition: number;
  /** Identifies the task. */
  readonly name: string;
}

/** The state of one task: a prefix in the worker's backend, and the changelog that restores it. */
export class TaskState {
  readonly #options: TaskStateOptions;
  readonly #local: LocalState;
  #changelogNext = 0;
  /** Set when nobody waits for the end of `restore`. */
  isCancelled = false;

  constructor(options: TaskStateOptions) {
    this.#options = options;
    this.#local = new LocalState(options.backend, options.name);
  }

  /** The prefix of all keys of the task. */
  get prefix(): Buffer {
    return this.#local.prefix;
  }

  /**
   * Restores the state. Local state is used if the changelog still has everything after its position; otherwise the state is
   * rebuilt. Returns the number of records read.
   */
  async restore(): Promise<number> {
    const { backend, wire, topic, partition } = this.#options;
    const end = (await wire.listOffsets(topic, [partition], -1)).get(partition) ?? 0;
    const start = (await wire.listOffsets(topic, [partition], -2)).get(partition) ?? 0;
    let position = this.#local.open(start, end);
    let restored = 0;
    while (position < end) {
      if (this.isCancelled) throw new InternalError('the task was stopped while it restored its state');
      const [fetched] = await wire.fetch([{ topic, partition, offset: position }], 500, restoreBytes, true);
      if (fetched?.trouble !== undefined) throw new WireError(3, fetched.trouble);
      if (fetched === undefined) continue;
      restored += this.#local.apply(fetched, position);
      position = fetched.next;
    }
    this.#changelogNext = end;
    this.#local.write(backend.batch(), this.#changelogNext);
    return restored;
  }

  /** A writer that writes each change into a local batch and into the changelog. */
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

  /**
   * Writes a batch that is in the changelog. The position is behind its last record, and not the changelog's end: another owner may
   * have written since, whose records are not in this state. Where it is not known, it stays: some is then restored again.
   */
  write(batch: StateBatch): void {
    const { producer, topic, partition } = this.#options;
    this.#changelogNext = producer.reached(topic, partition) ?? this.#changelogNext;
    this.#local.write(batch, this.#changelogNext);
  }
}
