import { requireFeatureService, requireView } from '../bind/context.ts';
import type { FeatureService, SourceObject } from '../catalog/catalog.ts';
import { noSpan } from '../diagnostics/source.ts';
import { compileExpression } from '../expressions/compile.ts';
import { slotsIn, type Expr } from '../expressions/node.ts';
import type { EntityRead } from '../runtime/ports/online-store.ts';
import { castBetween } from '../types/casts.ts';
import { STRING, type Row, type SqlType, type Value } from '../types/sql-type.ts';
import { timestampText } from '../types/times.ts';
import type { Engine } from './engine.ts';
import { requestValue } from './insert-json.ts';
import { scorerOf, type OnlineScore, type Scorer } from './online-scores.ts';
import { entityValue, newestRows, refuseRequest, type EntityLists } from './online-lookup.ts';

/** What is asked for of which entities. */
export interface OnlineRequest {
  /** Feature names as `view:feature`, the form that Feast uses, or the name of a feature service. */
  readonly features: readonly string[] | { readonly service: string };
  readonly entities: EntityLists;
  /** The values of the columns that a feature service takes from the request. */
  readonly requestData?: EntityLists;
  readonly fullFeatureNames: boolean;
}
/** As Feast has them: INVALID is what could not be computed. */
type Status = 'PRESENT' | 'NULL_VALUE' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE' | 'INVALID';
interface OnlineColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly values: Value[];
  readonly statuses: Status[];
  readonly eventTimestamps: string[];
}

/** What a request asks for, with its names resolved. */
interface Resolved {
  readonly views: readonly SourceObject[];
  /** Where the columns that expressions know of are in the rows of each view. */
  readonly slots: readonly (readonly number[])[];
  readonly request: FeatureService['request'];
  readonly invokes: readonly Scorer[];
  readonly features: readonly Feature[];
}
type Feature = StoredFeature | ComputedFeature;
interface StoredFeature {
  readonly name: string;
  /** The view as the request or the service names it. */
  readonly prefix: string;
  readonly type: SqlType;
  readonly view: SourceObject;
  readonly slot: number;
}
interface ComputedFeature {
  readonly name: string;
  readonly type: SqlType;
  /** The views whose rows it reads. */
  readonly reads: readonly SourceObject[];
  /** The models whose outputs it reads, by their places in `invokes`. */
  readonly scores: readonly number[];
  readonly evaluate: Evaluate;
}
/** The value over a row of the service's slots, with the outputs of models last; undefined when it cannot be computed. */
type Evaluate = (row: Row) => Value | undefined;

/** What an entity has in a view at the time of the read. */
interface Served {
  readonly row: Row | undefined;
  readonly time: number;
  readonly status: Exclude<Status, 'NULL_VALUE' | 'INVALID'>;
}

const epoch = '1970-01-01T00:00:00Z';

/** Feast's online lookup. The response lists entity columns, then features in the requested order. */
export async function onlineFeatures(request: OnlineRequest, engine: Engine, now: number): Promise<OnlineColumn[]> {
  const resolved = resolve(request, engine);
  const { entities, length, data } = listsOf(request, resolved);
  const served = new Map<SourceObject, readonly Served[]>();
  const rows = await Promise.all(resolved.views.map((view) => newestRows(view, entities, length, engine, now)));
  for (const [i, view] of resolved.views.entries())
    served.set(
      view,
      rows[i]!.map((row) => servedNow(row, view.featureView!.ttlMs, now)),
    );
  const columns = Object.entries(entities).map(([name, list]): OnlineColumn => {
    const type = typeOfEntity(name, resolved.views);
    const values = list.map((value) => entityValue(value, type, name));
    return { name, type, values, statuses: values.map(() => 'PRESENT'), eventTimestamps: values.map(() => epoch) };
  });
  const whole = resolved.features.some((feature) => 'evaluate' in feature)
    ? Array.from({ length }, (_, i) => [
        ...data.map((values) => values[i]!),
        ...resolved.views.flatMap((view, at) => {
          const { row } = served.get(view)![i]!;
          return resolved.slots[at]!.map((slot) => row?.[slot] ?? null);
        }),
      ])
    : [];
  const keyed = entitiesOf(resolved.views).map((key) =>
    columns.find(({ name }) => name.toUpperCase() === key.toUpperCase())!,
  );
  const keyOf = (row: number): string => keyed.map(({ values, type }) => keyPart(values[row]!, type)).join('|');
  const scores = await Promise.all(resolved.invokes.map((score) => score({ rows: whole, keyOf }, engine)));
  const rowOf = (row: Row, i: number): Row => [...row, ...scores.flatMap((score) => score[i]!.outputs)];
  const complete = scores.length === 0 ? whole : whole.map(rowOf);
  for (const feature of resolved.features)
    columns.push(
      'evaluate' in feature
        ? computedColumn(
            feature,
            complete,
            feature.reads.map((view) => served.get(view)!),
            feature.scores.map((call) => scores[call]!),
          )
        : storedColumn(feature, served.get(feature.view)!, request.fullFeatureNames),
    );
  return columns;
}

/** The views and models that a request reads, by the names that they are stored by, whether they exist or not. */
export function objectsAsked(features: OnlineRequest['features'], engine: Engine): readonly string[] {
  if ('service' in features) {
    const { views, invokes = [] } = findService(features.service, engine);
    return [...views.map(({ name }) => name), ...invokes.map(({ model }) => model)];
  }
  return [...new Set(features.map((text) => storedName(text.split(':', 1)[0]!, engine.catalog.sources)))];
}

/** A name as written if there is an object of it, else in upper case. */
export const storedName = (name: string, objects: ReadonlyMap<string, unknown>): string =>
  objects.has(name) ? name : name.toUpperCase();

function resolve({ features }: OnlineRequest, engine: Engine): Resolved {
  if ('service' in features) return resolveService(findService(features.service, engine), engine);
  const wanted = features.map((text): StoredFeature => {
    const [prefix = '', feature = '', ...rest] = text.split(':');
    if (feature === '' || rest.length > 0) refuseRequest(`"${text}" is not of the form view:feature`);
    const view = findView(prefix, engine);
    const { schema, name } = view.spec;
    const slot = schema.findIndex((column) => column.name === feature || column.name === feature.toUpperCase());
    if (slot < 0)
      refuseRequest(
        `feature "${feature}" does not exist in view "${name}"; it has ${schema.map((column) => column.name).join(', ')}`,
      );
    return { name: feature, prefix, type: schema[slot]!.type, view, slot };
  });
  return {
    views: [...new Set(wanted.map(({ view }) => view))],
    slots: [],
    request: [],
    invokes: [],
    features: wanted,
  };
}

/** The view of a name, as written or in upper case. */
export const findView = (name: string, { catalog }: Engine): SourceObject =>
  requireView(catalog, { text: name, span: noSpan }, storedName(name, catalog.sources));

const findService = (name: string, { catalog }: Engine): FeatureService =>
  requireFeatureService(catalog, { text: name, span: noSpan }, storedName(name, catalog.featureServices));

/**
 * The slots of a service's expressions are those of its views as they were when it was created. The version that is live now may have
 * its columns in other places.
 */
function resolveService(service: FeatureService, engine: Engine): Resolved {
  const views = service.views.map(({ name }) => engine.catalog.sources.get(name)!);
  const columnsAt = service.views.map(({ columns }, at) =>
    columns.map((column) => views[at]!.spec.schema.findIndex(({ name }) => name === column)),
  );
  const { evaluates, invokes } = compiledOf(service);
  const calls = service.invokes ?? [];
  let next = service.request.length;
  const slots = service.views.map(({ columns }) => {
    const first = next;
    next += columns.length;
    return { first, end: next };
  });
  const outputs = calls.map((call) => {
    const first = next;
    next += call.outputs;
    return { first, end: next };
  });
  const placeIn = (ranges: typeof slots, slot: number): number =>
    ranges.findIndex(({ first, end }) => slot >= first && slot < end);
  const placesIn = (ranges: typeof slots, exprs: readonly Expr[]): number[] => [
    ...new Set([...slotsIn(exprs)].map((slot) => placeIn(ranges, slot)).filter((at) => at >= 0)),
  ];
  const features = service.features.map(({ name, view, type, expr }, i): Feature => {
    if (expr.kind === 'column' && view !== undefined) {
      const at = placeIn(slots, expr.slot);
      return {
        name,
        prefix: view,
        type,
        view: views[at]!,
        slot: columnsAt[at]![expr.slot - slots[at]!.first]!,
      };
    }
    const scores = placesIn(outputs, [expr]);
    const reads = placesIn(slots, [expr, ...scores.flatMap((call) => calls[call]!.args)]);
    return { name, type, reads: reads.map((at) => views[at]!), scores, evaluate: evaluates[i]! };
  });
  return { views, slots: columnsAt, request: service.request, invokes, features };
}

interface Compiled {
  readonly evaluates: readonly Evaluate[];
  readonly invokes: readonly Scorer[];
}
const compiled = new WeakMap<FeatureService, Compiled>();

/** The expressions of a service, compiled once. */
function compiledOf(service: FeatureService): Compiled {
  const known = compiled.get(service);
  if (known !== undefined) return known;
  const evaluates = service.features.map(({ expr }): Evaluate => {
    let failed = false;
    const value = compileExpression(expr, () => {
      failed = true;
    });
    return (row) => {
      failed = false;
      const result = value(row);
      return failed ? undefined : result;
    };
  });
  const made = { evaluates, invokes: (service.invokes ?? []).map((call) => scorerOf(call, service.name)) };
  compiled.set(service, made);
  return made;
}

/** The text of an entity's value, as that of a record's key. */
const keyPart = (value: Value, type: SqlType): string =>
  type.kind === 'STRING' ? (value as string) : (castBetween(type, STRING)!(value) as string);

interface Lists {
  readonly entities: EntityLists;
  readonly length: number;
  /** The values of each column of the request. */
  readonly data: readonly (readonly Value[])[];
}

/** The lists of a request, of one length. Columns of the request may stand among the entities, as Feast sends them. */
function listsOf({ entities: given, requestData = {} }: OnlineRequest, { views, request }: Resolved): Lists {
  const isNamed = (column: string) => (other: string) => other.toUpperCase() === column.toUpperCase();
  const keys = entitiesOf(views);
  const entities: Record<string, readonly unknown[]> = {};
  const brought = new Map<string, readonly unknown[]>();
  for (const [name, list] of [...Object.entries(given), ...Object.entries(requestData)]) {
    const column = request.find((each) => isNamed(name)(each.name));
    if (column !== undefined) brought.set(column.name, list);
    else if (keys.some(isNamed(name))) entities[name] = list;
    else
      refuseRequest(
        `"${name}" is not known; the entities are ${keys.join(', ')}${request.length === 0 ? '' : ` and the request brings ${request.map((each) => each.name).join(', ')}`}`,
      );
  }
  const [first] = Object.values(entities);
  if (first === undefined) return refuseRequest('entities is empty');
  if ([...Object.values(entities), ...brought.values()].some((list) => list.length !== first.length))
    refuseRequest('the lists of entities have different lengths');
  const data = request.map(({ name, type }) => {
    const list = brought.get(name) ?? refuseRequest(`"${name}" is missing, which the request brings as request_data`);
    return list.map((value) => requestValue(value, type, name));
  });
  return { entities, length: first.length, data };
}

const entitiesOf = (views: readonly SourceObject[]): readonly string[] => [
  ...new Set(views.flatMap(({ featureView }) => featureView!.entityKey)),
];

const typeOfEntity = (name: string, views: readonly SourceObject[]): SqlType =>
  views.flatMap(({ spec }) => spec.schema).find((column) => column.name === name.toUpperCase())?.type ?? STRING;

function servedNow(found: EntityRead | undefined, ttlMs: number | undefined, now: number): Served {
  if (found === undefined) return { row: undefined, time: 0, status: 'NOT_FOUND' };
  const expired = ttlMs !== undefined && now - found.time > ttlMs;
  return {
    row: expired ? undefined : found.row,
    time: found.time,
    status: expired ? 'OUTSIDE_MAX_AGE' : 'PRESENT',
  };
}

const timeText = ({ status, time }: Served): string =>
  status === 'NOT_FOUND' ? epoch : `${timestampText(time).replace(/\.000$/, '')}Z`;

function storedColumn(
  { name, prefix, type, slot }: StoredFeature,
  served: readonly Served[],
  isFull: boolean,
): OnlineColumn {
  const values = served.map(({ row }) => row?.[slot] ?? null);
  return {
    name: isFull ? `${prefix}__${name}` : name,
    type,
    values,
    statuses: served.map(({ status }, i) => (status === 'PRESENT' && values[i] === null ? 'NULL_VALUE' : status)),
    eventTimestamps: served.map(timeText),
  };
}

const isPresent = (value: unknown): boolean => value !== null;

/** A computed value that is null says what of its views was missing; its time is the oldest one of them. */
function computedColumn(
  { name, type, evaluate }: ComputedFeature,
  rows: readonly Row[],
  reads: readonly (readonly Served[])[],
  scores: readonly (readonly OnlineScore[])[],
): OnlineColumn {
  const results = rows.map((row) => {
    const result = evaluate(row);
    // A STRUCT of what no model gave.
    const isEmpty = scores.length > 0 && Array.isArray(result) && type.kind === 'STRUCT' && !result.some(isPresent);
    return isEmpty ? null : result;
  });
  return {
    name,
    type,
    values: results.map((result) => result ?? null),
    statuses: results.map((result, i): Status => {
      if (result !== undefined && result !== null) return 'PRESENT';
      const missing = reads.map((served) => served[i]!.status).filter((status) => status !== 'PRESENT');
      if (missing.length > 0) return missing.includes('NOT_FOUND') ? 'NOT_FOUND' : 'OUTSIDE_MAX_AGE';
      return result === undefined || scores.some((score) => score[i]!.hasFailed) ? 'INVALID' : 'NULL_VALUE';
    }),
    eventTimestamps: rows.map((_row, i) => {
      const found = reads.map((served) => served[i]!).filter(({ status }) => status !== 'NOT_FOUND');
      const oldest = found.sort((a, b) => a.time - b.time)[0];
      return oldest === undefined ? epoch : timeText(oldest);
    }),
  };
}
