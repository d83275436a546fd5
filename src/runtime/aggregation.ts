import type { Aggregator } from '../functions/define.ts';
import type { Value } from '../types/sql-type.ts';
import type { Row } from './change.ts';

/** One aggregate of a step: its code, and its arguments as functions of an input row. */
export interface BoundAggregate {
  readonly aggregator: Aggregator;
  readonly first: ((row: Row) => Value) | undefined;
  readonly rest: ((row: Row) => Row) | undefined;
}

const none: Row = [];

/**
 * The newest event time of a group, then the states of its aggregates. All in one array: of numbers alone, it is changed in place
 * without making garbage.
 */
export type States = [timestamp: number, ...states: unknown[]];

/** All aggregates of a step together, in the order of the calls. */
export class AggregateSet {
  readonly #parts: readonly BoundAggregate[];

  constructor(parts: readonly BoundAggregate[]) {
    this.#parts = parts;
  }

  init(timestamp: number): States {
    const states: States = [timestamp];
    for (const { aggregator } of this.#parts) states.push(aggregator.init());
    return states;
  }

  add(states: States, row: Row, timestamp: number): void {
    if (timestamp > states[0]) states[0] = timestamp;
    for (let i = 0; i < this.#parts.length; i++) {
      const { aggregator, first, rest } = this.#parts[i]!;
      states[i + 1] = aggregator.add(
        states[i + 1] as never,
        first === undefined ? null : first(row),
        rest === undefined ? none : rest(row),
      );
    }
  }

  /** Takes a row back; the event time stays. */
  undo(states: States, row: Row): void {
    for (let i = 0; i < this.#parts.length; i++) {
      const { aggregator, first, rest } = this.#parts[i]!;
      states[i + 1] = aggregator.undo!(
        states[i + 1] as never,
        first === undefined ? null : first(row),
        rest === undefined ? none : rest(row),
      );
    }
  }

  merge(left: States, right: States): States {
    const merged: States = [Math.max(left[0], right[0])];
    for (let i = 0; i < this.#parts.length; i++)
      merged.push(this.#parts[i]!.aggregator.merge!(left[i + 1] as never, right[i + 1] as never));
    return merged;
  }

  /** Appends the results to a row. */
  results(states: States, into: Value[]): void {
    for (let i = 0; i < this.#parts.length; i++) into.push(this.#parts[i]!.aggregator.result(states[i + 1] as never));
  }

  /** Appends the results of two states together to a row. */
  mergedResults(left: States, right: States, into: Value[]): void {
    for (let i = 0; i < this.#parts.length; i++) {
      const { aggregator } = this.#parts[i]!;
      into.push(aggregator.result(aggregator.merge!(left[i + 1] as never, right[i + 1] as never) as never));
    }
  }

  /** Whether panes may be merged in time order and give what single windows would. */
  get orderFree(): boolean {
    return this.#parts.every(({ aggregator }) => aggregator.merge !== undefined && aggregator.orderFree);
  }
}

/** The state of one group: its key, and what `AggregateSet` keeps of it. Changed in place. */
export type GroupState = [key: Row, states: States];
