import { EvaluationError } from '../../types/numbers.ts';
import type { SqlType, Value } from '../../types/sql-type.ts';
import { jsonString, jsonWriter } from '../../types/json-text.ts';
import { boundOverload, overload, scalar, type ScalarFunction } from '../define.ts';
import { jsonText, JsonNumber, parseFirstJson, type Json } from '../../types/json.ts';

const json = (name: string, doc: string, returns: string, evaluate: (parsed: Json) => Value): ScalarFunction =>
  scalar({
    name,
    doc,
    category: 'JSON',
    overloads: [overload('input STRING', returns, (input: string) => evaluate(parseFirstJson(input)))],
  });

function isJson(input: string | null): boolean {
  if (input === null || input === '') return false;
  try {
    parseFirstJson(input);
    return true;
  } catch {
    return false;
  }
}

/** Whether a JSON value is one of a SQL type: DOUBLE is what is written with a point or exponent, whole numbers are the others. */
function isWanted(item: Json, wanted: Value, type: SqlType['kind']): boolean {
  if (!(item instanceof JsonNumber)) return item === wanted;
  const isWhole = /^-?\d+$/.test(item.text);
  if (type === 'DOUBLE') return !isWhole && Number(item.text) === wanted;
  const isNumber = typeof wanted === 'number' || typeof wanted === 'bigint';
  return isWhole && isNumber && BigInt(item.text) === BigInt(wanted);
}

function contains(input: string | null, wanted: Value, type: SqlType['kind']): boolean {
  if (input === null) return false;
  let items: Json;
  try {
    items = parseFirstJson(input);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return false;
  }
  return Array.isArray(items) && items.some((item) => isWanted(item, wanted, type));
}

function concatJson(...inputs: (string | null)[]): string | null {
  if (inputs.length === 0 || inputs.some((input) => input === null || input === '')) return null;
  return jsonText(
    (inputs as string[]).map(parseFirstJson).reduce((left, right) => {
      if (left instanceof Map && right instanceof Map) return new Map([...left, ...right]);
      return [...(Array.isArray(left) ? left : [left]), ...(Array.isArray(right) ? right : [right])];
    }),
  );
}

/** An object of names and values that take turns; a name that comes again has its last value, at its first place. */
function jsonObject(types: readonly (SqlType | null)[]): (...items: readonly Value[]) => string {
  if (types.length % 2 !== 0 || types.some((type, i) => i % 2 === 0 && type !== null && type.kind !== 'STRING'))
    return () => {
      throw new EvaluationError('its arguments are names, which are texts, and values by turns');
    };
  const writers = types.map((type, i) => (i % 2 === 0 || type === null ? undefined : jsonWriter(type)));
  return (...items) => {
    const fields = new Map<string, string>();
    for (let i = 0; i < items.length; i += 2) {
      const name = items[i]!;
      if (name === null) throw new EvaluationError('a name is null');
      fields.set(name as string, writers[i + 1]?.(items[i + 1]!) ?? 'null');
    }
    return `{${[...fields].map(([name, value]) => `${jsonString(name)}:${value}`).join(',')}}`;
  };
}

/** The functions on JSON held in strings, beside EXTRACTJSONFIELD. */
export const jsonFunctions: readonly ScalarFunction[] = [
  scalar({
    name: 'IS_JSON_STRING',
    doc: 'Whether the text is JSON of any kind; null is not.',
    category: 'JSON',
    overloads: [overload('input STRING', 'BOOLEAN', isJson, { acceptsNull: true })],
  }),
  json('JSON_ARRAY_LENGTH', 'The number of elements; null when it is not an array.', 'INTEGER', (parsed) =>
    Array.isArray(parsed) ? parsed.length : null,
  ),
  json('JSON_KEYS', 'The names of an object; null when it is none.', 'ARRAY<STRING>', (parsed) =>
    parsed instanceof Map ? [...parsed.keys()] : null,
  ),
  json('JSON_RECORDS', 'An object as a map, strings unquoted and others as JSON.', 'MAP<STRING, STRING>', (parsed) =>
    parsed instanceof Map
      ? new Map([...parsed].map(([key, item]) => [key, typeof item === 'string' ? item : jsonText(item)]))
      : null,
  ),
  json('JSON_ITEMS', 'The elements of an array as JSON texts.', 'ARRAY<STRING>', (parsed) => {
    if (!Array.isArray(parsed)) throw new EvaluationError('the JSON text is not an array');
    return parsed.map(jsonText);
  }),
  scalar({
    name: 'JSON_ARRAY_CONTAINS',
    doc: 'Whether a JSON array holds a value of the same kind.',
    category: 'JSON',
    overloads: (['INTEGER', 'BIGINT', 'DOUBLE', 'BOOLEAN', 'STRING'] as const).map((type) =>
      overload(
        `input STRING, value ${type}`,
        'BOOLEAN',
        (input: string | null, wanted: Value) => contains(input, wanted, type),
        { acceptsNull: true },
      ),
    ),
  }),
  scalar({
    name: 'JSON_OBJECT',
    doc: "An object as JSON text, of names and values: JSON_OBJECT('a' VALUE 1, 'b' VALUE x), or with commas between them all.",
    category: 'JSON',
    overloads: [boundOverload('items ANY...', 'STRING', ({ args }) => jsonObject(args), { acceptsNull: true })],
  }),
  scalar({
    name: 'JSON_CONCAT',
    doc: 'Merges objects, appends arrays, and wraps others into arrays.',
    category: 'JSON',
    overloads: [overload('inputs STRING...', 'STRING', concatJson, { acceptsNull: true })],
  }),
];
