import { factsOf, type Step } from '../../plan/physical/step.ts';
import { InternalError } from '../../util/internal-error.ts';
import type { StoreLayout, StoreLocation } from '../stores/cached-store.ts';
import { GroupedStore } from '../stores/grouped-store.ts';
import { KeyValueStore } from '../stores/key-value-store.ts';
import { WindowStore } from '../stores/window-store.ts';
import type { BuildContext } from './context.ts';

type Kind = 'keyed' | 'windowed' | 'ordered';

/** Where a part of a step's state is: one that the step's facts do not declare has no changelog, and is refused. */
function declared(
  step: Step,
  context: BuildContext,
  part: string,
  kinds: readonly Kind[],
): { readonly location: StoreLocation; readonly layout: StoreLayout } {
  const { state } = factsOf(step);
  if (state === 'none' || !state.parts.includes(part) || !kinds.includes(state.kind))
    throw new InternalError(`${step.op} does not declare the ${kinds.join(' or ')} state "${part}" that it opens`);
  return { location: context.location(step.id, part), layout: { name: step.op, version: state.layout } };
}

/** Opens a store of one entry a key. */
export function keyValue<V>(step: Step, context: BuildContext, part = ''): KeyValueStore<V> {
  const { location, layout } = declared(step, context, part, ['keyed', 'ordered']);
  const store = new KeyValueStore<V>(location, layout);
  context.register(store);
  return store;
}

/** Opens a store of entries in windows, or at times. `form`: the operator keeps them in another form than its step mostly does. */
export function windowed<V>(
  step: Step,
  context: BuildContext,
  part: string,
  form?: { readonly name: string; readonly entryOverhead: number },
): WindowStore<V> {
  const { location, layout } = declared(step, context, part, ['windowed']);
  const store = new WindowStore<V>(
    { ...location, entryOverhead: form?.entryOverhead },
    form === undefined ? layout : { ...layout, name: `${layout.name} ${form.name}` },
  );
  context.register(store);
  return store;
}

/** Opens a store of entries in groups. */
export function grouped<V>(step: Step, context: BuildContext, part: string): GroupedStore<V> {
  const { location, layout } = declared(step, context, part, ['keyed']);
  const store = new GroupedStore<V>(location, layout);
  context.register(store);
  return store;
}
