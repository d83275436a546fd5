import { factsOf, type Step } from '../../plan/physical/step.ts';
import { InternalError } from '../../util/internal-error.ts';
import type { StoreLayout, StoreLocation } from '../stores/cached-store.ts';
import { HeldHeaders } from '../held-headers.ts';
import { KeyExpiry } from '../key-expiry.ts';
import { ChunkStore } from '../over/chunk-store.ts';
import { GroupedStore } from '../stores/grouped-store.ts';
import { KeyValueStore } from '../stores/key-value-store.ts';
import { WindowStore } from '../stores/window-store.ts';
import type { BuildContext } from './context.ts';

type Kind = 'keyed' | 'windowed' | 'ordered';

/**
 * The location and layout of a part of a step's state (`within`: one of several stores of that part). A part that the step's
 * facts do not declare has no changelog, and throws InternalError.
 */
function declared(
  step: Step,
  context: BuildContext,
  part: string,
  kinds: readonly Kind[],
  within?: number,
): { readonly location: StoreLocation; readonly layout: StoreLayout } {
  const { state } = factsOf(step);
  if (state === 'none' || !state.parts.includes(part) || !kinds.includes(state.kind))
    throw new InternalError(`${step.op} does not declare the ${kinds.join(' or ')} state "${part}" that it opens`);
  const place = within === undefined ? part : `${part}/${within}`;
  return {
    location: context.location(step.id, place),
    layout: { name: step.op, version: state.layout, reads: state.reads },
  };
}

/** Opens a store with one entry per key. */
export function keyValue<V>(step: Step, context: BuildContext, part = ''): KeyValueStore<V> {
  const { location, layout } = declared(step, context, part, ['keyed', 'ordered']);
  const store = new KeyValueStore<V>(location, layout);
  context.register(store);
  return store;
}

/** Opens a store of entries by window or time. `form`: the operator stores them in another form than the step's usual one. */
export function windowed<V>(
  step: Step,
  context: BuildContext,
  part: string,
  form?: { readonly name: string; readonly entryOverhead: number },
  within?: number,
): WindowStore<V> {
  const { location, layout } = declared(step, context, part, ['windowed', 'ordered'], within);
  const store = new WindowStore<V>(
    { ...location, entryOverhead: form?.entryOverhead },
    form === undefined ? layout : { ...layout, name: `${layout.name} ${form.name}` },
  );
  context.register(store);
  return store;
}

/** Opens the buckets by which a step's keys are forgotten; undefined where it has no STATE_TTL. */
export function expiry(step: Step & { readonly ttlMs?: number }, context: BuildContext): KeyExpiry | undefined {
  if (step.ttlMs === undefined) return undefined;
  const { location, layout } = declared(step, context, 'touched', ['keyed']);
  const store = new WindowStore<true>(location, layout);
  context.register(store);
  return new KeyExpiry(store, step.ttlMs);
}

/** Opens a store of the headers of rows that the step holds back. */
export const heldHeaders = (step: Step, context: BuildContext, part = 'headers'): HeldHeaders =>
  new HeldHeaders(windowed(step, context, part));

/** Opens a store of events in chunks of `width` columns. */
export function chunked(step: Step, context: BuildContext, part: string, width: number, within?: number): ChunkStore {
  const { location, layout } = declared(step, context, part, ['ordered'], within);
  const store = new ChunkStore(location, layout, width);
  context.register(store);
  return store;
}

/** Opens a store of entries by group. */
export function grouped<V>(step: Step, context: BuildContext, part: string): GroupedStore<V> {
  const { location, layout } = declared(step, context, part, ['keyed']);
  const store = new GroupedStore<V>(location, layout);
  context.register(store);
  return store;
}
