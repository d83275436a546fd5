import { undoesInAnyOrder } from '../../functions/abilities.ts';
import type { Aggregator } from '../../functions/define.ts';
import type { Value } from '../../types/sql-type.ts';
import { decodeValue, encodeValue } from '../codec.ts';
import type { Chunk } from './chunk.ts';

/** Where an argument's values are: in a column of the chunks, or constant. */
export type ArgumentPlace = { readonly column: number } | { readonly constant: Value };

const none: readonly Value[] = [];

/** An event's value failed in user code. It is marked, so that it is passed over from now on. */
export class EventFailed extends Error {
  override readonly name = 'EventFailed';
}

/** What stands for the state that a failed merge would have given. */
const broken = Symbol('broken');

/** Runs again without the events that failed, as often as one does: they may have left a state half changed. */
export function retried<T>(run: () => T): T {
  for (;;) {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof EventFailed)) throw error;
    }
  }
}

/** One OVER call at run time: its aggregator over the columns of chunks. */
export class FrameCall {
  readonly aggregator: Aggregator;
  /** Its index among the calls of its buffer, by which chunks keep summaries. */
  readonly number: number;
  readonly #first: number;
  readonly #constant: Value;
  readonly #rest: readonly ArgumentPlace[];
  /** Whether `add` and `undo` take more than one argument. */
  readonly #hasRest: boolean;
  readonly #filter: number;

  readonly #report: (error: unknown) => void;
  /** Whether it calls user code, which may throw or take too long. */
  readonly mayFail: boolean;
  /** Of a call that may fail: the column of the chunks that marks the events whose values failed, behind those of its arguments. */
  marks = -1;
  /** Called with each chunk that gets a mark. */
  onMarked: ((chunk: Chunk) => void) | undefined;

  constructor(
    aggregator: Aggregator,
    number: number,
    args: readonly ArgumentPlace[],
    filter: number | undefined,
    report: (error: unknown) => void,
    mayFail = false,
  ) {
    this.#report = report;
    this.mayFail = mayFail;
    this.aggregator = aggregator;
    this.number = number;
    const [first, ...rest] = args;
    this.#first = first !== undefined && 'column' in first ? first.column : -1;
    this.#constant = first !== undefined && 'constant' in first ? first.constant : null;
    this.#rest = rest;
    this.#hasRest = rest.length > 0 || aggregator.needsTime === true;
    this.#filter = filter ?? -1;
  }

  /** Whether events can be removed from a state in any order. */
  get undoes(): boolean {
    return undoesInAnyOrder(this.aggregator);
  }
  /** Whether it counts all rows of its frame. */
  get countsRows(): boolean {
    return this.aggregator.countsRows === true && this.#filter < 0;
  }

  /** Adds an event; may change the given state. Throws `EventFailed` if user code fails: the state is then lost. */
  add(state: unknown, chunk: Chunk, at: number): unknown {
    const { columns } = chunk;
    if (this.#filter >= 0 && columns[this.#filter]![at] !== true) return state;
    if (this.mayFail) return this.#addOrMark(state, chunk, at);
    const value = this.#first >= 0 ? columns[this.#first]![at]! : this.#constant;
    return this.aggregator.add(state as never, value, this.#hasRest ? this.#restOf(chunk, at) : none);
  }
  #addOrMark(state: unknown, chunk: Chunk, at: number): unknown {
    const marks = chunk.columns[this.marks]!;
    if (marks[at] === true) return state;
    const value = this.#first >= 0 ? chunk.columns[this.#first]![at]! : this.#constant;
    try {
      return this.aggregator.add(state as never, value, this.#hasRest ? this.#restOf(chunk, at) : none);
    } catch (error) {
      this.#report(error);
      marks[at] = true;
      this.onMarked?.(chunk);
      throw new EventFailed();
    }
  }
  /** Removes an event that was added; only if the aggregator has `undo`. */
  undo(state: unknown, chunk: Chunk, at: number): unknown {
    const { columns } = chunk;
    if (this.#filter >= 0 && columns[this.#filter]![at] !== true) return state;
    const value = this.#first >= 0 ? columns[this.#first]![at]! : this.#constant;
    return this.aggregator.undo!(state as never, value, this.#hasRest ? this.#restOf(chunk, at) : none);
  }
  #restOf({ columns, times }: Chunk, at: number): Value[] {
    const rest = this.#rest.map((place) => ('column' in place ? columns[place.column]![at]! : place.constant));
    if (this.aggregator.needsTime === true) rest.push(times[at]!);
    return rest;
  }

  /** Adds the events of an open chunk from `from` to before `to`. */
  addRange(state: unknown, chunk: Chunk, from: number, to: number): unknown {
    let sum = state;
    for (let at = from; at < to; at++) sum = this.add(sum, chunk, at);
    return sum;
  }
  /** The value of a state at a time; an error is reported and gives null. */
  result(state: unknown, time: number): Value {
    if (state === broken) return null;
    try {
      return this.aggregator.result(state as never, time);
    } catch (error) {
      this.#report(error);
      return null;
    }
  }
  /** The state over the events of two others, the later one second. */
  merge(left: unknown, right: unknown): unknown {
    const merge = this.aggregator.merge!;
    if (!this.mayFail) return merge(left as never, right as never);
    if (left === broken || right === broken) return broken;
    try {
      return merge(left as never, right as never);
    } catch (error) {
      this.#report(error);
      return broken;
    }
  }
  /** Whether it is marked that an event's value failed. */
  hasFailed({ columns }: Chunk, at: number): boolean {
    return this.mayFail && columns[this.marks]![at] === true;
  }
  /** As `result`, for a call that may fail: null too if the current row is in its own frame and its value failed. */
  resultOrNull(state: () => unknown, chunk: Chunk, at: number, seesItself: boolean, time: number): Value {
    try {
      const whole = state();
      return seesItself && this.hasFailed(chunk, at) ? null : this.result(whole, time);
    } catch (error) {
      this.#report(error);
      return null;
    }
  }
  /** A copy that may be changed. */
  clone(state: unknown): unknown {
    return state !== null && typeof state === 'object' ? decodeValue(encodeValue(state)) : state;
  }
}
