import type { Value } from '../../types/sql-type.ts';
import type { Chunk } from './chunk.ts';
import { settle, type EventList, type Gap, type Place } from './event-list.ts';
import { fold } from './fold.ts';
import type { FrameCall } from './frame-call.ts';
import { answerLate, startGap, type Current, type FrameSpec, type Runner } from './frame-runner.ts';
import { frameState, type FrameState } from './frame-state.ts';

/** A call with the slot of its value. */
interface Output {
  readonly call: FrameCall;
  readonly output: number;
}

/** How the calls of a frame are maintained: decided once per step. */
export interface TrailingCalls {
  /** Slots of calls that count the frame's rows: the indexes of its ends give the count. */
  readonly counts: readonly number[];
  /** Calls with an exact `undo` in any order: one running state each. */
  readonly running: readonly Output[];
  readonly others: readonly Output[];
}

export function trailingCalls({ calls, outputs }: FrameSpec): TrailingCalls {
  const all = calls.map((call, i): Output => ({ call, output: outputs[i]! }));
  const isRunning = ({ call }: Output): boolean => !call.countsRows && call.undoes;
  return {
    counts: all.filter(({ call }) => call.countsRows).map(({ output }) => output),
    running: all.filter(isRunning),
    others: all.filter((output) => !output.call.countsRows && !isRunning(output)),
  };
}

const noBase = (): unknown => undefined;

/**
 * Runs a frame from a bounded distance before the current row to the current row, emitted as rows arrive: the usual kind. It
 * ends with the list, so only the start is kept. Few objects, because an event of a random key misses the CPU's caches for
 * each.
 */
export class TrailingRunner implements Runner {
  readonly #spec: FrameSpec;
  readonly #calls: TrailingCalls;
  readonly #states: unknown[] = [];
  readonly #others: readonly FrameState[] | undefined;
  #isKnown = false;
  #chunk!: Chunk;
  #at = 0;
  #index = 0;
  /** The time of the frame's first event. */
  #time = 0;
  /** The lower time bound at the last move of a RANGE frame. */
  #bound = -Infinity;

  constructor(spec: FrameSpec, calls: TrailingCalls) {
    this.#spec = spec;
    this.#calls = calls;
    this.#others = calls.others.length === 0 ? undefined : calls.others.map(({ call }) => frameState(call, undefined));
  }

  answer(list: EventList, current: Current, values: Value[]): void {
    const { time, index } = current;
    const { unit, start } = this.#spec.frame;
    if (!this.#isKnown) this.#start(list, current);
    else this.#enter(current.chunk, current.at);
    if (unit === 'RANGE') {
      this.#bound = time - start!;
      while (this.#time < this.#bound) this.#leave(list);
    } else while (this.#index < index - start!) this.#leave(list);
    const { counts, running, others } = this.#calls;
    for (let i = 0; i < counts.length; i++) values[counts[i]!] = index - this.#index + 1;
    for (let i = 0; i < running.length; i++) {
      const { call, output } = running[i]!;
      values[output] = call.result(this.#states[i], time);
    }
    if (this.#others === undefined) return;
    const lo: Gap = { chunk: this.#chunk, at: this.#at, index: this.#index };
    const hi: Gap = { chunk: current.chunk, at: current.at + 1, index: index + 1 };
    for (let i = 0; i < others.length; i++) {
      const { call, output } = others[i]!;
      const other = this.#others[i]!;
      values[output] = call.mayFail
        ? call.resultOrNull(() => other.state(list, lo, hi), current.chunk, current.at, true, time)
        : call.result(other.state(list, lo, hi), time);
    }
  }

  #start(list: EventList, current: Current): void {
    const gap = startGap(list, this.#spec.frame, current);
    settle(gap);
    this.#chunk = gap.chunk;
    this.#at = gap.at;
    this.#index = gap.index;
    this.#time = list.open(gap.chunk).times[gap.at]!;
    const end = { chunk: current.chunk, at: current.at + 1, index: current.index + 1 };
    this.#calls.running.forEach(({ call }, i) => (this.#states[i] = fold(call, list, gap, end)));
    this.#isKnown = true;
  }
  #enter(chunk: Chunk, at: number): void {
    const { running } = this.#calls;
    const states = this.#states;
    for (let i = 0; i < running.length; i++) states[i] = running[i]!.call.add(states[i], chunk, at);
    if (this.#others !== undefined) for (const state of this.#others) state.enter(chunk, at);
  }
  #leave(list: EventList): void {
    const chunk = list.open(this.#chunk);
    const { running } = this.#calls;
    const states = this.#states;
    for (let i = 0; i < running.length; i++) states[i] = running[i]!.call.undo(states[i], chunk, this.#at);
    if (this.#others !== undefined) for (const state of this.#others) state.leave(chunk, this.#at);
    this.#index++;
    if (++this.#at === chunk.count) {
      list.leave(chunk);
      this.#chunk = list.open(chunk.next!);
      this.#at = 0;
    }
    this.#time = this.#chunk.times[this.#at]!;
  }

  answerLate(list: EventList, current: Current, values: Value[]): void {
    answerLate(this.#spec, list, current, values, noBase);
  }

  late(place: Place, time: number): void {
    if (!this.#isKnown) return;
    const { chunk, at, index } = place;
    const { unit } = this.#spec.frame;
    const isFirst = index === this.#index;
    // Before the first event of a ROWS frame a late event is a surplus, which leaves at the next move.
    const isBefore = index < this.#index || (isFirst && unit === 'RANGE' && time < this.#bound);
    if (isBefore) {
      this.#index++;
      if (this.#chunk === chunk) this.#at++;
    } else if (isFirst) {
      this.#chunk = chunk;
      this.#at = at;
      this.#time = time;
    }
    if (!isBefore) {
      const { running } = this.#calls;
      for (let i = 0; i < running.length; i++) this.#states[i] = running[i]!.call.add(this.#states[i], chunk, at);
    }
    if (this.#others === undefined) return;
    for (const state of this.#others) {
      if (isBefore) state.shifted(place);
      else state.late(place);
    }
  }

  chunkSplit(from: Chunk, at: number, into: Chunk): void {
    if (!this.#isKnown) return;
    if (this.#chunk === from && this.#at >= at) {
      this.#chunk = into;
      this.#at -= at;
    }
    if (this.#others !== undefined) for (const state of this.#others) state.chunkSplit();
  }

  trimmed(list: EventList): void {
    if (!this.#isKnown || this.#index >= list.trimmed) return;
    this.#isKnown = false;
    if (this.#others !== undefined) for (const state of this.#others) state.reset();
  }
}
