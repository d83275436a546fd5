import type { Step } from '../../plan/physical/step.ts';
import { GroupedStore } from '../stores/grouped-store.ts';
import { KeyValueStore } from '../stores/key-value-store.ts';
import { WindowStore } from '../stores/window-store.ts';
import type { BuildContext } from './context.ts';

/** Opens a store of one entry a key, of the step's state. */
export function keyValue<V>(step: Step, context: BuildContext, part = ''): KeyValueStore<V> {
  const store = new KeyValueStore<V>(context.location(step.id, part));
  context.register(store);
  return store;
}
/** Opens a store of entries in windows, or at times. */
export function windowed<V>(step: Step, context: BuildContext, part: string, entryOverhead?: number): WindowStore<V> {
  const store = new WindowStore<V>({ ...context.location(step.id, part), entryOverhead });
  context.register(store);
  return store;
}

/** Opens a store of entries in groups. */
export function grouped<V>(step: Step, context: BuildContext, part: string): GroupedStore<V> {
  const store = new GroupedStore<V>(context.location(step.id, part));
  context.register(store);
  return store;
}
