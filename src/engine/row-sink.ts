import type { Change } from '../runtime/change.ts';
import type { Sink } from '../runtime/sinks/sink.ts';

/** A sink whose rows are taken after each step. Nothing is committed. */
export interface TakenSink<T> extends Sink {
  take(): readonly T[];
}

/** Keeps changes until they are taken. */
export class RowSink implements TakenSink<Change> {
  #changes: Change[] = [];

  write(changes: readonly Change[]): number {
    this.#changes = this.#changes.length === 0 ? [...changes] : this.#changes.concat(changes);
    return changes.length;
  }
  take(): readonly Change[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }
  /** Nothing to flush: nothing is committed. */
  flush(): void {
    return undefined;
  }
}
