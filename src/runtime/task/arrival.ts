import type { InputLog } from '../ports/log.ts';
import type { InputPartition } from './input-merger.ts';
import { isOrdered, type TaskSpec } from './spec.ts';

/** How far a task's inputs are behind their topics, and whether what is there may be taken yet. */
export class Arrival {
  /** Whether inputs are taken in order of time, as a join does. */
  readonly isOrdered: boolean;
  readonly #inputs: readonly InputPartition[];
  readonly #log: InputLog;
  readonly #maxIdleMs: number | undefined;
  /** Since when an input has waited for another one. */
  #waitsSince: number | undefined;

  constructor(inputs: readonly InputPartition[], log: InputLog, spec: TaskSpec) {
    this.#inputs = inputs;
    this.#log = log;
    this.isOrdered = isOrdered(spec);
    this.#maxIdleMs = spec.settings.maxIdleMs;
  }

  /** Records fetched or known to be in the log that are not taken. */
  get lag(): number {
    let lag = 0;
    for (const input of this.#inputs) {
      const end = this.#log.end(input);
      if (end !== Infinity) lag += Math.max(0, end - input.reached);
    }
    return lag;
  }

  /** Whether a join must wait: an input's buffer is empty and its topic has more records. */
  isBehind(): boolean {
    if (!this.isOrdered) return false;
    return this.#inputs.some((input) => input.isEmpty && !this.isRead(input)) || this.#waitsForOthers();
  }
  /** `max.task.idle.ms`: whether an input with records waits for another of its partition, which may have earlier ones. */
  #waitsForOthers(): boolean {
    const maxIdleMs = this.#maxIdleMs;
    if (maxIdleMs === undefined) return false;
    const waits = this.#inputs.some(
      (full) =>
        !full.isEmpty &&
        this.#inputs.some(
          ({ isEmpty, stepId, partition }) => isEmpty && stepId !== full.stepId && partition === full.partition,
        ),
    );
    if (!waits) this.#waitsSince = undefined;
    else this.#waitsSince ??= performance.now();
    return this.#waitsSince !== undefined && performance.now() - this.#waitsSince < maxIdleMs;
  }
  /** Whether a join must not take what other inputs have: this one's topic has records that are not fetched. */
  readonly hasMore = (input: InputPartition): boolean => this.isOrdered && !this.isRead(input);

  isRead(input: InputPartition): boolean {
    return input.isEmpty && input.fetched >= this.#log.end(input);
  }
  allAreRead(): boolean {
    return this.#inputs.every((input) => this.isRead(input));
  }
}
