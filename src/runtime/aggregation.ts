import type { Aggregator } from '../functions/define.ts';
import type { Value, Row } from '../types/sql-type.ts';

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
  /** First states of all parts: a copy has no room to spare, and that of numbers alone holds them as they are. */
  readonly #first: States;
  /** The parts whose first state is an object, which groups must not share. */
  readonly #owned: readonly number[];

  constructor(parts: readonly BoundAggregate[]) {
    this.#parts = parts;
    // With a fraction in it the array is one of doubles from the start.
    this.#first = [0.5];
    for (const { aggregator } of parts) this.#first.push(aggregator.init());
    this.#owned = parts.flatMap((_, i) => (isObject(this.#first[i + 1]) ? [i] : []));
  }

  init(timestamp: number): States {
    const states = this.#first.slice() as States;
    states[0] = timestamp;
    for (const i of this.#owned) states[i + 1] = this.#parts[i]!.aggregator.init();
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
    const merged = left.slice() as States;
    if (right[0] > left[0]) merged[0] = right[0];
    for (let i = 0; i < this.#parts.length; i++)
      merged[i + 1] = this.#parts[i]!.aggregator.merge!(left[i + 1] as never, right[i + 1] as never);
    return merged;
  }

  /** A row of a key and the results of its states, or of two states together, with room for more values at its end. */
  row(key: Row, states: States, room: number, others?: States): Value[] {
    const row = new Array<Value>(key.length + this.#parts.length + room);
    let at = 0;
    for (; at < key.length; at++) row[at] = key[at]!;
    for (let i = 0; i < this.#parts.length; i++) {
      const { aggregator } = this.#parts[i]!;
      const state = states[i + 1] as never;
      const whole = others === undefined ? state : (aggregator.merge!(state, others[i + 1] as never) as never);
      row[at++] = aggregator.result(whole);
    }
    return row;
  }

  /** Whether panes may be merged in time order and give what single windows would. */
  get orderFree(): boolean {
    return this.#parts.every(({ aggregator }) => aggregator.merge !== undefined && aggregator.orderFree);
  }
}

const isObject = (state: unknown): boolean => typeof state === 'object' && state !== null;

/** The state of one group: its key, and what `AggregateSet` keeps of it. Changed in place. */
export type GroupState = [key: Row, states: States];
