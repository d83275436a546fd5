import type { SourceObject } from '../catalog/catalog.ts';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { castBetween } from '../types/casts.ts';
import { parseLong } from '../types/numbers.ts';
import { STRING, type SqlType, type Value } from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';
import type { Engine } from './engine.ts';

interface OnlineRequest {
  /** `view:feature`, as Feast writes them. */
  readonly features: readonly string[];
  /** One list for each entity column, all of one length. */
  readonly entities: Readonly<Record<string, readonly unknown[]>>;
  readonly fullFeatureNames: boolean;
}
interface OnlineColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly values: Value[];
  readonly statuses: ('PRESENT' | 'NULL_VALUE' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE')[];
  readonly eventTimestamps: string[];
}

const epoch = '1970-01-01T00:00:00Z';
const refuse = (why: string): never => {
  throw new SqlError('BAD_REQUEST', noSpan, { why });
};

/** Feast's online look-up, column by column: the entities first, then the features in the order they were asked for. TTL is enforced here. */
export async function onlineFeatures(request: OnlineRequest, engine: Engine, now: number): Promise<OnlineColumn[]> {
  const wanted = request.features.map((text) => {
    const [view, feature, ...rest] = text.split(':');
    if (view === undefined || feature === undefined || rest.length > 0 || feature === '')
      refuse(`"${text}" is not of the form view:feature`);
    return { view: findView(view!, engine), feature: feature! };
  });
  const names = Object.keys(request.entities);
  const length = request.entities[names[0] ?? '']?.length ?? refuse('entities is empty');
  if (names.some((name) => request.entities[name]!.length !== length))
    refuse('the lists of entities have different lengths');
  const columns: OnlineColumn[] = [];
  const looked = new Map<string, Awaited<ReturnType<typeof lookUp>>>();
  for (const { view } of wanted)
    if (!looked.has(view.spec.name)) looked.set(view.spec.name, await lookUp(view, request.entities, length, engine));
  const first = wanted[0]?.view;
  for (const name of names) {
    const type = first?.spec.schema.find((column) => column.name === name.toUpperCase())?.type ?? STRING;
    const values = request.entities[name]!.map((value) => coerce(value, type, name));
    columns.push({
      name,
      type,
      values,
      statuses: values.map(() => 'PRESENT'),
      eventTimestamps: values.map(() => epoch),
    });
  }
  for (const { view, feature } of wanted)
    columns.push(featureColumn(view, feature, looked.get(view.spec.name)!, request.fullFeatureNames, now));
  return columns;
}

function findView(name: string, engine: Engine): SourceObject {
  const { sources } = engine.catalog;
  const found = sources.get(name) ?? sources.get(name.toUpperCase());
  if (found?.featureView === undefined) {
    const views = [...sources.values()]
      .filter(({ featureView }) => featureView !== undefined)
      .map(({ spec }) => spec.name);
    throw new SqlError('FEATURE_VIEW_NOT_FOUND', noSpan, { name, suggestion: closest(name, views) });
  }
  return found;
}

async function lookUp(
  view: SourceObject,
  entities: OnlineRequest['entities'],
  length: number,
  engine: Engine,
): Promise<({ row: readonly Value[]; time: number } | undefined)[]> {
  const keys = view.featureView!.entityKey.map((name) => {
    const given = Object.entries(entities).find(([each]) => each.toUpperCase() === name.toUpperCase());
    if (given === undefined) return refuse(`entity "${name}" of view "${view.spec.name}" is missing`);
    const { type } = view.spec.schema.find((column) => column.name === name)!;
    return given[1].map((value) => coerce(value, type, name));
  });
  const rows: ({ row: readonly Value[]; time: number } | undefined)[] = [];
  for (let i = 0; i < length; i++) {
    const found = await engine.node.pull(
      view.createdBy!,
      keys.map((values) => values[i]!),
    );
    const change = found?.[0];
    rows.push(change?.after === undefined ? undefined : { row: change.after, time: change.timestamp });
  }
  return rows;
}

function coerce(value: unknown, type: SqlType, name: string): Value {
  const wrong = (): never => refuse(`entity "${name}": ${JSON.stringify(value)} is not a ${type.kind}`);
  if (type.kind === 'STRING')
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : wrong();
  if (type.kind === 'BIGINT' || type.kind === 'INTEGER') return parseLong(String(value)) ?? wrong();
  if (type.kind === 'DOUBLE' || type.kind === 'BOOLEAN') return value as Value;
  const cast = castBetween(STRING, type);
  return cast === undefined ? wrong() : cast(String(value));
}

function featureColumn(
  view: SourceObject,
  feature: string,
  rows: Awaited<ReturnType<typeof lookUp>>,
  fullNames: boolean,
  now: number,
): OnlineColumn {
  const { schema } = view.spec;
  const slot = schema.findIndex(({ name }) => name === feature || name === feature.toUpperCase());
  if (slot < 0)
    refuse(
      `feature "${feature}" does not exist in view "${view.spec.name}"; it has ${schema.map(({ name }) => name).join(', ')}`,
    );
  const column: OnlineColumn = {
    name: fullNames ? `${view.spec.name}__${feature}` : feature,
    type: schema[slot]!.type,
    values: [],
    statuses: [],
    eventTimestamps: [],
  };
  const ttl = view.featureView!.ttlMs;
  for (const found of rows) {
    const expired = found !== undefined && ttl !== undefined && now - found.time > ttl;
    const value = found === undefined || expired ? null : found.row[slot]!;
    column.values.push(value);
    column.statuses.push(
      found === undefined ? 'NOT_FOUND' : expired ? 'OUTSIDE_MAX_AGE' : value === null ? 'NULL_VALUE' : 'PRESENT',
    );
    column.eventTimestamps.push(found === undefined ? epoch : new Date(found.time).toISOString().replace('.000Z', 'Z'));
  }
  return column;
}
