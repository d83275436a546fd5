import type { OverFrame } from '../../specs/window.ts';
import type { Value } from '../../types/sql-type.ts';
import type { Chunk } from './chunk.ts';
import { settle, type EventList, type Gap, type Place } from './event-list.ts';
import { fold } from './fold.ts';
import { retried, type FrameCall } from './frame-call.ts';
import { frameState, type FrameState } from './frame-state.ts';

/** The event whose values are computed: the current row. */
export interface Current extends Place {
  readonly time: number;
  /** The index of the first event of its time: of its first peer. */
  readonly groupIndex: number;
  /** The index after the last event that it may see: itself, or with EMIT FINAL its last peer. */
  readonly endIndex: number;
}

/** A frame, its calls, and the slots of their values. */
export interface FrameSpec {
  readonly frame: OverFrame;
  readonly calls: readonly FrameCall[];
  readonly outputs: readonly number[];
  /** Whether it starts with UNBOUNDED PRECEDING, without MAXSIZE. */
  readonly isUnbounded: boolean;
  /** Whether it starts a bounded distance before the current row, ends with it, and rows are emitted as they arrive. */
  readonly isTrailing: boolean;
}

/**
 * One frame of a partition: it moves forward with events that arrive in order; the values of a late event are computed over a
 * frame of its own.
 */
export interface Runner {
  /** Sets the values of the newest event of the partition. */
  answer(list: EventList, current: Current, values: Value[]): void;
  /** Sets the values of a late event, over its own frame. */
  answerLate(list: EventList, current: Current, values: Value[]): void;
  /** Called after a late event was inserted into the list. */
  late(place: Place, time: number): void;
  /** Called after the events of a chunk from `at` on were moved to another one. */
  chunkSplit(from: Chunk, at: number, into: Chunk): void;
  /** Called after the list lost events at its front. */
  trimmed(list: EventList): void;
}

/** Runs any frame that `TrailingRunner` does not. */
export class FrameRunner implements Runner {
  readonly #spec: FrameSpec;
  readonly #states: readonly FrameState[];
  readonly #base: (call: FrameCall) => unknown;
  #lo: Gap | undefined;
  #hi: Gap | undefined;
  /** The frame's time bounds at its last move. */
  #loTime = -Infinity;
  #hiTime = -Infinity;

  constructor(spec: FrameSpec, base: (call: FrameCall) => unknown) {
    this.#spec = spec;
    this.#base = base;
    this.#states = spec.calls.map((call) => frameState(call, spec.isUnbounded ? () => base(call) : undefined));
  }

  answer(list: EventList, current: Current, values: Value[]): void {
    const { frame, calls, outputs } = this.#spec;
    if (this.#lo === undefined) this.#start(list, current);
    this.#moveEnd(list, current);
    const extras = extrasOf(frame, current);
    if (!this.#spec.isUnbounded) this.#moveStart(list, current, extras.length);
    for (let i = 0; i < calls.length; i++) {
      const state = this.#states[i]!;
      const call = calls[i]!;
      if (call.mayFail) {
        const whole = (): unknown => this.#copyWithExtras(list, state, extras);
        values[outputs[i]!] = call.resultOrNull(whole, current.chunk, current.at, seesItself(frame), current.time);
        continue;
      }
      const whole = state.state(list, this.#lo!, this.#hi!);
      values[outputs[i]!] =
        extras.length === 0
          ? call.result(whole, current.time)
          : this.#withExtras(list, state, whole, extras, current.time);
    }
  }

  /** The value over the frame and some extra events, which its state does not keep. */
  #withExtras(
    list: EventList,
    { call, undoes }: FrameState,
    whole: unknown,
    extras: readonly number[],
    time: number,
  ): Value {
    let state = undoes ? whole : call.clone(whole);
    const places = extras.map((index) => placeAt(list, index));
    for (const { chunk, at } of places) state = call.add(state, list.open(chunk), at);
    const value = call.result(state, time);
    if (undoes) for (const { chunk, at } of places) call.undo(state, chunk, at);
    return value;
  }

  /** A state of user code over the frame, and some extra events. */
  #copyWithExtras(list: EventList, state: FrameState, extras: readonly number[]): unknown {
    const { call } = state;
    return retried(() => {
      const whole = state.state(list, this.#lo!, this.#hi!);
      return extras.length === 0 ? whole : withPlaces(call, list, call.clone(whole), extras);
    });
  }

  /** Sets both gaps to the start of the current event's frame. */
  #start(list: EventList, current: Current): void {
    const { frame, isUnbounded } = this.#spec;
    const lo = isUnbounded ? firstGap(list) : startGap(list, frame, current);
    this.#lo = lo;
    this.#hi = { ...lo };
  }

  #moveEnd(list: EventList, current: Current): void {
    const { frame } = this.#spec;
    const hi = this.#hi!;
    const stop = endIndexOf(frame, current);
    const time = frame.unit === 'RANGE' ? current.time - frame.end : Infinity;
    // A late event exactly at the end of a ROWS frame is outside until the end moves.
    this.#hiTime = frame.unit === 'RANGE' ? time : -Infinity;
    while (hi.index < stop) {
      settle(hi);
      const { chunk } = hi;
      const { times } = list.open(chunk);
      if (times[hi.at]! > time) break;
      for (const state of this.#states) state.enter(chunk, hi.at);
      hi.at++;
      hi.index++;
      if (hi.at === chunk.count && chunk.next !== undefined) list.leave(chunk);
    }
  }

  #moveStart(list: EventList, current: Current, extras: number): void {
    const { unit, start, maxSize } = this.#spec.frame;
    const lo = this.#lo!;
    const hi = this.#hi!;
    const earliest = unit === 'RANGE' && start !== undefined ? current.time - start : -Infinity;
    this.#loTime = earliest;
    let least = unit === 'ROWS' && start !== undefined ? current.index - start : 0;
    if (maxSize !== undefined) least = Math.max(least, hi.index + extras - maxSize);
    while (lo.index < hi.index) {
      settle(lo);
      const { chunk } = lo;
      const { times } = list.open(chunk);
      if (lo.index >= least && times[lo.at]! >= earliest) break;
      for (const state of this.#states) state.leave(chunk, lo.at);
      lo.at++;
      lo.index++;
      if (lo.at === chunk.count && chunk.next !== undefined) list.leave(chunk);
    }
  }

  answerLate(list: EventList, current: Current, values: Value[]): void {
    answerLate(this.#spec, list, current, values, this.#base);
  }

  late(place: Place, time: number): void {
    const lo = this.#lo;
    const hi = this.#hi;
    if (lo === undefined || hi === undefined) return;
    // In a frame bounded by rows or MAXSIZE the surplus event leaves at the next move.
    const isBeforeLo = place.index < lo.index || (place.index === lo.index && time < this.#loTime);
    const isBeforeHi = place.index < hi.index || (place.index === hi.index && !isBeforeLo && time <= this.#hiTime);
    moveGap(lo, place, isBeforeLo);
    moveGap(hi, place, isBeforeLo || isBeforeHi);
    if (!isBeforeLo && isBeforeHi) for (const state of this.#states) state.late(place);
    else for (const state of this.#states) state.shifted(place);
  }
  chunkSplit(from: Chunk, at: number, into: Chunk): void {
    for (const gap of [this.#lo, this.#hi]) {
      if (gap?.chunk !== from || gap.at < at) continue;
      gap.chunk = into;
      gap.at -= at;
    }
    for (const state of this.#states) state.chunkSplit();
  }
  trimmed(list: EventList): void {
    const lo = this.#lo;
    const hi = this.#hi;
    if (lo === undefined || hi === undefined || lo.index > list.trimmed) return;
    if (hi.index > list.trimmed && (lo.index === list.trimmed || this.#spec.isUnbounded)) {
      this.#lo = firstGap(list);
      return;
    }
    this.#lo = undefined;
    this.#hi = undefined;
    for (const state of this.#states) state.reset();
  }
}

/** Sets the values of a late event, over its own frame. */
export function answerLate(
  spec: FrameSpec,
  list: EventList,
  current: Current,
  values: Value[],
  base: (call: FrameCall) => unknown,
): void {
  const { frame, calls, outputs, isUnbounded } = spec;
  const hi = endGap(list, frame, current);
  let lo = isUnbounded ? firstGap(list) : startGap(list, frame, current);
  if (lo.index > hi.index) lo = { ...hi };
  const extras = extrasOf(frame, current);
  const { maxSize } = frame;
  if (maxSize !== undefined && lo.index < hi.index + extras.length - maxSize)
    lo = placeAt(list, Math.min(hi.index, hi.index + extras.length - maxSize));
  calls.forEach((call, i) => {
    const whole = (): unknown =>
      withPlaces(call, list, fold(call, list, lo, hi, isUnbounded ? base(call) : undefined), extras);
    values[outputs[i]!] = call.mayFail
      ? call.resultOrNull(() => retried(whole), current.chunk, current.at, seesItself(frame), current.time)
      : call.result(whole(), current.time);
  });
}

/**
 * Sets the values of calls over a frame of time as it is at a time, as of a row that came then and is not in it. Without events there
 * is only what frames from UNBOUNDED PRECEDING have folded.
 */
export function answerAt(
  { frame, calls, outputs, isUnbounded }: FrameSpec,
  list: EventList,
  time: number,
  values: Value[],
  base: (call: FrameCall) => unknown,
): void {
  const { start, end, maxSize } = frame;
  const hi = list.last && gapAtTime(list, time - end + 1);
  let lo = hi && (start === undefined ? firstGap(list) : gapAtTime(list, time - start));
  if (hi !== undefined && lo!.index > hi.index) lo = { ...hi };
  if (hi !== undefined && maxSize !== undefined && lo!.index < hi.index - maxSize)
    lo = placeAt(list, hi.index - maxSize);
  calls.forEach((call, i) => {
    const initial = isUnbounded ? base(call) : undefined;
    const state = hi === undefined ? (initial ?? call.aggregator.init()) : fold(call, list, lo!, hi, initial);
    values[outputs[i]!] = call.result(state, time);
  });
}

function withPlaces(call: FrameCall, list: EventList, initial: unknown, indexes: readonly number[]): unknown {
  let state = initial;
  for (const index of indexes) {
    const { chunk, at } = placeAt(list, index);
    state = call.add(state, list.open(chunk), at);
  }
  return state;
}
/** Whether the current row is in its own frame. */
const seesItself = ({ end, exclude }: OverFrame): boolean =>
  end === 0 && exclude !== 'CURRENT ROW' && exclude !== 'GROUP';

function moveGap(gap: Gap, { chunk, at, index }: Place, isBefore: boolean): void {
  if (gap.index === index) {
    gap.chunk = chunk;
    gap.at = isBefore ? at + 1 : at;
    if (isBefore) gap.index++;
  } else if (gap.index > index) {
    gap.index++;
    if (gap.chunk === chunk) gap.at++;
  }
}

const noExtras: readonly number[] = [];
/** Indexes of peers in the frame that its running part excludes: EXCLUDE makes frames that are not contiguous. */
function extrasOf(
  { unit, end, exclude, maxSize }: OverFrame,
  { index, groupIndex, endIndex }: Current,
): readonly number[] {
  if (exclude === undefined || exclude === 'GROUP' || end > 0) return noExtras;
  if (exclude === 'TIES') return [index];
  if (unit === 'ROWS' || endIndex === index + 1) return noExtras;
  const peers: number[] = [];
  for (let peer = groupIndex; peer < endIndex; peer++) if (peer !== index) peers.push(peer);
  return maxSize === undefined ? peers : peers.slice(-maxSize);
}
/** The index after the last event of the frame's running part; of a RANGE frame its end time is a second limit. */
function endIndexOf({ unit, end, exclude, endsWithRow }: OverFrame, { index, groupIndex, endIndex }: Current): number {
  const all = unit === 'ROWS' || endsWithRow === true ? index - end + 1 : endIndex;
  if (exclude === undefined) return all;
  if (exclude !== 'CURRENT ROW') return Math.min(all, groupIndex);
  if (end > 0) return all;
  return unit === 'ROWS' || endIndex === index + 1 ? index : groupIndex;
}

function firstGap({ first, trimmed }: EventList): Gap {
  return { chunk: first!, at: 0, index: trimmed };
}
/** The gap before the event with an index, searched backwards from the end. */
function placeAt(list: EventList, index: number): Gap {
  let chunk = list.last!;
  let start = list.total - chunk.count;
  while (start > index && chunk.prev !== undefined) {
    chunk = chunk.prev;
    start -= chunk.count;
  }
  return { chunk, at: Math.max(0, index - start), index: Math.max(index, start) };
}
/** The gap before the first event at or after a time, searched backwards from the end. */
export function gapAtTime(list: EventList, time: number): Gap {
  let chunk = list.last!;
  let index = list.total - chunk.count;
  while (chunk.first >= time && chunk.prev !== undefined) {
    chunk = chunk.prev;
    index -= chunk.count;
  }
  if (chunk.last < time) return { chunk, at: chunk.count, index: index + chunk.count };
  const { times } = list.open(chunk);
  let at = 0;
  while (at < chunk.count && times[at]! < time) at++;
  return { chunk, at, index: index + at };
}

/** The gap at the start of an event's frame; MAXSIZE is not applied. */
export function startGap(list: EventList, { unit, start }: OverFrame, { time, index }: Current): Gap {
  if (start === undefined) return firstGap(list);
  return unit === 'RANGE' ? gapAtTime(list, time - start) : placeAt(list, Math.max(list.trimmed, index - start));
}
/** The gap at the end of the running part of a late event's frame. */
function endGap(list: EventList, frame: OverFrame, current: Current): Gap {
  const stop = endIndexOf(frame, current);
  if (frame.unit === 'ROWS') return placeAt(list, Math.max(list.trimmed, stop));
  const gap = gapAtTime(list, current.time - frame.end + 1);
  return gap.index <= stop ? gap : placeAt(list, stop);
}
