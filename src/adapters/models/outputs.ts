import type { ModelColumn } from '../../types/model.ts';
import { array, typeText, type Value } from '../../types/sql-type.ts';
import { outputTypes, outputValue, sqlTypeOf } from './elements.ts';
import { ScoringError, type RowAnswer } from './provider.ts';
import { fixed, nesting, type Tensor, type TensorInfo } from './tensors.ts';

/** The position of an output column: a tensor's name, and an element's index within a row, undefined where none is named. */
export interface OutputPlace {
  readonly tensor: string;
  readonly index: number | undefined;
}

/** Parses `is_fraud=label,score=probabilities[1]`, by column in upper case. `tensors` is undefined when they are not known. */
export function parseOutputMap(
  map: string | undefined,
  tensors: readonly string[] | undefined,
): Map<string, OutputPlace> {
  const places = new Map<string, OutputPlace>();
  for (const part of map?.split(',') ?? []) {
    const match = /^\s*([A-Za-z_][\w@]*)\s*=\s*([^[\s]+)\s*(?:\[(\d+)\])?\s*$/.exec(part);
    if (match === null) throw new TypeError(`OUTPUT_MAP: "${part.trim()}" is not of the form column=tensor[index]`);
    if (tensors?.includes(match[2]!) === false)
      throw new TypeError(`OUTPUT_MAP: the model has no output "${match[2]!}", only ${tensors.join(', ')}`);
    places.set(match[1]!.toUpperCase(), {
      tensor: match[2]!,
      index: match[3] === undefined ? undefined : Number(match[3]),
    });
  }
  return places;
}

/**
 * Finds the place of a column in OUTPUT_MAP; undefined for all without one. Throws for a column that it does not name. `tensors` as
 * for `parseOutputMap`.
 */
export function declaredPlaces(
  map: string | undefined,
  tensors: readonly string[] | undefined,
): (column: ModelColumn) => OutputPlace | undefined {
  const places = parseOutputMap(map, tensors);
  return ({ name }) => {
    const place = places.get(name.toUpperCase());
    if (map !== undefined && place === undefined) throw new TypeError(`OUTPUT_MAP does not name output column ${name}`);
    return place;
  };
}

/** Throws when an ARRAY is to be one element. */
export function checkWhole({ name, type }: ModelColumn, place: OutputPlace | undefined): void {
  if (place?.index !== undefined && type.kind === 'ARRAY')
    throw new TypeError(
      `output ${name}: OUTPUT_MAP names one element of "${place.tensor}", and ${typeText(type)} takes all`,
    );
}

/** The place of each output column: that of OUTPUT_MAP, without it the tensor with its name, else the one at its position. */
export function outputPlaces(
  map: string | undefined,
  output: readonly ModelColumn[],
  tensors: readonly string[],
): OutputPlace[] {
  const placeOf = declaredPlaces(map, tensors);
  return output.map((column, i) => {
    const place = placeOf(column);
    if (place !== undefined) return place;
    const { name } = column;
    const tensor = tensors.find((candidate) => candidate.toUpperCase() === name.toUpperCase()) ?? tensors[i];
    if (tensor === undefined)
      throw new TypeError(`the model has no output for column ${name}, only ${tensors.join(', ')}`);
    return { tensor, index: undefined };
  });
}

/** Throws when a tensor of this type and rank cannot give the column. */
export function checkOutput(column: ModelColumn, place: OutputPlace, told: TensorInfo | undefined): void {
  const { name, type } = column;
  const { depth, element } = nesting(type);
  const possible = outputTypes[element.kind] ?? [];
  const tensor = told?.type;
  if (possible.length === 0 || depth > 2 || (tensor !== undefined && !possible.includes(tensor)))
    throw new TypeError(
      `output ${name}: ${tensor === undefined ? 'a tensor' : `tensor "${place.tensor}" of ${tensor}`} cannot give ${typeText(type)}`,
    );
  checkWhole(column, place);
  const rank = told?.shape?.length;
  if (rank !== undefined && depth > 0 && rank !== depth + 1)
    throw new TypeError(
      `output ${name}: "${place.tensor}" has ${rank} dimensions, and ${typeText(type)} takes ${depth + 1}`,
    );
  const width = told?.shape?.slice(1).reduce<number>((product, size) => product * (fixed(size) ? size : NaN), 1);
  if (width !== undefined && (place.index ?? 0) >= width)
    throw new TypeError(
      `output ${name}: "${place.tensor}" has ${width} values a row, and OUTPUT_MAP names that at ${place.index}`,
    );
}

/** The answers of a call's rows. Throws when the tensors are not those of these rows. */
export function unpack(
  tensors: Readonly<Record<string, Tensor>>,
  places: readonly OutputPlace[],
  output: readonly ModelColumn[],
  rows: number,
): RowAnswer[] {
  const readers = places.map((place, i) => columnReader(tensors[place.tensor], place, output[i]!, rows));
  const answers: RowAnswer[] = [];
  for (let row = 0; row < rows; row++) {
    try {
      const values = new Array<Value>(readers.length);
      for (let i = 0; i < readers.length; i++) values[i] = readers[i]!(row);
      answers.push(values);
    } catch (error) {
      if (!(error instanceof ScoringError)) throw error;
      answers.push(error);
    }
  }
  return answers;
}

function columnReader(
  tensor: Tensor | undefined,
  place: OutputPlace,
  column: ModelColumn,
  rows: number,
): (row: number) => Value {
  if (tensor === undefined) throw new TypeError(`the answer has no output "${place.tensor}"`);
  const { type, data } = tensor;
  // A single row may come without the dimension of the rows.
  const shape = tensor.shape.length === 0 && rows === 1 ? [1] : tensor.shape;
  const size = shape.reduce((product, each) => product * each, 1);
  if (shape[0] !== rows || size !== data.length)
    throw new TypeError(
      `output "${place.tensor}" has the shape [${tensor.shape.join()}] and ${data.length} elements for ${rows} rows`,
    );
  checkOutput(column, place, { name: place.tensor, type, shape });
  const width = size / rows;
  const { depth, element } = nesting(column.type);
  const convert = outputValue(place.tensor, type, element);
  if (depth === 0) {
    const index = place.index ?? 0;
    return (row) => convert(data[row * width + index]!);
  }
  const inner = shape[depth]!;
  const list = (from: number): Value[] => {
    const values = new Array<Value>(inner);
    for (let i = 0; i < inner; i++) values[i] = convert(data[from + i]!);
    return values;
  };
  if (depth === 1) return (row) => list(row * width);
  return (row) => Array.from({ length: shape[1]! }, (_, i) => list(row * width + i * inner));
}

/** The columns of tensors as the model tells them. Where a row has more than one value it is an ARRAY. */
export function derivedColumns(tensors: readonly TensorInfo[]): ModelColumn[] {
  return tensors.map(({ name, type, shape }) => {
    if (type === undefined) throw new TypeError(`"${name}" has a type that no column can be: declare INPUT and OUTPUT`);
    const element = sqlTypeOf(type);
    const rest = shape?.slice(1) ?? [];
    const isSingle = rest.every((size) => size === 1);
    return {
      name: name.toUpperCase(),
      type: isSingle ? element : rest.length === 1 ? array(element) : array(array(element)),
    };
  });
}

/** What each output column is, and notes on those that are not declared or are one value of several. */
export function describeOutputs(
  places: readonly OutputPlace[],
  output: readonly ModelColumn[],
  tensors: readonly TensorInfo[],
  isDerived: boolean,
): { readonly takes: readonly string[]; readonly notes: readonly string[] } {
  const notes: string[] = [];
  const takes = places.map(({ tensor, index }, i) => {
    const { name, type } = output[i]!;
    const rest = tensors.find((each) => each.name === tensor)?.shape?.slice(1);
    const isOne = type.kind !== 'ARRAY' && (index !== undefined || (rest ?? []).some((size) => size !== 1));
    const place = isOne ? `${tensor}[${index ?? 0}]` : tensor;
    if (isDerived) notes.push(`OUTPUT is not declared: ${name} ${typeText(type)} is the output ${place}.`);
    else if (isOne && index === undefined)
      notes.push(
        `${name} ${typeText(type)} takes the first of the ${rest!.every(fixed) ? rest.join(' x ') : 'several'} values that the output ${tensor} has a row: declare an ARRAY to take all, or the one in OUTPUT_MAP.`,
      );
    return place;
  });
  return { takes, notes };
}
