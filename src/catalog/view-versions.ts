import { stepInputs, withInputs, type Step } from '../plan/physical/step.ts';
import type { Catalog, QueryObject, SourceObject } from './catalog.ts';
import { versionName, versionOf, viewOfName } from './version-names.ts';

/** The versions of a view, by any of their names, in order of number; none where it is no feature view. */
export function versionsOf({ sources }: Pick<Catalog, 'sources'>, name: string): SourceObject[] {
  const view = viewOfName(name);
  return [...sources.values()]
    .filter(({ spec, featureView }) => featureView !== undefined && viewOfName(spec.name) === view)
    .sort((a, b) => versionOf(a.featureView!) - versionOf(b.featureView!));
}

/** Whether a version is the one that its view's name stands for. */
export const isLive = ({ spec }: SourceObject): boolean => viewOfName(spec.name) === spec.name;

/** The versions that are to be live when they have caught up, newest first. */
export const pendingVersions = (catalog: Pick<Catalog, 'sources'>): SourceObject[] =>
  [...catalog.sources.values()]
    .filter((source) => {
      if (source.featureView === undefined || isLive(source)) return false;
      const live = catalog.sources.get(viewOfName(source.spec.name));
      return live?.featureView !== undefined && versionOf(source.featureView) > versionOf(live.featureView);
    })
    .sort((a, b) => versionOf(b.featureView!) - versionOf(a.featureView!));

/** The greatest number that a version of a view ever had. */
export const lastVersion = (catalog: Pick<Catalog, 'sources'>, view: string): number =>
  Math.max(
    0,
    ...versionsOf(catalog, view).map(({ featureView }) => featureView!.version?.last ?? versionOf(featureView!)),
  );

/** A catalogue with a version that is not live yet; what is live keeps the number, so that it is never given again. */
export function withVersion(catalog: Catalog, source: SourceObject): Catalog {
  const { view, number } = source.featureView!.version!;
  const live = catalog.sources.get(view);
  const added = catalog.withSource(source);
  if (live?.featureView === undefined) return added;
  const version = { view, number: versionOf(live.featureView), last: number };
  return added.withSource({
    ...live,
    featureView: { ...live.featureView, version },
  });
}

/** How names change when a version goes live: the former one gets the name of its version, and the new one that of the view. */
export function namesAfterSwitch(
  catalog: Catalog,
  view: string,
  number: number,
): ReadonlyMap<string, string> | undefined {
  const live = catalog.sources.get(view)?.featureView;
  const next = versionName(view, number);
  if (live === undefined || versionOf(live) === number || !catalog.sources.has(next)) return undefined;
  return new Map([
    [view, versionName(view, versionOf(live))],
    [next, view],
  ]);
}

/**
 * A catalogue in which these sources have other names. Queries go on with what they read and fill, by the new names; feature services
 * and logical views name what they mean, and mean what has the name now.
 */
export function renamed(catalog: Catalog, names: ReadonlyMap<string, string>): Catalog {
  const nameOf = (name: string): string => names.get(name) ?? name;
  const live = [...names.keys()].map((name) => catalog.sources.get(name)!.featureView!);
  const last = Math.max(...live.map((view) => view.version?.last ?? versionOf(view)));
  const sources = [...catalog.sources.values()].map((source): [string, SourceObject] => {
    const name = nameOf(source.spec.name);
    if (name === source.spec.name) return [name, source];
    const featureView = source.featureView!;
    const version = {
      view: viewOfName(name),
      number: versionOf(featureView),
      ...(name.includes('@') ? {} : { last }),
    };
    return [
      name,
      {
        ...source,
        spec: { ...source.spec, name },
        featureView: { ...featureView, version },
      },
    ];
  });
  const queries = [...catalog.queries.values()].map((query): [string, QueryObject] => [
    query.id,
    withNames(query, nameOf),
  ]);
  return catalog.with({ sources: new Map(sources), queries: new Map(queries) });
}

function withNames(query: QueryObject, nameOf: (name: string) => string): QueryObject {
  const { kind, sources, sink, plan } = query;
  const isNamed = [...sources, ...(kind === 'EXPORT' ? [] : [sink])].some((name) => nameOf(name) !== name);
  if (!isNamed) return query;
  // By a source's name in a plan its erased entities are found, and EXPLAIN tells of it.
  const renamedStep = (step: Step): Step => {
    const same = withInputs(step, stepInputs(step).map(renamedStep));
    return same.op === 'streamSource' || same.op === 'tableSource'
      ? { ...same, source: { ...same.source, name: nameOf(same.source.name) } }
      : same;
  };
  return {
    ...query,
    sources: sources.map(nameOf),
    sink: kind === 'EXPORT' ? sink : nameOf(sink),
    plan: { ...plan, root: renamedStep(plan.root) },
  };
}
