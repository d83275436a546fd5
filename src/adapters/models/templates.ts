import type { ModelColumn } from '../../types/model.ts';
import type { Row } from '../../types/sql-type.ts';
import { inputWriter } from './json-rows.ts';

/** Splits a template at its `{{name}}`: texts, and names between them. */
export const partsOf = (template: string): string[] => template.split(/\{\{\s*([^{}]+?)\s*\}\}/);
/** Whether the part at this position is a name. */
export const isName = (_: string, i: number): boolean => i % 2 === 1;

/** The names that a template has in `{{…}}`. */
export const namesIn = (template: string): string[] => partsOf(template).filter(isName);

/** Fills the names of a template with the inputs of a row; `place` makes what stands there of a value's JSON. */
function fill(
  parts: readonly string[],
  input: readonly ModelColumn[],
  option: string,
  place: (json: string, part: number) => string,
): (row: Row) => string {
  const slots = parts.map((name, i) => {
    if (!isName(name, i)) return undefined;
    const slot = input.findIndex((column) => column.name.toUpperCase() === name.toUpperCase());
    if (slot >= 0) return slot;
    const names = input.map((column) => column.name).join(', ');
    throw new TypeError(`${option}: the model has no INPUT "${name}", only ${names}`);
  });
  const write = inputWriter(input);
  return (row) => {
    const values = write(row);
    return parts.map((part, i) => (slots[i] === undefined ? part : place(values[slots[i]]!, i))).join('');
  };
}

/** A row in a text: strings as they are, everything else as JSON. */
export const textTemplate = (template: string, input: readonly ModelColumn[], option: string): ((row: Row) => string) =>
  fill(partsOf(template), input, option, (json) => (json.startsWith('"') ? (JSON.parse(json) as string) : json));

/** For each part of a template of JSON, whether its end is within a string. */
function endsInString(parts: readonly string[]): boolean[] {
  let isString = false;
  return parts.map((part, i) => {
    if (!isName(part, i)) for (const [token] of part.matchAll(/\\.|"/gs)) if (token === '"') isString = !isString;
    return isString;
  });
}

/** A row in a template of JSON: a value in its place, or text within a string. */
export function jsonTemplate(template: string, input: readonly ModelColumn[], option: string): (row: Row) => string {
  const parts = partsOf(template);
  const isInString = endsInString(parts);
  const inString = (json: string): string => (json.startsWith('"') ? json : JSON.stringify(json)).slice(1, -1);
  return fill(parts, input, option, (json, part) => (isInString[part] === true ? inString(json) : json));
}
