import { keepsParts } from '../../functions/abilities.ts';
import type { Chunk, ChunkPage } from './chunk.ts';
import type { EventList, Gap } from './event-list.ts';
import { retried, type FrameCall } from './frame-call.ts';

/** A call's state over all events of a chunk, cached in the chunk. It must not be changed. */
export function summaryOf(call: FrameCall, list: EventList, chunk: Chunk): unknown {
  const known = chunk.summaries;
  if (known?.has(call.number) === true) return known.get(call.number);
  const state = call.addRange(call.aggregator.init(), list.open(chunk), 0, chunk.count);
  list.leave(chunk);
  (chunk.summaries ??= new Map()).set(call.number, state);
  return state;
}

/** A call's state over all events of a page, for a call that the list keeps such states of. It must not be changed. */
export function pageState(call: FrameCall, list: EventList, page: ChunkPage): unknown {
  const { states } = page;
  if (states.has(call.number)) return states.get(call.number);
  const { merge, init } = call.aggregator;
  let state = init();
  for (const chunk of page.chunks()) state = merge!(state as never, summaryOf(call, list, chunk) as never);
  // `merge` may return one of its arguments, and events that come late are added to the page's state.
  state = call.clone(state);
  states.set(call.number, state);
  return state;
}

/**
 * A call's state over the events between two gaps, on top of `initial`, which is left unchanged. Whole pages and chunks are merged
 * from their states if the aggregator merges. The caller owns the result.
 */
export function fold(call: FrameCall, list: EventList, from: Gap, to: Gap, initial?: unknown): unknown {
  if (!call.mayFail) return folded(call, list, from, to, initial);
  return retried(() => folded(call, list, from, to, initial));
}

function folded(call: FrameCall, list: EventList, from: Gap, to: Gap, initial: unknown): unknown {
  const { merge, init } = call.aggregator;
  const merges = keepsParts(call.aggregator);
  const usesPages = merges && list.calls.has(call);
  let state = initial === undefined ? init() : call.clone(initial);
  // `merge` may return one of its arguments, which must then be cloned before a change.
  let isOwn = true;
  let { chunk, at } = from;
  if (from.index >= to.index) return state;
  for (;;) {
    const { page } = chunk;
    if (usesPages && at === 0 && page !== undefined && page.first === chunk && page !== to.chunk.page) {
      state = merge!(state as never, pageState(call, list, page) as never);
      isOwn = false;
      chunk = page.last.next!;
      continue;
    }
    const end = chunk === to.chunk ? to.at : chunk.count;
    if (merges && at === 0 && end === chunk.count && chunk !== to.chunk) {
      state = merge!(state as never, summaryOf(call, list, chunk) as never);
      isOwn = false;
    } else if (at < end) {
      if (!isOwn) state = call.clone(state);
      isOwn = true;
      state = call.addRange(state, list.open(chunk), at, end);
    }
    if (chunk === to.chunk || chunk.next === undefined) return isOwn ? state : call.clone(state);
    chunk = chunk.next;
    at = 0;
  }
}
