import { parseJson } from '../types/json.ts';
import type { ModelColumn } from '../types/model.ts';
import type { Value } from '../types/sql-type.ts';
import { fromJson } from './json-convert.ts';

/** The outputs that DEFAULT_VALUE gives, a JSON object; those that it does not name are null. Throws for others. */
export function defaultOutputs(text: string, output: readonly ModelColumn[]): readonly Value[] {
  const json = parseJson(text);
  const given = json instanceof Map ? [...json] : [];
  const unknown = given.find(([name]) => output.every((column) => column.name.toUpperCase() !== name.toUpperCase()));
  if (unknown !== undefined) throw new TypeError(`DEFAULT_VALUE: the model has no OUTPUT ${unknown[0]}`);
  return output.map((column) => {
    const entry = given.find(([name]) => name.toUpperCase() === column.name.toUpperCase());
    return entry === undefined ? null : fromJson(entry[1], column.type, `DEFAULT_VALUE: ${column.name}`);
  });
}
