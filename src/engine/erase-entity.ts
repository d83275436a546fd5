import { setTimeout as sleep } from 'node:timers/promises';
import type { FeatureView, QueryObject, SourceObject } from '../catalog/catalog.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { openFolder } from '../files/open-folder.ts';
import { anyRangeOf, deletedEnding, fileEnding } from '../files/names.ts';
import { ErasedEntities, storedKey } from '../runtime/erased-entities.ts';
import { runSettings } from '../runtime/run-settings.ts';
import type { Row } from '../types/sql-type.ts';
import type { Engine } from './engine.ts';
import { onlineStore, withStore } from './online-lookup.ts';
import { storedRowsOf } from './stored-rows.ts';
import { fileRows } from './training/history.ts';
import { endsOf } from './verification/answers.ts';

/** How long the queries behind a view may need to come to what was there before. */
const waitMs = 60_000;
const pollMs = 20;

/**
 * Erases an entity from a feature view: from the state of its query, its store and its files, and from what is read of its history. What
 * of it comes later makes it anew. Its query begins again where it was, without the entity; a statement that is broken off in between
 * is run again.
 */
export async function eraseEntity(
  view: SourceObject,
  key: Row,
  tombstone: () => Promise<void>,
  span: Span,
  engine: Engine,
): Promise<void> {
  const { name, topic } = view.spec;
  const refuse = (why: string): never => {
    throw new SqlError('ENTITY_NOT_DELETED', span, { view: name, why });
  };
  const query = engine.catalog.queries.get(view.createdBy!) ?? refuse('no query fills it any more');
  // By these, not by name: another version may go live meanwhile.
  const exporter = engine.catalog.exportsOf(name).find(({ plan }) => plan.online !== undefined);
  const store = onlineStore(view, engine);
  const path = engine.catalog.filesOf(name)?.path;
  const sources = new Set((await engine.node.whereabouts(query.id))?.positions.map((position) => position.topic));
  await caughtUp(query, await endsOf([...sources], engine), refuse, engine);
  // Until the ends are known, no row of the entity counts as history.
  await put(query, (view) => withErasure(view, { key: storedKey(key) }), false, engine);
  await untilGone(() => isInState(view, key, engine), 'the state of its query has it', refuse, engine);
  await tombstone();
  const ends = (await endsOf([topic], engine)).get(topic)!;
  if (store !== undefined) {
    await caughtUp(exporter!, new Map([[topic, ends]]), refuse, engine);
    await withStore(view, () => store.erase([key]));
  }
  await put(query, (view) => withErasure(view, { key: storedKey(key), ends }), true, engine);
  if (path !== undefined) await untilGone(() => isInFiles(path, view, key, ends), 'its files have it', refuse, engine);
}

/** An erasure of an entity whose last one has no ends takes its place: that one was broken off. */
function withErasure(view: FeatureView, erasure: NonNullable<FeatureView['erased']>[number]): FeatureView {
  const { erased = [] } = view;
  const open = erased.findLastIndex(({ key, ends }) => key === erasure.key && ends === undefined);
  if (open < 0) return { ...view, erased: [...erased, erasure] };
  // At another place in the list it is new to the queries.
  return { ...view, erased: erasure.ends === undefined ? [...erased, erasure] : erased.with(open, erasure) };
}

/** Puts a view with its erasures in the catalogue, and lets its query, or those that write it elsewhere, begin again. */
function put(
  { id }: QueryObject,
  change: (view: FeatureView) => FeatureView,
  isBehind: boolean,
  engine: Engine,
): Promise<unknown> {
  return engine.change((distribute) => {
    const { sources, queries } = engine.catalog;
    // A version may have gone live meanwhile: the view is the one that the query fills.
    const source = [...sources.values()].find(({ createdBy }) => createdBy === id)!;
    const exporters = isBehind
      ? engine.catalog.exportsOf(source.spec.name).filter(({ plan }) => plan.files !== undefined)
      : [];
    return distribute({
      v: 1,
      kind: 'createSource',
      source: { ...source, featureView: change(source.featureView!) },
      query: isBehind ? undefined : queries.get(id),
      ...(exporters.length === 0 ? {} : { exporters }),
    });
  });
}

/** Waits until a query has committed what its topics had. */
async function caughtUp(
  { id, properties }: QueryObject,
  ends: ReadonlyMap<string, readonly number[]>,
  refuse: (why: string) => never,
  { node }: Engine,
): Promise<void> {
  for (const until = performance.now() + waitMs; ; await sleep(pollMs)) {
    const status = node.status(id);
    if (status === undefined || status.state === 'ERROR' || status.state === 'PAUSED')
      refuse(`query ${id} is ${status?.state ?? 'not running'}, and has to go on first`);
    const at = (await node.whereabouts(id))?.positions ?? [];
    const isBehind = at.some(({ topic, partition, committed }) => committed < (ends.get(topic)?.[partition] ?? 0));
    if (!isBehind && (node.kind === 'embedded' || status.lag === 0)) break;
    if (performance.now() > until) refuse(`query ${id} is behind its topics`);
  }
  // What is between the parts of a plan is committed a moment later.
  if (node.kind !== 'embedded') await sleep(2 * runSettings(properties).commit.behindMs);
}

async function untilGone(
  isThere: () => Promise<boolean>,
  why: string,
  refuse: (why: string) => never,
  { node }: Engine,
): Promise<void> {
  // On one node the queries have begun again when the command is applied.
  for (const until = performance.now() + (node.kind === 'embedded' ? 0 : waitMs); await isThere(); await sleep(pollMs))
    if (performance.now() > until) refuse(why);
}

async function isInState(view: SourceObject, key: Row, engine: Engine): Promise<boolean> {
  for await (const rows of await storedRowsOf(view, [key], engine)) if (rows.length > 0) return true;
  return false;
}

async function isInFiles(path: string, view: SourceObject, key: Row, ends: readonly number[]): Promise<boolean> {
  const gone = new ErasedEntities({ list: [{ key: storedKey(key), ends }] });
  const folder = openFolder(path);
  for (const name of [...(await folder.shown(fileEnding)), ...(await folder.shown(deletedEnding))]) {
    const range = anyRangeOf(name);
    if (range === undefined) continue;
    for await (const rows of fileRows(folder, name, view.featureView!.entityKey, []))
      if (rows.some((row) => gone.covers(row.key, range.partition, row.offset))) return true;
  }
  return false;
}
