import { factsOf, type Step } from '../../plan/physical/step.ts';
import { InternalError } from '../../util/internal-error.ts';
import type { StoreLocation } from '../stores/cached-store.ts';
import { GroupedStore } from '../stores/grouped-store.ts';
import { KeyValueStore } from '../stores/key-value-store.ts';
import { WindowStore } from '../stores/window-store.ts';
import type { BuildContext } from './context.ts';

type Kind = 'keyed' | 'windowed' | 'ordered';

/** Where a part of a step's state is: one that the step's facts do not declare has no changelog, and is refused. */
function declared(step: Step, context: BuildContext, part: string, kinds: readonly Kind[]): StoreLocation {
  const { state } = factsOf(step);
  if (state === 'none' || !state.parts.includes(part) || !kinds.includes(state.kind))
    throw new InternalError(`${step.op} does not declare the ${kinds.join(' or ')} state "${part}" that it opens`);
  return context.location(step.id, part);
}

/** Opens a store of one entry a key. */
export function keyValue<V>(step: Step, context: BuildContext, part = ''): KeyValueStore<V> {
  const store = new KeyValueStore<V>(declared(step, context, part, ['keyed', 'ordered']));
  context.register(store);
  return store;
}

/** Opens a store of entries in windows, or at times. */
export function windowed<V>(step: Step, context: BuildContext, part: string, entryOverhead?: number): WindowStore<V> {
  const store = new WindowStore<V>({ ...declared(step, context, part, ['windowed']), entryOverhead });
  context.register(store);
  return store;
}

/** Opens a store of entries in groups. */
export function grouped<V>(step: Step, context: BuildContext, part: string): GroupedStore<V> {
  const store = new GroupedStore<V>(declared(step, context, part, ['keyed']));
  context.register(store);
  return store;
}
