import type { Catalog, FeatureService, SourceObject } from '../catalog/catalog.ts';
import { versionName, versionOf, viewOfName } from '../catalog/version-names.ts';
import { isLive, lastVersion, versionsOf } from '../catalog/view-versions.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import { endsOf } from '../engine/verification/answers.ts';
import { columnsIn } from '../expressions/node.ts';
import type { ExportSpec } from '../specs/exports.ts';
import { parseScript } from '../syntax/parse.ts';
import { printQuery } from '../syntax/print.ts';
import type { CreateFeatureView, DropFeatureView } from '../syntax/statements/feature-views.ts';
import type { Schema } from '../types/schema.ts';
import { sameType, typeText } from '../types/sql-type.ts';
import type { PlannedQuery } from './persistent-query.ts';

/** The newest version of a view that a statement names; undefined where there is none. */
export const newestVersion = (catalog: Catalog, name: string): SourceObject | undefined =>
  versionsOf(catalog, name).at(-1);

/** Whether a statement computes something else than what a view does: another query, another feature time, or another beginning. */
export function isOtherLogic(statement: CreateFeatureView, { statement: text }: SourceObject): boolean {
  const [former] = parseScript({ name: 'version', text });
  return former?.kind !== 'createFeatureView' || logicOf(former) !== logicOf(statement);
}

const logicOf = ({ query, timestamp, properties }: CreateFeatureView): string =>
  JSON.stringify([printQuery(query), timestamp?.text, properties.find(({ name }) => name === 'START_TIME')?.value]);

/** What a view's query fills when it is one of several versions: the first has the places of the statement, each other one its own. */
export function asVersion(definition: PlannedQuery, source: string, { number, topic }: VersionPlace): PlannedQuery {
  const { planned, sink } = definition;
  if (number === 1) return definition;
  const spec = { ...planned.sink, name: source, topic };
  const exports = planned.exports.map((to) => versionedExport(to, source, number));
  return {
    ...definition,
    sink: { ...sink, text: source },
    planned: { ...planned, sink: spec, exports },
  };
}

/** The number of a version, and the topic that it fills. */
interface VersionPlace {
  readonly number: number;
  readonly topic: string;
}

/** The place of a version that is there, if `declared` is the topic of its statement. */
export function placeOfVersion({ spec, featureView }: SourceObject, declared: string): VersionPlace {
  const number = versionOf(featureView!);
  const topic = versionedTopic(declared, number);
  return { number, topic: spec.topic.startsWith(topic) ? spec.topic : topic };
}

/**
 * A place for a new version. A topic that is left of a view that had this name has rows of others, and is not taken; an empty one is left
 * of a statement that was refused.
 */
export async function freePlace(declared: string, number: number, engine: Engine): Promise<VersionPlace> {
  const topic = versionedTopic(declared, number);
  if ((await engine.node.describeTopic(topic)) === undefined) return { number, topic };
  const isTaken = [...engine.catalog.sources.values()].some(({ spec }) => spec.topic === topic);
  const ends = isTaken ? undefined : (await endsOf([topic], engine)).get(topic);
  const isEmpty = ends?.every((end) => end === 0) === true;
  return { number, topic: isEmpty ? topic : `${topic}-${engine.nextQueryNumber}` };
}

const versionedTopic = (topic: string, number: number): string => `${topic}-v${number}`;

/** Where the rows of a version go: keys and folders of their own, since the former ones are read until it is live, and after. */
function versionedExport(to: ExportSpec, source: string, number: number): ExportSpec {
  if (to.files !== undefined)
    return {
      files: {
        ...to.files,
        path: `${to.files.path.replace(/\/+$/, '')}@v${number}`,
      },
    };
  if (to.online === undefined) return to;
  const { prefix, layout } = to.online;
  // Feast knows the view by another name, in the same project.
  const view = versionName(viewOfName(source), number);
  return layout === 'feast'
    ? { online: { ...to.online, view } }
    : {
        online: {
          ...to.online,
          view,
          prefix: prefix.replace(/:?$/, `@v${number}$&`),
        },
      };
}

/** A new version of a view: what its entities are must stay, and what services read of the view must be there. */
export function newVersion(
  definition: PlannedQuery,
  view: string,
  { catalog }: Engine,
  span: Span,
): { readonly name: string; readonly number: number } {
  const live = catalog.sources.get(view)!;
  const { sink } = definition.planned;
  const refuse = (why: string, hint: string): never => {
    throw new SqlError('REPLACE_REFUSED', span, { name: view, why, hint });
  };
  const entityOf = (keys: readonly string[], schema: Schema): string =>
    keys.map((name) => `${name} ${typeText(schema.find((column) => column.name === name)!.type)}`).join(', ');
  const [before, after] = [
    entityOf(live.featureView!.entityKey, live.spec.schema),
    entityOf(definition.view!.entityKey, sink.schema),
  ];
  if (before !== after)
    refuse(
      `its ENTITY KEY differs: it is ${before}, and would be ${after}`,
      'All versions of a view are read by the same entity. Create a view of another name, give it to the services that are to read it, and drop this one.',
    );
  for (const name of catalog.servicesOver(view)) {
    const service = catalog.featureServices.get(name)!;
    const why = lackOf(service, view, sink.schema, definition.view!.options['ONLINE_STORE'] === 'none');
    if (why !== undefined)
      refuse(
        `feature service ${name} ${why}`,
        `CREATE OR REPLACE FEATURE SERVICE lets it read ${versionName(view, versionOf(live.featureView!))}, which stays, or other features.`,
      );
  }
  const number = lastVersion(catalog, view) + 1;
  return { name: versionName(view, number), number };
}

/** Why a service could not read a view by its name any more if that had other columns; undefined where it could. */
export function lackOf(service: FeatureService, view: string, schema: Schema, isUnserved: boolean): string | undefined {
  const { views, invokes = [], features, request } = service;
  const read = [...columnsIn([...features.map(({ expr }) => expr), ...invokes.flatMap(({ args }) => args)])];
  let first = request.length;
  for (const { name, columns } of views) {
    const begin = first;
    first += columns.length;
    if (name !== view) continue;
    if (isUnserved) return "reads it, and nothing serves a view with ONLINE_STORE='none'";
    for (const { slot, type } of read) {
      const column = columns[slot - begin];
      if (column === undefined) continue;
      const there = schema.find((each) => each.name === column);
      if (there === undefined) return `reads ${column}, which would not be there`;
      if (!sameType(there.type, type))
        return `reads ${column} as ${typeText(type)}, which would be ${typeText(there.type)}`;
    }
  }
  return undefined;
}

/** The version that DROP FEATURE VIEW … VERSION means, or the name of one; undefined where the whole view is dropped. */
export function versionToDrop(
  { name, version }: Pick<DropFeatureView, 'name' | 'version'>,
  view: SourceObject,
  catalog: Catalog,
): SourceObject | undefined {
  // A name with a version means that version, whether it is live or not.
  if (version === undefined && viewOfName(name.text) === name.text) return undefined;
  const all = versionsOf(catalog, name.text);
  const wanted = version === undefined ? view : all.find((each) => String(versionOf(each.featureView!)) === version);
  const of = viewOfName(name.text);
  if (wanted === undefined)
    throw new SqlError('VIEW_VERSION_NOT_FOUND', name.span, {
      view: of,
      version: version!,
      versions: all.map(({ featureView }) => versionOf(featureView!)).join(', '),
    });
  if (isLive(wanted))
    throw new SqlError('VIEW_VERSION_REFUSED', name.span, {
      view: of,
      version: versionOf(wanted.featureView!),
    });
  return wanted;
}
