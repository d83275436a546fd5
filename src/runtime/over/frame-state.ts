import { keepsParts } from '../../functions/abilities.ts';
import { fold, pageState, summaryOf } from './fold.ts';
import type { Chunk, ChunkPage } from './chunk.ts';
import { settle, type EventList, type Gap, type Place } from './event-list.ts';
import { EventFailed, type FrameCall } from './frame-call.ts';

/**
 * One call's state over the frame between two gaps, maintained as the gaps move forward. Subclasses override the notifications
 * that they need.
 */
export abstract class FrameState {
  readonly call: FrameCall;

  constructor(call: FrameCall) {
    this.call = call;
  }

  /** An event entered at the end of the frame. */
  enter(_chunk: Chunk, _at: number): void {}
  /** The first event of the frame left it. */
  leave(_chunk: Chunk, _at: number): void {}
  /** A late event was inserted inside the frame. */
  late(_place: Place): void {}
  /** A late event was inserted outside the frame; indexes after it have grown by one. */
  shifted(_place: Place): void {}
  /** A chunk was split: stored places are invalid. */
  chunkSplit(): void {}
  /** Drops what is maintained; `state` computes it again from the events. */
  reset(): void {}
  /** The state over the frame. */
  abstract state(list: EventList, lo: Gap, hi: Gap): unknown;
  /** Whether callers may `add` to the state and `undo` that again. */
  get undoes(): boolean {
    return false;
  }
}

/**
 * Chooses how a call's state is maintained, by what its aggregator can do. `base`, the state of folded events, is given for
 * frames from UNBOUNDED PRECEDING.
 */
export function frameState(call: FrameCall, base: (() => unknown) | undefined): FrameState {
  const state = stateOf(call, base);
  return call.mayFail ? new RecoveringState(state) : state;
}

function stateOf(call: FrameCall, base: (() => unknown) | undefined): FrameState {
  if (base !== undefined || call.undoes) return new RunningState(call, base);
  return keepsParts(call.aggregator) ? new StackedState(call) : new ScannedState(call);
}

/** For calls of user code: a value that fails may have left a state half changed, so that it is computed again without the value. */
class RecoveringState extends FrameState {
  readonly #inner: FrameState;

  constructor(inner: FrameState) {
    super(inner.call);
    this.#inner = inner;
  }
  #try<T>(run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      this.#inner.reset();
      if (!(error instanceof EventFailed)) throw error;
      return undefined;
    }
  }
  override enter(chunk: Chunk, at: number): void {
    this.#try(() => this.#inner.enter(chunk, at));
  }
  override leave(chunk: Chunk, at: number): void {
    this.#inner.leave(chunk, at);
  }
  override late(place: Place): void {
    this.#try(() => this.#inner.late(place));
  }
  override shifted(place: Place): void {
    this.#inner.shifted(place);
  }
  override chunkSplit(): void {
    this.#inner.chunkSplit();
  }
  override reset(): void {
    this.#inner.reset();
  }
  state(list: EventList, lo: Gap, hi: Gap): unknown {
    for (;;) {
      const result = this.#try((): [unknown] => [this.#inner.state(list, lo, hi)]);
      if (result !== undefined) return result[0];
    }
  }
}

/**
 * One running state: for aggregators with an exact `undo` in any order, and for frames that no event leaves, which start from
 * `base`.
 */
class RunningState extends FrameState {
  readonly #base: (() => unknown) | undefined;
  #state: unknown;
  #isKnown = false;

  constructor(call: FrameCall, base: (() => unknown) | undefined) {
    super(call);
    this.#base = base;
  }
  override get undoes(): boolean {
    return this.call.undoes;
  }
  override enter(chunk: Chunk, at: number): void {
    if (this.#isKnown) this.#state = this.call.add(this.#state, chunk, at);
  }
  override leave(chunk: Chunk, at: number): void {
    if (this.#isKnown) this.#state = this.call.undo(this.#state, chunk, at);
  }
  override late({ chunk, at }: Place): void {
    if (this.call.aggregator.orderFree) this.enter(chunk, at);
    else this.reset();
  }
  override reset(): void {
    this.#isKnown = false;
  }
  state(list: EventList, lo: Gap, hi: Gap): unknown {
    if (!this.#isKnown) {
      this.#state = fold(this.call, list, lo, hi, this.#base?.());
      this.#isKnown = true;
    }
    return this.#state;
  }
}

/** Recomputed for each row: for aggregators that neither merge nor undo, or whose state is as large as the frame. */
class ScannedState extends FrameState {
  state(list: EventList, lo: Gap, hi: Gap): unknown {
    return fold(this.call, list, lo, hi);
  }
}

/**
 * The two-stacks algorithm, for aggregators that merge. The front has a state for each event of the frame's first chunk, over
 * the events from it to the chunk's end; the middle has such suffix states for the whole pages and chunks after it; the back is one
 * state of all later events. An event costs one `add` and two merges, whatever the size of the frame; the one that uses up the
 * middle a merge for each page and for the chunks of two.
 */
class StackedState extends FrameState {
  #frontChunk: Chunk | undefined;
  #front: unknown[] = [];
  #frontEnd = 0;
  /** For each page or chunk the state from it to the last chunk of the middle; the earliest is on top. */
  #middle: { readonly of: Chunk | ChunkPage; readonly state: unknown }[] = [];
  #back: unknown;
  /** The index of the first event in the back. */
  #backStart = 0;
  #isKnown = false;

  override enter(chunk: Chunk, at: number): void {
    if (this.#isKnown) this.#back = this.call.add(this.#back, chunk, at);
  }
  override late({ chunk, at, index }: Place): void {
    if (!this.#isKnown) return;
    if (!this.call.aggregator.orderFree || index < this.#backStart) this.#isKnown = false;
    else this.#back = this.call.add(this.#back, chunk, at);
  }
  override shifted({ chunk, index }: Place): void {
    if (chunk === this.#frontChunk) this.#isKnown = false;
    if (index < this.#backStart) this.#backStart++;
  }
  override chunkSplit(): void {
    this.reset();
  }
  override reset(): void {
    this.#isKnown = false;
  }

  state(list: EventList, lo: Gap, hi: Gap): unknown {
    const { merge, init } = this.call.aggregator;
    if (lo.index >= hi.index) {
      this.#isKnown = false;
      return init();
    }
    settle(lo);
    if (!this.#isKnown || lo.chunk !== this.#frontChunk || lo.at >= this.#frontEnd) this.#flip(list, lo, hi);
    const rest =
      this.#middle.length === 0 ? this.#back : merge!(this.#middle.at(-1)!.state as never, this.#back as never);
    return merge!(this.#front[lo.at] as never, rest as never);
  }

  #flip(list: EventList, lo: Gap, hi: Gap): void {
    if (this.#isKnown) {
      for (let top = this.#middle.pop(); top !== undefined; top = this.#middle.pop()) {
        if (top.of !== lo.chunk && top.of !== lo.chunk.page) continue;
        if (top.of !== lo.chunk) this.#pushChunks(list, lo.chunk.page!.last, lo.chunk);
        this.#fillFront(list, lo, lo.chunk.count);
        return;
      }
    }
    this.#isKnown = true;
    const { init } = this.call.aggregator;
    this.#middle = [];
    if (lo.chunk === hi.chunk) {
      this.#fillFront(list, lo, hi.at);
      this.#back = init();
      this.#backStart = hi.index;
      return;
    }
    this.#fillFront(list, lo, lo.chunk.count);
    this.#back = this.call.addRange(init(), list.open(hi.chunk), 0, hi.at);
    this.#backStart = hi.index - hi.at;
    const usesPages = list.calls.has(this.call);
    for (let chunk = hi.chunk.prev!; chunk !== lo.chunk; chunk = chunk.prev!) {
      const { page } = chunk;
      if (usesPages && page?.last === chunk && page !== lo.chunk.page) {
        this.#push(page, pageState(this.call, list, page));
        chunk = page.first;
      } else this.#push(chunk, summaryOf(this.call, list, chunk));
    }
  }
  #push(of: Chunk | ChunkPage, state: unknown): void {
    const last = this.#middle.at(-1);
    const { merge } = this.call.aggregator;
    this.#middle.push({ of, state: last === undefined ? state : merge!(state as never, last.state as never) });
  }
  /** Puts the chunks from `last` back to the one after `first` on top of the middle. */
  #pushChunks(list: EventList, last: Chunk, first: Chunk): void {
    for (let chunk = last; chunk !== first; chunk = chunk.prev!) this.#push(chunk, summaryOf(this.call, list, chunk));
  }
  #fillFront(list: EventList, { chunk, at }: Gap, end: number): void {
    const { init, merge } = this.call.aggregator;
    list.open(chunk);
    const front = new Array<unknown>(end);
    for (let i = end - 1; i >= at; i--) {
      const single = this.call.add(init(), chunk, i);
      front[i] = i === end - 1 ? single : merge!(single as never, front[i + 1] as never);
    }
    this.#front = front;
    this.#frontChunk = chunk;
    this.#frontEnd = end;
  }
}
