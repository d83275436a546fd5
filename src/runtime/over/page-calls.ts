import { keepsParts } from '../../functions/abilities.ts';
import { encodeShared } from '../codec.ts';
import type { Chunk, ChunkPage } from './chunk.ts';
import type { EventList, ListCalls } from './event-list.ts';
import { pageState, summaryOf } from './fold.ts';
import type { FrameCall } from './frame-call.ts';

/** A state that is larger, such as a count of distinct values, is made of the chunks again when it is needed. */
const largestState = 2048;

/** The calls of a buffer whose states over pages are kept: those that merge, and are no user code, whose values may fail. */
export class PageCalls implements ListCalls {
  readonly #calls: readonly FrameCall[];

  /** Of calls with one number, which mean the same, the first is used. */
  constructor(calls: readonly FrameCall[]) {
    const kept = calls.filter((call) => keepsParts(call.aggregator) && !call.mayFail);
    this.#calls = kept.filter(({ number }, i) => kept.findIndex((call) => call.number === number) === i);
  }

  has({ number }: FrameCall): boolean {
    return this.#calls.some((call) => call.number === number);
  }
  summarize(list: EventList, chunk: Chunk): void {
    for (const call of this.#calls) summaryOf(call, list, chunk);
  }
  enter({ states }: ChunkPage, chunk: Chunk, at: number): void {
    for (const call of this.#calls) {
      if (!states.has(call.number)) continue;
      if (call.aggregator.orderFree) states.set(call.number, call.add(states.get(call.number), chunk, at));
      else states.delete(call.number);
    }
  }
  statesOf(list: EventList, page: ChunkPage): readonly unknown[] {
    const stored: unknown[] = [];
    for (const call of this.#calls) {
      const state = pageState(call, list, page);
      if (encodeShared(state).length <= largestState) stored.push(call.number, state);
      else page.states.delete(call.number);
      // Calls that undo need the states of single chunks only where a frame is begun anew.
      if (call.undoes) for (const chunk of page.chunks()) chunk.summaries?.delete(call.number);
    }
    return stored;
  }
}
