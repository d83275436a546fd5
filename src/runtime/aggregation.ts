import type { Aggregator } from '../functions/define.ts';
import type { Value, Row } from '../types/sql-type.ts';
import type { RecordPosition } from './operator.ts';

/** An aggregate of a step: its aggregator, and its arguments as functions of an input row. */
export interface BoundAggregate {
  readonly aggregator: Aggregator;
  readonly first: ((row: Row) => Value) | undefined;
  readonly rest: ((row: Row) => Row) | undefined;
}

const none: Row = [];

interface Part extends BoundAggregate {
  /** The additional last argument of `add`. */
  readonly extra: 'time' | 'arrival' | undefined;
}

/**
 * The state of a group: the newest event time, then the states of its aggregates. One array, because an array of numbers is
 * updated in place without garbage.
 */
export type States = [timestamp: number, ...states: unknown[]];

/** The aggregates of a step, in the order of the calls. */
export class AggregateSet {
  readonly #parts: readonly Part[];
  /**
   * The initial states, copied for each new group: a copied array has no spare capacity and keeps the representation of its
   * elements.
   */
  readonly #first: States;
  /** The aggregates whose initial state is an object, which must be created anew for each group. */
  readonly #owned: readonly number[];
  readonly #position: RecordPosition;
  /** Whether a function depends on the order in which rows arrived. */
  readonly needsArrival: boolean;

  /** Whether there are none, so that a group does not change. */
  readonly isEmpty: boolean;

  /** `position` is where its arguments and results report errors for. */
  constructor(parts: readonly BoundAggregate[], position: RecordPosition = { sequence: 0 }) {
    this.#position = position;
    this.#parts = parts.map(({ aggregator, first, rest }) => {
      const { needsTime, needsArrival } = aggregator;
      return { aggregator, first, rest, extra: needsTime ? 'time' : needsArrival ? 'arrival' : undefined };
    });
    this.isEmpty = parts.length === 0;
    this.needsArrival = this.#parts.some(({ extra }) => extra === 'arrival');
    // The fraction makes V8 store the array as doubles from the start.
    this.#first = [0.5];
    for (const { aggregator } of parts) this.#first.push(aggregator.init());
    this.#owned = parts.flatMap((_, i) => (isObject(this.#first[i + 1]) ? [i] : []));
  }

  /** The change that is in work, which errors belong to; `told` for a row whose errors were reported when it was new. */
  at(sequence: number): void {
    this.#position.sequence = sequence;
  }

  init(timestamp: number): States {
    const states = this.#first.slice() as States;
    states[0] = timestamp;
    for (const i of this.#owned) states[i + 1] = this.#parts[i]!.aggregator.init();
    return states;
  }

  /** `arrival` is the row's arrival number, needed for sessions, which rows join in any order of time. */
  add(states: States, row: Row, timestamp: number, arrival = 0): void {
    if (timestamp > states[0]) states[0] = timestamp;
    for (let i = 0; i < this.#parts.length; i++) {
      const { aggregator, first, rest, extra } = this.#parts[i]!;
      const args = rest === undefined ? none : rest(row);
      states[i + 1] = aggregator.add(
        states[i + 1] as never,
        first === undefined ? null : first(row),
        extra === undefined ? args : [...args, extra === 'time' ? timestamp : arrival],
      );
    }
  }

  /** A row that only takes another one away. */
  pass(states: States, timestamp: number): void {
    if (timestamp > states[0]) states[0] = timestamp;
  }

  /** Undoes a row; the event time is not changed. */
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

  /** A copy that may be changed. */
  copy(states: States): States {
    const copied = states.slice() as States;
    for (let i = 1; i < copied.length; i++) if (isObject(copied[i])) copied[i] = copyOf(copied[i]);
    return copied;
  }

  merge(left: States, right: States): States {
    const merged = left.slice() as States;
    if (right[0] > left[0]) merged[0] = right[0];
    for (let i = 0; i < this.#parts.length; i++)
      merged[i + 1] = this.#parts[i]!.aggregator.merge!(left[i + 1] as never, right[i + 1] as never);
    return merged;
  }

  /**
   * The output row of a group: its key and the results of its states (or of two states merged), with `room` free slots at the
   * end.
   */
  row(key: Row, states: States, room: number, others?: States): Value[] {
    const row = new Array<Value>(key.length + this.#parts.length + room);
    const now = others === undefined || states[0] > others[0] ? states[0] : others[0];
    let at = 0;
    for (; at < key.length; at++) row[at] = key[at]!;
    for (let i = 0; i < this.#parts.length; i++) {
      const { aggregator } = this.#parts[i]!;
      const state = states[i + 1] as never;
      const whole = others === undefined ? state : (aggregator.merge!(state, others[i + 1] as never) as never);
      row[at++] = aggregator.result(whole, now);
    }
    return row;
  }

  /** Whether panes can be merged in time order with the same result as separate window states. */
  get orderFree(): boolean {
    return this.#parts.every(({ aggregator }) => aggregator.merge !== undefined && aggregator.orderFree);
  }
}

/**
 * The groups of SELECT DISTINCT: the time of one is that of the row which made it. Over a table the first state counts its rows, and a
 * group without any is made anew by the next.
 */
export class DistinctSet extends AggregateSet {
  override add(states: States, row: Row, timestamp: number, arrival = 0): void {
    const [time, rows] = states;
    super.add(states, row, timestamp, arrival);
    states[0] = rows === 0 ? timestamp : time;
  }

  override pass(): void {
    // A group is as old as it was.
  }
}

function copyOf(state: unknown): unknown {
  if (Array.isArray(state)) return state.map(copyOf);
  if (Buffer.isBuffer(state)) return Buffer.from(state);
  if (state instanceof Map) return new Map([...state].map(([key, value]) => [key, copyOf(value)]));
  return state;
}

const isObject = (state: unknown): boolean => typeof state === 'object' && state !== null;

/**
 * A group's entry in a store: its key and its states. With STATE_TTL also the stream time of its last change (negative while it has rows
 * that are taken back one day), and of a table's group how many rows it has. Updated in place.
 */
export type GroupState = [key: Row, states: States, touched?: number, rows?: number];
