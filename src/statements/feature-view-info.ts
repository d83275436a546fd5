import { isFeature, type Catalog, type SourceObject } from '../catalog/catalog.ts';
import { versionOf, viewOfName } from '../catalog/version-names.ts';
import { isLive } from '../catalog/view-versions.ts';
import type { Engine } from '../engine/engine.ts';
import type { Freshness } from '../engine/view-lags.ts';
import { storedRowsOf } from '../engine/stored-rows.ts';
import { allSteps, modelCall } from '../plan/physical/step.ts';
import { queryState } from './running-queries.ts';
import { schemaInfo } from './schema-info.ts';
import { versionsInfo } from './version-info.ts';

/** What DESCRIBE FEATURE VIEW tells beside what it tells of any source. */
export async function featureViewInfo(
  view: SourceObject,
  engine: Engine,
  extended: boolean,
): Promise<Record<string, unknown>> {
  const { spec, featureView } = view;
  const { catalog } = engine;
  const { entityKey, options } = featureView!;
  const columns = (list: typeof spec.schema): unknown[] =>
    list.map(({ name, type }) => ({ name, schema: schemaInfo(type) }));
  const online = catalog.onlineOf(spec.name);
  return {
    ...featureView,
    entities: columns(spec.schema.filter(({ name }) => entityKey.includes(name))),
    features: columns(spec.schema.filter(({ name }) => isFeature(featureView!, name))),
    eval: options['EVAL'] ?? 'AT_EVENT',
    onlineStore: options['ONLINE_STORE'] ?? 'state',
    onlineUrl: online?.url ?? null,
    keyPrefix: online?.prefix ?? null,
    offlineStore: options['OFFLINE_STORE'] ?? 'none',
    ...(await freshnessOf(view, engine)),
    offlinePath: catalog.filesOf(spec.name)?.path ?? null,
    lineage: lineageOf(spec.name, catalog),
    version: versionOf(featureView!),
    versions: await versionsInfo(viewOfName(spec.name), engine),
    ...(extended && options['ONLINE_STORE'] !== 'none' ? await entitiesNow(view, engine) : {}),
  };
}

/** What SHOW FEATURE VIEWS tells of each. */
export async function listFeatureViews(engine: Engine): Promise<Record<string, unknown>[]> {
  const { catalog } = engine;
  return Promise.all(
    [...catalog.sources.values()].flatMap((source) => {
      const { spec, featureView, createdBy } = source;
      if (featureView === undefined || !isLive(source)) return [];
      const { entityKey, ttlMs, options, comment } = featureView;
      const query = createdBy === undefined ? undefined : catalog.queries.get(createdBy);
      return Promise.all([freshnessOf(source, engine), versionsInfo(spec.name, engine)]).then(([fresh, versions]) => ({
        name: spec.name,
        version: versionOf(featureView),
        versions: versions.map(({ version, state, progress }) => ({ version, state, progress })),
        entityKey,
        features: spec.schema.map(({ name }) => name).filter((name) => isFeature(featureView, name)),
        ttlMs: ttlMs ?? null,
        freshnessTargetMs: fresh.freshnessTargetMs,
        onlineStore: options['ONLINE_STORE'] ?? 'state',
        offlineStore: options['OFFLINE_STORE'] ?? 'none',
        services: catalog.servicesOver(spec.name),
        state: query === undefined ? null : queryState(engine, query),
        owner: options['OWNER'] ?? null,
        tags: options['TAGS'] ?? null,
        comment: comment ?? null,
        isFresh: fresh.isFresh,
        lagMs: fresh.lagMs,
      }));
    }),
  );
}

/** FRESHNESS of a view, and whether it is kept; nulls where it has none. */
async function freshnessOf({ spec, featureView }: SourceObject, { viewLags }: Engine): Promise<FreshnessInfo> {
  const targetMs = featureView?.freshnessTargetMs;
  if (targetMs === undefined) return { freshnessTargetMs: null, isFresh: null, lagMs: null };
  const { isFresh, lagMs } = await viewLags.freshness(spec.name, targetMs);
  return { freshnessTargetMs: targetMs, isFresh, lagMs };
}
interface FreshnessInfo extends Freshness {
  readonly freshnessTargetMs: number | null;
}

/** What a view comes from, back to the topics, and what reads it. */
function lineageOf(view: string, catalog: Catalog): Record<string, readonly string[]> {
  const sources = new Set<string>();
  const left = [view];
  for (let name = left.pop(); name !== undefined; name = left.pop())
    for (const query of catalog.queriesWriting(name))
      for (const source of query.sources)
        if (!sources.has(source)) {
          sources.add(source);
          left.push(source);
        }
  const topics = [...sources].flatMap((name) => {
    const source = catalog.sources.get(name);
    return source === undefined || source.createdBy !== undefined ? [] : [source.spec.topic];
  });
  const readers = catalog.queriesReading(view).filter(({ kind }) => kind !== 'EXPORT');
  const models = readers.flatMap(({ plan }) => allSteps(plan.root).flatMap((step) => modelCall(step)?.model ?? []));
  const services = catalog.servicesOver(view);
  const called = services.flatMap((name) => catalog.featureServices.get(name)!.invokes ?? []);
  return {
    topics: [...new Set(topics)],
    sources: [...sources],
    queries: readers.map(({ id }) => id),
    services,
    models: [...new Set([...models, ...called.map(({ model }) => model)])],
  };
}

/** How many entities there are, and how old the newest row is: counted by reading them all. */
async function entitiesNow(view: SourceObject, engine: Engine): Promise<Record<string, unknown>> {
  let rows = 0;
  let newest = -Infinity;
  for await (const changes of await storedRowsOf(view, undefined, engine))
    for (const { timestamp } of changes) {
      rows++;
      if (timestamp > newest) newest = timestamp;
    }
  return {
    rows,
    newestEvent: rows === 0 ? null : newest,
    freshnessMs: rows === 0 ? null : Math.max(0, Date.now() - newest),
  };
}
