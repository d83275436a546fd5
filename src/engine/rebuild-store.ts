import type { SourceObject } from '../catalog/catalog.ts';
import { keyText, type Change } from '../runtime/change.ts';
import type { EntityWrite, OnlineStore } from '../runtime/ports/online-store.ts';
import type { Engine } from './engine.ts';
import { onlineStore, withStore } from './online-lookup.ts';
import { storedRowsOf } from './stored-rows.ts';

interface Range {
  readonly fromMs: number | undefined;
  /** Not included. */
  readonly toMs: number | undefined;
}

/**
 * Writes the newest row of each entity whose time is in the range from the state of a view's query into the view's store; gives how many
 * there were, or undefined for a view without a store. What the store has newer stays: a row of the state has no offset, and counts as
 * the first of its time.
 */
export async function rebuildStore(view: SourceObject, range: Range, engine: Engine): Promise<number | undefined> {
  const store = onlineStore(view, engine);
  if (store === undefined) return undefined;
  let written = 0;
  for await (const changes of await storedRowsOf(view, undefined, engine)) {
    const rows = changes.filter((change) => isIn(change, range)).map(writeOf);
    if (rows.length === 0) continue;
    await withStore(view, () => store.write(rows));
    written += rows.length;
    if (view.spec.kind === 'TABLE') await eraseGone(rows, view, store, engine);
  }
  return written;
}

const isIn = ({ timestamp }: Change, { fromMs = -Infinity, toMs = Infinity }: Range): boolean =>
  timestamp >= fromMs && timestamp < toMs;

const writeOf = ({ key, after, timestamp }: Change): EntityWrite => ({
  key,
  row: after,
  time: timestamp,
  windowStart: undefined,
  offset: 0,
});

/** An entity of a table that was deleted while it was written here. */
async function eraseGone(
  rows: readonly EntityWrite[],
  view: SourceObject,
  store: OnlineStore,
  engine: Engine,
): Promise<void> {
  const left = new Map(rows.map(({ key }) => [keyText(key), key]));
  for await (const changes of await storedRowsOf(view, [...left.values()], engine))
    for (const { key } of changes) left.delete(keyText(key));
  if (left.size > 0) await withStore(view, () => store.erase([...left.values()]));
}
