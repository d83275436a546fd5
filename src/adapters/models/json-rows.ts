import type { ModelColumn } from '../../types/model.ts';
import { jsonWriter } from '../../types/json-text.ts';
import { typeText, type Row, type SqlType, type Value } from '../../types/sql-type.ts';
import { outputValue, type Element, type TensorType } from './elements.ts';
import { checkWhole, declaredPlaces } from './outputs.ts';
import { ScoringError, type RowAnswer } from './provider.ts';
import { nesting } from './tensors.ts';

/** How JSON carries the elements of a column; a kind that is not here is refused. */
const asElement: Partial<Record<SqlType['kind'], TensorType>> = {
  BOOLEAN: 'bool',
  INTEGER: 'int64',
  BIGINT: 'int64',
  DOUBLE: 'float64',
  STRING: 'string',
  TIMESTAMP: 'int64',
};

/** NaN, which JSON does not have, is null, and an infinity a number too great for a double. */
const double = (value: number): string =>
  Math.abs(value) === Infinity ? `${value < 0 ? '-' : ''}1e999` : JSON.stringify(value);

/** The inputs of a row as texts of JSON, in the order of the columns. Throws for columns that JSON does not carry. */
export function inputWriter(input: readonly ModelColumn[]): (row: Row) => string[] {
  const writers = input.map(({ name, type }) => {
    const { kind } = nesting(type).element;
    if (asElement[kind] === undefined && kind !== 'DECIMAL')
      throw new TypeError(`input ${name}: JSON does not carry ${typeText(type)}`);
    return jsonWriter(type, { double });
  });
  return (row) => writers.map((write, i) => write(row[i]!));
}

/** The inputs of a row as a JSON object by the names of the columns. */
export function objectWriter(input: readonly ModelColumn[]): (row: Row) => string {
  const write = inputWriter(input);
  const names = input.map(({ name }) => JSON.stringify(name));
  return (row) =>
    `{${write(row)
      .map((value, i) => `${names[i]}:${value}`)
      .join()}}`;
}

/** The inputs of a row as a JSON list. */
export function cellsWriter(input: readonly ModelColumn[]): (row: Row) => string {
  const write = inputWriter(input);
  return (row) => `[${write(row).join()}]`;
}

/** The inputs of a row as a JSON list in which the elements of an ARRAY stand as values of their own. */
export function listWriter(input: readonly ModelColumn[]): (row: Row) => string {
  const write = inputWriter(input);
  const flat = input.map(({ type }) => type.kind === 'ARRAY');
  return (row) =>
    `[${write(row)
      .map((value, i) => (flat[i]! && value !== 'null' ? value.slice(1, -1) : value))
      .filter((value) => value !== '')
      .join()}]`;
}

/** Columns for which NaN cannot stand for NULL. */
export const withoutNaNInJson = (input: readonly ModelColumn[]): string[] =>
  input.filter(({ type }) => !['DOUBLE', 'DECIMAL'].includes(nesting(type).element.kind)).map(({ name }) => name);

const bad = (message: string): never => {
  throw new ScoringError('BAD_RESPONSE', message);
};

/** Converts JSON to a value of a column; only what the column's type holds as it stands. */
function valueReader({ name, type }: ModelColumn): (json: unknown) => Value {
  if (type.kind === 'ARRAY') {
    const read = valueReader({ name, type: type.element });
    return (json) => (Array.isArray(json) ? json.map(read) : bad(`output ${name} is no list`));
  }
  const element = asElement[type.kind];
  if (element === undefined) throw new TypeError(`output ${name}: JSON does not give ${typeText(type)}`);
  const convert = outputValue(name, element, type);
  return (json) => {
    if (typeof json === 'object' && json !== null)
      return bad(
        `output ${name} is ${Array.isArray(json) ? 'a list' : 'an object'}, and ${typeText(type)} takes a value`,
      );
    return convert(json as Element | null);
  };
}

/**
 * Reads what a server answered for one row: an object by the names of its fields, a list by position, or a value alone.
 * OUTPUT_MAP says which field or element a column is. `readerOf` converts the values of a column, by default those of JSON.
 */
export function predictionReader(
  output: readonly ModelColumn[],
  map: string | undefined,
  readerOf: (column: ModelColumn) => (value: unknown) => Value = valueReader,
): (prediction: unknown) => RowAnswer {
  const placeOf = declaredPlaces(map, undefined);
  const places = output.map((column) => {
    const place = placeOf(column);
    checkWhole(column, place);
    return place;
  });
  const readers = output.map((column, i) => {
    const place = places[i];
    const read = readerOf(column);
    const isArray = column.type.kind === 'ARRAY';
    return (prediction: unknown): Value => {
      let value = prediction;
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        value =
          fieldOf(value, place?.tensor ?? column.name) ?? bad(`the answer has no ${place?.tensor ?? column.name}`);
      else if (place === undefined && output.length > 1)
        value = Array.isArray(value) && value.length === output.length ? value[i] : bad(unplaced);
      if (place?.index !== undefined)
        value = Array.isArray(value) ? value[place.index] : bad(`${place.tensor} is no list`);
      if (value === undefined)
        return bad(
          place?.index === undefined ? `there is no ${column.name}` : `${place.tensor} has no element ${place.index}`,
        );
      // A value alone may come in a list of its own.
      while (!isArray && Array.isArray(value) && value.length === 1) value = value[0] as unknown;
      return read(value);
    };
  });
  return (prediction) => {
    try {
      return readers.map((read) => read(prediction));
    } catch (error) {
      if (error instanceof ScoringError) return error;
      throw error;
    }
  };
}

const unplaced = 'the answer of a row has not one value for each output column: OUTPUT_MAP tells where they are';

/** The field with this name, else one that differs in upper and lower case only. */
function fieldOf(object: object, name: string): unknown {
  let found = fieldIn(object, name);
  if (found === undefined) {
    const other = Object.keys(object).find((key) => key.toUpperCase() === name.toUpperCase());
    found = other === undefined ? undefined : fieldIn(object, other);
  }
  return found === null ? bad(`${name} is null`) : found;
}

/** The field of an answer, or an element by its position; undefined when it has none. */
export const fieldIn = (answer: unknown, name: string): unknown =>
  typeof answer === 'object' && answer !== null && Object.prototype.propertyIsEnumerable.call(answer, name)
    ? (answer as Readonly<Record<string, unknown>>)[name]
    : undefined;
