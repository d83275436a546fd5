import type { Catalog, FeatureView, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { parse, splitScript } from '../syntax/parse.ts';
import { printName } from '../syntax/print.ts';
import type { PropertyNode } from '../syntax/query.ts';
import type { CreateFeatureView } from '../syntax/statements/feature-views.ts';
import { printStatement } from '../syntax/statements/index.ts';
import { showCreateKinds, type ShowCreate, type ShowCreateKind } from '../syntax/statements/show-create.ts';
import { typeText } from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';
import { isSecretKey, isSecretName } from '../util/secrets.ts';
import { durationText } from '../util/time-units.ts';
import { entity, type Handler } from './handler.ts';
import { statementsOfModel } from './model-statements.ts';
import { monitorOf } from './monitors.ts';
import { viewOptions } from './view-options.ts';

/** The statements that make something as it is, which can be run again. */
export const showCreate: Handler<ShowCreate> = ({ what, name }, { engine, text }) => {
  const { catalog } = engine;
  const made = (kind: ShowCreateKind): Made | undefined => found[kind](name.text, catalog);
  const kind = (what === undefined ? showCreateKinds : [what]).find((each) => made(each) !== undefined);
  if (kind === undefined) {
    const actual = showCreateKinds.find((each) => made(each) !== undefined);
    throw actual === undefined || what === undefined
      ? nothingNamed(name, what, catalog)
      : new SqlError('WRONG_SOURCE_KIND', name.span, {
          name: name.text,
          expected: what.toLowerCase(),
          actual: actual.toLowerCase(),
        });
  }
  return Promise.resolve(entity('show_create', text, { name: name.text, statements: made(kind)!() }));
};

/** Gives the statements. */
type Made = () => readonly string[];

const stored = (object: { readonly statement: string } | undefined): Made | undefined =>
  object && (() => [printed(object.statement)]);

const ofSource =
  (kind: ShowCreateKind) =>
  (name: string, catalog: Catalog): Made | undefined => {
    const source = catalog.sources.get(name);
    return source === undefined || kindOf(source, catalog) !== kind ? undefined : () => statementsOf(source);
  };

/** What each kind's object of a name is made by; undefined where there is none. */
const found: { readonly [K in ShowCreateKind]: (name: string, catalog: Catalog) => Made | undefined } = {
  STREAM: ofSource('STREAM'),
  TABLE: ofSource('TABLE'),
  'FEATURE VIEW': ofSource('FEATURE VIEW'),
  MONITOR: ofSource('MONITOR'),
  VIEW: (name, { views }) => stored(views.get(name)),
  'FEATURE SERVICE': (name, { featureServices }) => stored(featureServices.get(name)),
  MODEL: (name, { models }) => {
    const model = models.get(name);
    return model && (() => statementsOfModel(model));
  },
  'TRAINING SET': (name, { trainingSets }) => stored(trainingSets.get(name)),
  TYPE: (name, { types }) => {
    const type = types.get(name);
    return type && (() => [`CREATE TYPE ${printName(name)} AS ${typeText(type)};`]);
  },
};

const kindOf = (source: SourceObject, catalog: Catalog): ShowCreateKind =>
  source.featureView !== undefined
    ? 'FEATURE VIEW'
    : monitorOf(source, catalog) !== undefined
      ? 'MONITOR'
      : source.spec.kind;

/** ALTER STREAM and TABLE stand behind the statement that declared; ALTER FEATURE VIEW is in what CREATE says. */
const statementsOf = ({ statement, declared, featureView }: SourceObject): string[] =>
  [...(declared ?? []), statement].map((text) => printed(text, featureView));

/** A stored statement, which is to make something new: without OR REPLACE, IF NOT EXISTS and the values of secrets. */
function printed(text: string, featureView?: FeatureView): string {
  const parsed = parse(splitScript({ name: 'catalogue', text: text })[0]!);
  const statement =
    parsed.kind === 'createFeatureView' && featureView !== undefined ? asAltered(parsed, featureView) : parsed;
  const { properties } = statement as { readonly properties?: readonly PropertyNode[] };
  return printStatement({
    ...statement,
    ...('orReplace' in statement ? { orReplace: false, ifNotExists: false } : {}),
    ...(properties === undefined ? {} : { properties: properties.map(withoutSecret) }),
  });
}

/** The name of a secret stays: it is none itself. */
const withoutSecret = (property: PropertyNode): PropertyNode =>
  isSecretKey(property.name) && !isSecretName(String(property.value)) ? { ...property, value: '[hidden]' } : property;

/** CREATE FEATURE VIEW with what ALTER has set since. */
function asAltered(statement: CreateFeatureView, view: FeatureView): CreateFeatureView {
  const { ttlMs, comment, freshnessTargetMs, options } = view;
  const { ttl, properties } = statement;
  const written = (name: string): PropertyNode['value'] | undefined =>
    properties.find((property) => property.name === name)?.value;
  const isSame = viewOptions.find('FRESHNESS')!.read(written('FRESHNESS')) === freshnessTargetMs;
  const now: Readonly<Record<string, PropertyNode['value'] | undefined>> = {
    OWNER: options['OWNER'],
    TAGS: options['TAGS'],
    FRESHNESS: isSame ? written('FRESHNESS') : durationText(freshnessTargetMs!),
  };
  const added = Object.keys(now).filter((name) => now[name] !== undefined && written(name) === undefined);
  return {
    ...statement,
    comment,
    ttl: ttl?.ms === ttlMs ? ttl : { ms: ttlMs!, text: durationText(ttlMs!) },
    properties: [
      ...properties.map((property) => ({ ...property, value: now[property.name] ?? property.value })),
      ...added.map((name) => ({ name, value: now[name]!, span: statement.span })),
    ],
  };
}

/** The codes of what is not there. */
const codes = {
  STREAM: 'SOURCE_NOT_FOUND',
  TABLE: 'SOURCE_NOT_FOUND',
  'FEATURE VIEW': 'FEATURE_VIEW_NOT_FOUND',
  MONITOR: 'MONITOR_NOT_FOUND',
  VIEW: 'SOURCE_NOT_FOUND',
  'FEATURE SERVICE': 'FEATURE_SERVICE_NOT_FOUND',
  MODEL: 'MODEL_NOT_FOUND',
  'TRAINING SET': 'TRAINING_SET_NOT_FOUND',
  TYPE: 'TYPE_NOT_FOUND',
} as const satisfies Readonly<Record<ShowCreateKind, string>>;

function nothingNamed(name: ShowCreate['name'], what: ShowCreate['what'], catalog: Catalog): SqlError {
  const { sources, views, featureServices, models, trainingSets, types } = catalog;
  const names = [sources, views, featureServices, models, trainingSets, types].flatMap((objects) => [
    ...objects.keys(),
  ]);
  const fitting = names.filter((each) => what === undefined || found[what](each, catalog) !== undefined);
  const code = what === undefined ? 'SOURCE_NOT_FOUND' : codes[what];
  return new SqlError(code, name.span, { name: name.text, suggestion: closest(name.text, fitting) });
}
