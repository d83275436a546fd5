import type { Value } from '../../types/sql-type.ts';
import type { WindowStore } from '../stores/window-store.ts';
import type { EventList, Place } from './event-list.ts';
import { fold } from './fold.ts';
import { EventFailed, type FrameCall } from './frame-call.ts';
import { gapAtTime } from './frame-runner.ts';
import type { GroupedEvent, OverBuffer, Partition } from './over-buffer.ts';

/** A frame of tiles: its length, and the calls with the slots of their values. */
export interface TiledFrame {
  readonly rangeMs: number;
  readonly calls: readonly { readonly call: number; readonly output: number }[];
}
/** All frames of a step with one length of tile. */
export interface TiledSpec {
  readonly tileMs: number;
  readonly calls: readonly FrameCall[];
  readonly frames: readonly TiledFrame[];
  /** Milliseconds before stream time for which a tile is kept: the longest frame, one tile and the grace. */
  readonly keptMs: number;
}

/** Two stacks of a key's frame: the front has suffix states of tiles, the back one state of all events in later tiles. */
interface FrameStacks {
  /** The starts of the front's tiles, ascending; `front` has the states from each to the last, by call of the frame. */
  starts: number[];
  front: unknown[][];
  /** The index of the front's first tile inside the frame. */
  first: number;
  /** The start of the front's last tile; later tiles are in the back. */
  last: number;
  back: unknown[];
}

/**
 * Frames of tiles. A state for each tile of a key replaces its events, so that an event's cost does not depend on the size of
 * the frame. A frame's start moves by whole tiles, counted from the epoch. Events are kept for one tile and the grace: a late
 * row's value covers the whole tiles before its own, and the events of its own tile up to its time.
 */
export class TileBuffer {
  readonly #events: OverBuffer;
  readonly #tiles: WindowStore<unknown[]>;
  readonly #spec: TiledSpec;
  readonly #stacks = new WeakMap<Partition, (FrameStacks | undefined)[]>();
  #expired = -Infinity;

  constructor(events: OverBuffer, tiles: WindowStore<unknown[]>, spec: TiledSpec) {
    this.#events = events;
    this.#tiles = tiles;
    this.#spec = spec;
  }

  #tileOf(time: number): number {
    return Math.floor(time / this.#spec.tileMs) * this.#spec.tileMs;
  }

  /** Advances stream time: tiles that no frame can reach expire. */
  advance(streamTime: number): void {
    this.#events.advance(streamTime);
    const oldest = this.#tileOf(streamTime - this.#spec.keptMs);
    if (oldest <= this.#expired || oldest <= 0) return;
    this.#expired = oldest;
    this.#tiles.expire(oldest);
  }

  open(keys: readonly (string | undefined)[]): (Partition | undefined)[] {
    return this.#events.open(keys);
  }

  /** Inserts an event and sets the values of all calls over its frames. */
  answer(partition: Partition, time: number, args: readonly Value[], row: Value[]): void {
    const place = this.#insert(partition, time, args);
    if (place.isLate) this.#answerLate(partition, place, time, row);
    else this.#answer(partition, place, time, row);
  }
  /** Inserts all events of one time, then sets the values of each: peers see each other. */
  answerGroup(key: string, time: number, events: readonly GroupedEvent[]): void {
    const partition = this.open([key])[0]!;
    const places = events.map(({ args }) => this.#insert(partition, time, args));
    for (const [i, { values }] of events.entries()) this.#answer(partition, places[i]!, time, values);
  }

  #insert(partition: Partition, time: number, args: readonly Value[]): Place {
    const { list } = partition;
    const { calls, frames, tileMs } = this.#spec;
    const place = this.#events.insert(partition, time, args);
    const tile = this.#tileOf(time);
    const entry = this.#tiles.edit(tile, list.key);
    const states = (entry.value ??= calls.map(({ aggregator }) => aggregator.init()));
    for (let i = 0; i < calls.length; i++) {
      const call = calls[i]!;
      const isOutOfOrder = place.isLate && !call.aggregator.orderFree;
      if (isOutOfOrder || !addTo(states, i, call, place))
        states[i] = fold(call, list, gapAtTime(list, tile), gapAtTime(list, tile + tileMs));
    }
    const stacks = this.#stacks.get(partition);
    if (stacks === undefined) return place;
    for (const [i, stack] of stacks.entries()) {
      if (stack === undefined) continue;
      const isInBack = tile > stack.last;
      const own = frames[i]!.calls;
      if (!isInBack || (place.isLate && own.some(({ call }) => !calls[call]!.aggregator.orderFree)))
        stacks[i] = undefined;
      else if (!own.every(({ call }, j) => addTo(stack.back, j, calls[call]!, place))) stacks[i] = undefined;
    }
    return place;
  }

  #answer(partition: Partition, { chunk, at }: Place, time: number, row: Value[]): void {
    const { calls, frames } = this.#spec;
    let stacks = this.#stacks.get(partition);
    if (stacks === undefined) this.#stacks.set(partition, (stacks = frames.map(() => undefined)));
    for (let i = 0; i < frames.length; i++) {
      const frame = frames[i]!;
      const lowest = this.#tileOf(time - frame.rangeMs);
      let stack = stacks[i];
      if (stack === undefined || stack.last < lowest)
        stacks[i] = stack = this.#stack(partition.list.key, frame, lowest, this.#tileOf(time));
      while (stack.first < stack.starts.length && stack.starts[stack.first]! < lowest) stack.first++;
      const front = stack.front[stack.first];
      for (let j = 0; j < frame.calls.length; j++) {
        const { call: number, output } = frame.calls[j]!;
        const call = calls[number]!;
        const state = front === undefined ? stack.back[j] : call.merge(front[j], stack.back[j]);
        row[output] = call.hasFailed(chunk, at) ? null : call.result(state, time);
      }
    }
  }

  /** Builds the stacks of a frame: all tiles up to the newest in the front, an empty back. */
  #stack(key: string, { calls }: TiledFrame, from: number, to: number): FrameStacks {
    const tiles = [...this.#tilesOf(key, from, to)];
    const own = calls.map(({ call }) => this.#spec.calls[call]!);
    const front: unknown[][] = [];
    for (let i = tiles.length - 1; i >= 0; i--) {
      const [, states] = tiles[i]!;
      const later = front[0];
      front.unshift(
        own.map((call, j) => {
          const state = states[calls[j]!.call];
          // The newest tile's states change with the next event, so the front needs a copy.
          return later === undefined ? call.clone(state) : call.merge(state, later[j]);
        }),
      );
    }
    return {
      starts: tiles.map(([start]) => start),
      front,
      first: 0,
      last: to,
      back: own.map(({ aggregator }) => aggregator.init()),
    };
  }
  #tilesOf(key: string, from: number, to: number): Iterable<readonly [start: number, states: unknown[]]> {
    const starts: number[] = [];
    for (let start = Math.max(0, from); start <= to; start += this.#spec.tileMs) starts.push(start);
    return this.#tiles.ofKey(key, starts);
  }

  #answerLate({ list }: Partition, { chunk, at }: Place, time: number, row: Value[]): void {
    this.#overTiles(list, time, (call, output, state) => {
      row[output] = call.hasFailed(chunk, at) ? null : call.result(state, time);
    });
  }
  /** Sets the values of all calls as they are at a time; false where the key has nothing. */
  answerAt(key: string, time: number, row: Value[]): boolean {
    const { list } = this.open([key])[0]!;
    const seen = this.#overTiles(list, time, (call, output, state) => {
      row[output] = call.result(state, time);
    });
    return seen || list.last !== undefined;
  }

  /** Gives the states of all frames at a time: whole tiles, then the events of its own tile; whether there were tiles. */
  #overTiles(list: EventList, time: number, give: (call: FrameCall, output: number, state: unknown) => void): boolean {
    const { calls, frames, tileMs } = this.#spec;
    const tile = this.#tileOf(time);
    const events = list.last && { from: gapAtTime(list, tile), to: gapAtTime(list, time + 1) };
    let seen = false;
    for (const frame of frames) {
      const tiles = [...this.#tilesOf(list.key, this.#tileOf(time - frame.rangeMs), tile - tileMs)];
      seen ||= tiles.length > 0;
      for (const { call: number, output } of frame.calls) {
        const call = calls[number]!;
        const whole = tiles.reduce<unknown>(
          (sum, [, states]) => call.merge(sum, states[number]),
          call.aggregator.init(),
        );
        give(call, output, events === undefined ? whole : fold(call, list, events.from, events.to, whole));
      }
    }
    return seen;
  }
}

/** Adds an event to one of several states; false if its value failed in user code, and the state is lost. */
function addTo(states: unknown[], i: number, call: FrameCall, { chunk, at }: Place): boolean {
  try {
    states[i] = call.add(states[i], chunk, at);
    return true;
  } catch (error) {
    if (!(error instanceof EventFailed)) throw error;
    return false;
  }
}
