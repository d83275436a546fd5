import type { SourceObject } from '../catalog/catalog.ts';
import { versionName, versionOf, viewOfName } from '../catalog/version-names.ts';
import { isLive, pendingVersions, versionsOf } from '../catalog/view-versions.ts';
import type { Engine } from '../engine/engine.ts';
import { queryState } from './running-queries.ts';

/** What becomes of a version: it is made, filled from history, and read from then on until it is dropped. */
type VersionState = 'CREATED' | 'BACKFILLING' | 'AVAILABLE_ONLINE' | 'PAUSED' | 'ERROR';

interface VersionInfo {
  readonly version: number;
  /** The name that it is read by, whichever version is live. */
  readonly name: string;
  /** Whether the view's name stands for it. */
  readonly isLive: boolean;
  readonly state: VersionState;
  /** The part of its sources' history that it has, from 0 to 1; null when it is not being filled. */
  readonly progress: number | null;
  readonly error: string | null;
  readonly query: string | null;
  readonly topic: string;
  readonly keyPrefix: string | null;
  readonly offlinePath: string | null;
  /** The queries that read it, and the feature services that name this version. */
  readonly readers: readonly string[];
  readonly statement: string;
}

/** What DESCRIBE FEATURE VIEW tells of each version of a view. */
export function versionsInfo(view: string, engine: Engine): Promise<readonly VersionInfo[]> {
  return Promise.all(versionsOf(engine.catalog, view).map((version) => infoOf(version, engine)));
}

async function infoOf(source: SourceObject, engine: Engine): Promise<VersionInfo> {
  const { catalog } = engine;
  const { spec, featureView, createdBy, statement } = source;
  const number = versionOf(featureView!);
  const query = catalog.queries.get(createdBy!);
  const name = versionName(viewOfName(spec.name), number);
  const pinned = [...catalog.featureServices.values()].filter(({ views }) => views.some((each) => each.name === name));
  const readers = catalog.queriesReading(spec.name).filter(({ kind }) => kind !== 'EXPORT');
  return {
    version: number,
    name,
    isLive: isLive(source),
    ...(await stateOf(source, engine)),
    query: query?.id ?? null,
    topic: spec.topic,
    keyPrefix: catalog.onlineOf(spec.name)?.prefix ?? null,
    offlinePath: catalog.filesOf(spec.name)?.path ?? null,
    readers: [...readers.map(({ id }) => id), ...pinned.map((service) => service.name)],
    statement,
  };
}

async function stateOf(
  source: SourceObject,
  engine: Engine,
): Promise<Pick<VersionInfo, 'state' | 'progress' | 'error'>> {
  const { catalog, node } = engine;
  const queries = [catalog.queries.get(source.createdBy!), ...catalog.exportsOf(source.spec.name)];
  const isPending = pendingVersions(catalog).includes(source);
  const [query] = queries;
  if (query === undefined)
    return {
      state: 'ERROR',
      progress: null,
      error: 'its query was terminated',
    };
  const found = isPending ? await node.whereabouts(query.id).catch(() => undefined) : undefined;
  const progress = found === undefined ? null : progressOf(found.positions);
  for (const each of queries) {
    const state = queryState(engine, each!);
    if (state === 'PAUSED' || state === 'ERROR')
      return { state, progress, error: node.status(each!.id)?.error ?? null };
  }
  if (!isPending) return { state: 'AVAILABLE_ONLINE', progress: null, error: null };
  return {
    state: progress === null ? 'CREATED' : 'BACKFILLING',
    progress,
    error: null,
  };
}

function progressOf(
  positions: readonly {
    readonly start: number;
    readonly end: number;
    readonly committed: number;
  }[],
): number {
  const all = positions.reduce((sum, { start, end }) => sum + end - start, 0);
  const done = positions.reduce((sum, { start, committed }) => sum + committed - start, 0);
  return all === 0 ? 1 : Math.min(1, Math.round((done / all) * 1000) / 1000);
}
