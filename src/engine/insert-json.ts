import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { fromJson } from '../formats/json-convert.ts';
import { DecodeError } from '../formats/define.ts';
import { parseJson } from '../types/json.ts';
import { EvaluationError, parseLong } from '../types/numbers.ts';
import { JsonNumber } from '../types/json.ts';
import { parseDate, parseTime, parseTimestamp } from '../types/times.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { SqlType, Value } from '../types/sql-type.ts';
import type { Json } from '../types/json.ts';
import { isWritable, recordOf } from './insert-values.ts';
import type { Engine } from './engine.ts';

/** Inserts a row given as a JSON object; column names match in any case unless they are quoted. */
export async function insertedFromJson(line: string, target: string, engine: Engine): Promise<void> {
  const source = engine.catalog.sources.get(target)!;
  const { spec } = source;
  const refuse = (why: string): never => {
    throw new SqlError('INSERT_VALUES', noSpan, { why });
  };
  if (!isWritable(source)) refuse(`"${target}" is read-only`);
  let json: Json;
  try {
    json = parseJson(line);
  } catch (error) {
    return refuse((error as Error).message);
  }
  if (!(json instanceof Map)) return refuse('a row must be a JSON object');
  await engine.node.produce(spec.topic, [recordOf(spec, rowOfJson(json, spec), noSpan)]);
}

/** The values of a row by column; names match in any case unless they are quoted. */
export function rowOfJson(row: Iterable<readonly [string, Json]>, spec: SourceSpec): Map<string, Value> {
  const refuse = (why: string): never => {
    throw new SqlError('INSERT_VALUES', noSpan, { why });
  };
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
          parseLong(value instanceof JsonNumber ? value.text : String(value)) ?? refuse('ROWTIME must be a number'),
        );
      else refuse(`column "${name}" does not exist`);
      continue;
    }
    try {
      values.set(column.name, convert(value, column.type, column.name));
    } catch (error) {
      if (error instanceof DecodeError || error instanceof EvaluationError) refuse(error.message);
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
