import { requireView } from '../bind/context.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { rebuildStore } from '../engine/rebuild-store.ts';
import { timeBounds } from '../engine/time-bounds.ts';
import type { Materialize } from '../syntax/statements/alter-feature-view.ts';
import { entity, type Handler } from './handler.ts';

/** MATERIALIZE FEATURE VIEW: writes the newest rows of its entities from the state of its query into its store. */
export const materialize: Handler<Materialize> = async ({ name, from, to, span }, { engine, text }) => {
  const view = requireView(engine.catalog, name);
  const refuse = (why: string, at = span): never => {
    throw new SqlError('FEATURE_VIEW_INVALID', at, { view: name.text, why });
  };
  const bounds = timeBounds(
    from?.text,
    to?.text,
    (time, bound) =>
      refuse(`'${time}' is no time, such as '2026-01-31T00:00:00Z'`, (bound === 'from' ? from : to)!.span),
    () => refuse('TO must be after FROM', to!.span),
  );
  const entities = await rebuildStore(view, bounds, engine);
  if (entities === undefined)
    return refuse('the state of its query serves it, and there is no other store to write it into');
  return entity('materialized', text, { view: name.text, entities });
};
