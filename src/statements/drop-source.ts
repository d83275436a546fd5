import { viewsOver } from '../bind/views.ts';
import type { Catalog, QueryObject, SourceObject } from '../catalog/catalog.ts';
import { versionName, versionOf, viewOfName } from '../catalog/version-names.ts';
import { isLive, versionsOf } from '../catalog/view-versions.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { DropSource } from '../syntax/statements/drop-source.ts';
import { closest } from '../util/closest.ts';
import { versionToDrop } from './view-versions.ts';
import { currentStatus, warning, type Execution, type Handler } from './handler.ts';

export const dropSource: Handler<DropSource> = async (statement, execution) => {
  const { engine, text } = execution;
  const { catalog } = engine;
  const name = statement.name.text;
  const source = catalog.sources.get(name);
  const word = statement.sourceKind === 'STREAM' ? 'Stream' : 'Table';
  if (catalog.views.has(name))
    throw new SqlError('WRONG_SOURCE_KIND', statement.name.span, {
      name,
      expected: statement.sourceKind.toLowerCase(),
      actual: 'view',
    });
  if (source === undefined) {
    if (statement.ifExists) return warning(text, `${word} ${name} does not exist.`);
    throw new SqlError('SOURCE_NOT_FOUND', statement.name.span, {
      name,
      suggestion: closest(name, catalog.sources.keys()),
    });
  }
  if (source.spec.kind !== statement.sourceKind)
    throw new SqlError('WRONG_SOURCE_KIND', statement.name.span, {
      name,
      expected: statement.sourceKind.toLowerCase(),
      actual: source.spec.kind.toLowerCase(),
    });
  // The name of a version that is live is not that of the view.
  if (source.featureView !== undefined) versionToDrop({ name: statement.name, version: undefined }, source, catalog);
  if (statement.deleteTopic && source.readOnly) throw new SqlError('SOURCE_READ_ONLY', statement.name.span, { name });
  const { number, others } = await dropWithQueries(source, statement.cascade, statement.name.span, execution);
  if (statement.deleteTopic) await engine.node.deleteTopic(source.spec.topic);
  return currentStatus(
    text,
    `${word.toLowerCase()}/${name}/drop`,
    `Source \`${name}\` (topic: ${source.spec.topic}) was dropped.${others.length === 0 ? '' : ` With it: ${others.join(', ')}.`}`,
    number,
  );
};

interface Dropped {
  readonly number: number;
  readonly others: string[];
}

/**
 * Drops a source and the query that fills it, of a feature view with all of its versions. Other queries that use it, and what those
 * fill, are dropped only with CASCADE.
 */
export function dropWithQueries(
  source: SourceObject,
  cascade: boolean,
  span: Span,
  execution: Execution,
): Promise<Dropped> {
  return dropAll(wholeOf(source, execution.engine.catalog), cascade, span, execution);
}

/** The same of one version of a feature view. */
export const dropVersion = (
  version: SourceObject,
  cascade: boolean,
  span: Span,
  execution: Execution,
): Promise<Dropped> => dropAll([version], cascade, span, execution);

/** A source; of a feature view by its own name all of its versions, the one that is live last. */
function wholeOf(source: SourceObject, catalog: Catalog): SourceObject[] {
  if (source.featureView === undefined || !isLive(source)) return [source];
  return [...versionsOf(catalog, source.spec.name).filter((version) => version !== source), source];
}

async function dropAll(
  sources: readonly SourceObject[],
  cascade: boolean,
  span: Span,
  { engine: { catalog }, distribute }: Execution,
): Promise<Dropped> {
  const own = sources.map(({ spec }) => spec.name);
  const fills = sources.map(({ createdBy }) => createdBy);
  const users = own.flatMap((each) => usersOf(catalog, each)).filter(({ id }) => !fills.includes(id));
  const by = [
    ...users.map(({ id }) => id),
    ...viewsOverAll(catalog, own),
    ...own.flatMap((each) => catalog.servicesOver(each)),
  ];
  if (by.length > 0 && !cascade)
    throw new SqlError('SOURCE_IN_USE', span, {
      name: own.at(-1)!,
      by: [...new Set(by)].join(', '),
      cascades: true,
    });
  const dropped = goingWith(catalog, own);
  const views = viewsOverAll(catalog, dropped);
  for (const view of views) await distribute({ v: 1, kind: 'dropView', name: view });
  const services = [...new Set(dropped.flatMap((each) => catalog.servicesOver(each)))];
  for (const service of services) await distribute({ v: 1, kind: 'dropFeatureService', name: service });
  let number = -1;
  for (const sourceName of dropped) {
    // Queries of others that read or write the source end with it.
    const queries = [
      catalog.sources.get(sourceName)!.createdBy,
      ...catalog.exportsOf(sourceName).map(({ id }) => id),
      ...usersOf(catalog, sourceName).map(({ id }) => id),
    ];
    number = await distribute({
      v: 1,
      kind: 'dropSource',
      name: sourceName,
      queries: [...new Set(queries)].filter((id) => id !== undefined),
    });
  }
  return {
    number,
    others: [...services, ...views, ...dropped.filter((name) => !own.includes(name))],
  };
}

/** Sources and what was made from them, that first; with the live version of another view all of its versions go. */
function goingWith(catalog: Catalog, own: readonly string[], begun = own): string[] {
  const dropped = [...new Set(begun.flatMap((each) => dropOrder(catalog, each)))];
  const versions = dropped
    .filter((name) => !own.includes(name))
    .flatMap((name) => wholeOf(catalog.sources.get(name)!, catalog))
    .map(({ spec }) => spec.name)
    .filter((name) => !dropped.includes(name));
  return versions.length === 0 ? dropped : goingWith(catalog, own, [...versions, ...begun]);
}

const viewsOverAll = (catalog: Catalog, names: readonly string[]): readonly string[] => [
  ...new Set(names.flatMap((name) => spellingsOf(catalog, name)).flatMap((name) => viewsOver(catalog, name))),
];

/** The names that a query may have for a source: a view that is live has that of its version too. */
function spellingsOf(catalog: Catalog, name: string): string[] {
  const view = catalog.sources.get(name)?.featureView;
  return view === undefined || viewOfName(name) !== name ? [name] : [name, versionName(name, versionOf(view))];
}

/** The queries that read or write a source, other than those that its own CREATE made. */
function usersOf(catalog: Catalog, name: string): QueryObject[] {
  const own = catalog.sources.get(name)?.createdBy;
  const users = [...catalog.queriesReading(name), ...catalog.queriesWriting(name)];
  return users.filter(
    ({ id, kind }, i) => id !== own && kind !== 'EXPORT' && users.findIndex((other) => other.id === id) === i,
  );
}

/** The sources to drop, dependants first. */
function dropOrder(catalog: Catalog, name: string, seen = new Set<string>()): string[] {
  if (seen.has(name)) return [];
  seen.add(name);
  const derived = catalog
    .queriesReading(name)
    .filter(({ id, sink }) => catalog.sources.get(sink)?.createdBy === id)
    .map(({ sink }) => sink);
  return [...derived.flatMap((source) => dropOrder(catalog, source, seen)), name];
}

/** The sources that DROP … CASCADE ends or cuts off: those that are dropped, and the sinks of queries that end with them. */
export function touchedByDrop(catalog: Catalog, name: string): string[] {
  const source = catalog.sources.get(name);
  const names = source === undefined ? [name] : wholeOf(source, catalog).map(({ spec }) => spec.name);
  const dropped = goingWith(catalog, names);
  return [
    ...new Set([
      ...dropped,
      ...viewsOverAll(catalog, dropped),
      ...dropped.flatMap((source) => catalog.servicesOver(source)),
      ...dropped.flatMap((source) => usersOf(catalog, source).map(({ sink }) => sink)),
    ]),
  ];
}
