import { isEvaluatedAtRead, type SourceObject } from '../catalog/catalog.ts';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { keyText } from '../runtime/change.ts';
import { StoreFailure, type EntityRead, type OnlineStore } from '../runtime/ports/online-store.ts';
import { castBetween } from '../types/casts.ts';
import { JsonNumber } from '../types/json.ts';
import { parseLong, readDouble } from '../types/numbers.ts';
import { STRING, type SqlType, type Value } from '../types/sql-type.ts';
import type { Engine } from './engine.ts';
import { storedRowsOf } from './stored-rows.ts';

/** Refuses a request of online features. */
export const refuseRequest = (why: string): never => {
  throw new SqlError('BAD_REQUEST', noSpan, { why });
};

/** The values of each entity column; all lists have the same length. */
export type EntityLists = Readonly<Record<string, readonly unknown[]>>;

/** The newest row of a view for each entity of a request, from the store that serves the view; undefined where there is none. */
export async function newestRows(
  view: SourceObject,
  entities: EntityLists,
  length: number,
  engine: Engine,
  now: number,
): Promise<(EntityRead | undefined)[]> {
  const keys = view.featureView!.entityKey.map((name) => {
    const entry = Object.entries(entities).find(([column]) => column.toUpperCase() === name.toUpperCase());
    if (entry === undefined) return refuseRequest(`entity "${name}" of view "${view.spec.name}" is missing`);
    const { type } = view.spec.schema.find((column) => column.name === name)!;
    return entry[1].map((value) => entityValue(value, type, name));
  });
  const wanted = Array.from({ length }, (_, i) => keys.map((values) => values[i]!));
  // An entity that is asked for twice is read once.
  const distinct = [...new Map(wanted.map((key) => [keyText(key), key])).values()];
  const found = new Map<string, EntityRead>();
  const store = onlineStore(view, engine);
  if (store !== undefined) {
    const rows = await withStore(view, () => store.read(distinct));
    for (const [i, key] of distinct.entries()) if (rows[i] !== undefined) found.set(keyText(key), rows[i]);
  } else {
    const mode = isEvaluatedAtRead(view.featureView) ? { at: now } : {};
    for await (const changes of await storedRowsOf(view, distinct, engine, mode))
      for (const { key, after, timestamp } of changes)
        if (after !== undefined && !found.has(keyText(key))) found.set(keyText(key), { row: after, time: timestamp });
  }
  return wanted.map((key) => found.get(keyText(key)));
}

/** The store outside of the engine that serves a view; undefined for the state of its query. */
export function onlineStore({ spec }: SourceObject, { catalog, stores }: Engine): OnlineStore | undefined {
  const online = catalog.onlineOf(spec.name);
  return online && stores?.open(online, spec.schema);
}

/** Asks the store of a view; one that is down is told as such. */
export async function withStore<T>({ spec }: SourceObject, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    throw new SqlError('STORE_UNAVAILABLE', noSpan, { name: spec.name, why: error.message });
  }
}

/** The value of an entity, as a request has it in JSON. */
export function entityValue(given: unknown, type: SqlType, name: string): Value {
  const wrong = (): never => refuseRequest(`entity "${name}": ${shown(given)} is not a ${type.kind}`);
  const value = given instanceof JsonNumber ? given.text : given;
  const isNumber = typeof given === 'number' || given instanceof JsonNumber;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return wrong();
  const text = String(value);
  switch (type.kind) {
    case 'STRING':
      return typeof value === 'string' || isNumber ? text : wrong();
    case 'BIGINT':
      return parseLong(text) ?? wrong();
    case 'INTEGER': {
      const whole = parseLong(text) ?? wrong();
      return whole >= -2147483648 && whole <= 2147483647 ? whole : wrong();
    }
    case 'DOUBLE':
      return (isNumber ? Number(text) : typeof value === 'string' ? readDouble(value) : undefined) ?? wrong();
    case 'BOOLEAN':
      return typeof value === 'boolean' ? value : wrong();
    default: {
      const cast = castBetween(STRING, type);
      try {
        return cast?.(text) ?? wrong();
      } catch {
        return wrong();
      }
    }
  }
}

const shown = (value: unknown): string => (value instanceof JsonNumber ? value.text : JSON.stringify(value));
