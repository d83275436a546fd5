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

/** All aggregates of a step together: their states are one array, in the order of the calls. */
export class AggregateSet {
  readonly #parts: readonly BoundAggregate[];

  constructor(parts: readonly BoundAggregate[]) {
    this.#parts = parts;
  }

  init(): unknown[] {
    return this.#parts.map(({ aggregator }) => aggregator.init());
  }

  add(states: unknown[], row: Row): void {
    for (let i = 0; i < this.#parts.length; i++) {
      const { aggregator, first, rest } = this.#parts[i]!;
      states[i] = aggregator.add(
        states[i] as never,
        first === undefined ? null : first(row),
        rest === undefined ? none : rest(row),
      );
    }
  }

  undo(states: unknown[], row: Row): void {
    for (let i = 0; i < this.#parts.length; i++) {
      const { aggregator, first, rest } = this.#parts[i]!;
      states[i] = aggregator.undo!(
        states[i] as never,
        first === undefined ? null : first(row),
        rest === undefined ? none : rest(row),
      );
    }
  }

  merge(left: readonly unknown[], right: readonly unknown[]): unknown[] {
    return this.#parts.map(({ aggregator }, i) => aggregator.merge!(left[i] as never, right[i] as never));
  }

  /** Appends the results to a row. */
  results(states: readonly unknown[], into: Value[]): void {
    for (let i = 0; i < this.#parts.length; i++) into.push(this.#parts[i]!.aggregator.result(states[i] as never));
  }

  /** Appends the results of two states together to a row. */
  mergedResults(left: readonly unknown[], right: readonly unknown[], into: Value[]): void {
    for (let i = 0; i < this.#parts.length; i++) {
      const { aggregator } = this.#parts[i]!;
      into.push(aggregator.result(aggregator.merge!(left[i] as never, right[i] as never) as never));
    }
  }

  /** Whether panes may be merged in time order and give what single windows would. */
  get orderFree(): boolean {
    return this.#parts.every(({ aggregator }) => aggregator.merge !== undefined && aggregator.orderFree);
  }
}

/** The state of one group: its newest event time, its key, and the states of its aggregates. Changed in place. */
export type GroupState = [timestamp: number, key: Row, states: unknown[]];
