import type { SourceObject } from '../catalog/catalog.ts';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { fromJson } from '../formats/json-convert.ts';
import { DecodeError } from '../formats/define.ts';
import { parseJson } from '../types/json.ts';
import { EvaluationError, parseLong } from '../types/numbers.ts';
import { JsonNumber } from '../types/json.ts';
import { parseDate, parseTime, parseTimestamp } from '../types/times.ts';
import type { ProducedRecord } from '../runtime/ports/node.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { SqlType, Value } from '../types/sql-type.ts';
import type { Json } from '../types/json.ts';
import { isWritable, recordOf } from './insert-values.ts';
import type { Engine } from './engine.ts';

/** A longer row is sent by itself: if its topic does not take it, the rows before it are in. */
const aloneBytes = 16_384;

/** How many rows of a list were inserted, and why the next one was not. */
export interface InsertedRows {
  readonly rows: number;
  readonly error: unknown;
}

/** Inserts rows given as JSON objects, in their order, up to the first that cannot be; column names match in any case unless they are quoted. */
export async function insertedFromJson(
  lines: readonly string[],
  target: string,
  engine: Engine,
): Promise<InsertedRows> {
  let rows = 0;
  let records: ProducedRecord[] = [];
  const send = async (topic: string): Promise<void> => {
    if (records.length > 0) await engine.node.produce(topic, records);
    rows += records.length;
    records = [];
  };
  try {
    const { spec } = writableSource(target, engine);
    const [good, error] = upToError(lines, (line) => recordOf(spec, rowOfJson(objectOf(line), spec), noSpan));
    for (const [i, record] of good.entries()) {
      const isAlone = lines[i]!.length > aloneBytes;
      if (isAlone) await send(spec.topic);
      records.push(record);
      if (isAlone) await send(spec.topic);
    }
    await send(spec.topic);
    return { rows, error };
  } catch (error) {
    return { rows, error };
  }
}

function upToError<T, R>(items: readonly T[], make: (item: T) => R): [readonly R[], unknown] {
  const made: R[] = [];
  try {
    for (const item of items) made.push(make(item));
  } catch (error) {
    return [made, error];
  }
  return [made, undefined];
}

const refuseInsert = (why: string): never => {
  throw new SqlError('INSERT_VALUES', noSpan, { why });
};

function writableSource(target: string, { catalog }: Engine): SourceObject {
  const source = catalog.sources.get(target);
  if (source === undefined) return refuseInsert(`stream or table "${target}" does not exist`);
  return isWritable(source) ? source : refuseInsert(`"${target}" is read-only`);
}

function objectOf(line: string): ReadonlyMap<string, Json> {
  let json: Json;
  try {
    json = parseJson(line);
  } catch (error) {
    return refuseInsert((error as Error).message);
  }
  return json instanceof Map ? json : refuseInsert('a row must be a JSON object');
}

/** The values of a row by column; names match in any case unless they are quoted. */
export function rowOfJson(row: Iterable<readonly [string, Json]>, spec: SourceSpec): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const [written, value] of row) {
    const name = /^[`"].*[`"]$/.test(written) ? written.slice(1, -1) : written;
    const column =
      spec.schema.find((column) => column.name === name) ??
      spec.schema.find((column) => column.name === name.toUpperCase());
    if (column === undefined) {
      if (name.toUpperCase() === 'ROWTIME')
        values.set(
          'ROWTIME',
          parseLong(value instanceof JsonNumber ? value.text : String(value)) ??
            refuseInsert('ROWTIME must be a number'),
        );
      else refuseInsert(`column "${name}" does not exist`);
      continue;
    }
    try {
      values.set(column.name, convert(value, column.type, column.name));
    } catch (error) {
      if (error instanceof DecodeError || error instanceof EvaluationError) refuseInsert(error.message);
      throw error;
    }
  }
  return values;
}

/** The value of a column that a request of features brings, as an inserted row would have it. */
export function requestValue(given: unknown, type: SqlType, name: string): Value {
  try {
    return convert(asJson(given), type, name);
  } catch (error) {
    if (error instanceof DecodeError || error instanceof EvaluationError)
      throw new SqlError('BAD_REQUEST', noSpan, { why: `request_data: ${error.message}` });
    throw error;
  }
}

function asJson(given: unknown): Json {
  if (typeof given === 'number') return new JsonNumber(String(given));
  if (Array.isArray(given)) return given.map(asJson);
  if (typeof given !== 'object' || given === null || given instanceof Map || given instanceof JsonNumber)
    return given as Json;
  return new Map(Object.entries(given).map(([key, value]) => [key, asJson(value)]));
}

/** Reads a JSON value as the JSON format does, but dates and times may be text. */
function convert(json: Json, type: SqlType, name: string): Value {
  if (typeof json === 'string') {
    if (type.kind === 'DATE') return parseDate(json);
    if (type.kind === 'TIME') return parseTime(json);
    if (type.kind === 'TIMESTAMP') return parseTimestamp(json);
  }
  return fromJson(json, type, name);
}
