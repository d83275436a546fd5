import { EvaluationError } from '../../types/numbers.ts';
import type { Value } from '../../types/sql-type.ts';
import { overload, scalar, type ScalarFunction } from '../define.ts';
import { jsonText, JsonNumber, parseJson, type Json } from '../../types/json.ts';

const json = (name: string, doc: string, returns: string, evaluate: (parsed: Json) => Value): ScalarFunction =>
  scalar({
    name,
    doc,
    category: 'JSON',
    overloads: [overload('input STRING', returns, (input: string) => evaluate(parseJson(input)))],
  });

function isJson(input: string | null): boolean {
  if (input === null || input === '') return false;
  try {
    parseJson(input);
    return true;
  } catch {
    return false;
  }
}

function contains(input: string | null, wanted: Value): boolean {
  if (input === null) return false;
  let items: Json;
  try {
    items = parseJson(input);
  } catch {
    return false;
  }
  if (!Array.isArray(items)) return false;
  return items.some((item) => {
    if (item instanceof JsonNumber) {
      const whole = /^-?\d+$/.test(item.text);
      return typeof wanted === 'number'
        ? Number(item.text) === wanted && whole === Number.isInteger(wanted)
        : typeof wanted === 'bigint' && whole && BigInt(item.text) === wanted;
    }
    return item === wanted;
  });
}

function concatJson(...inputs: (string | null)[]): string | null {
  if (inputs.length === 0 || inputs.some((input) => input === null || input === '')) return null;
  return jsonText(
    (inputs as string[]).map(parseJson).reduce((left, right) => {
      if (left instanceof Map && right instanceof Map) return new Map([...left, ...right]);
      return [...(Array.isArray(left) ? left : [left]), ...(Array.isArray(right) ? right : [right])];
    }),
  );
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
    overloads: ['INTEGER', 'BIGINT', 'DOUBLE', 'BOOLEAN', 'STRING'].map((type) =>
      overload(`input STRING, value ${type}`, 'BOOLEAN', contains, { acceptsNull: true }),
    ),
  }),
  scalar({
    name: 'JSON_CONCAT',
    doc: 'Merges objects, appends arrays, and wraps others into arrays.',
    category: 'JSON',
    overloads: [overload('inputs STRING...', 'STRING', concatJson, { acceptsNull: true })],
  }),
];
