import type { ModelColumn } from '../../types/model.ts';
import { canonical } from '../../types/numbers.ts';
import type { Value, Row } from '../../types/sql-type.ts';

/** A tensor as both providers exchange it: element type, shape, and data in row-major order. */
export interface Tensor {
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint | string | boolean>;
}
export type TensorType = 'float32' | 'float64' | 'int32' | 'int64' | 'bool' | 'string';

/** The tensor type that a column has where the model does not say otherwise. */
export function columnTensorType(column: ModelColumn): TensorType {
  const types: Partial<Record<string, TensorType>> = {
    BOOLEAN: 'bool',
    INTEGER: 'int32',
    BIGINT: 'int64',
    TIMESTAMP: 'int64',
    DOUBLE: 'float64',
    STRING: 'string',
  };
  const type = types[column.type.kind];
  if (type === undefined) throw new TypeError(`column ${column.name}: a model takes no ${column.type.kind}`);
  return type;
}

/** The values of one column, or of several side by side, as one tensor of this type. */
export function pack(rows: readonly Row[], slots: readonly number[], type: TensorType): Tensor {
  const width = slots.length;
  const shape = [rows.length, width];
  const fill = <T>(data: { [i: number]: T }, convert: (value: Value) => T): void => {
    rows.forEach((row, i) => slots.forEach((slot, j) => (data[i * width + j] = convert(row[slot]!))));
  };
  const size = rows.length * width;
  const number = (value: Value): number =>
    value === null ? NaN : typeof value === 'boolean' ? Number(value) : Number(value);
  switch (type) {
    case 'float32': {
      const data = new Float32Array(size);
      fill(data, number);
      return { type, shape, data };
    }
    case 'float64': {
      const data = new Float64Array(size);
      fill(data, number);
      return { type, shape, data };
    }
    case 'int32': {
      const data = new Int32Array(size);
      fill(data, number);
      return { type, shape, data };
    }
    case 'int64': {
      const data = new BigInt64Array(size);
      fill(data, (value) => BigInt(Math.trunc(0)) + BigInt(value as number | bigint));
      return { type, shape, data };
    }
    case 'bool': {
      const data = new Uint8Array(size);
      fill(data, (value) => (value === true ? 1 : 0));
      return { type, shape, data };
    }
    case 'string': {
      const data = new Array<string>(size);
      fill(data, String);
      return { type, shape, data };
    }
  }
}

/** Where an output column is found: a tensor by name, and which of its elements in a row. */
export interface OutputPlace {
  readonly tensor: string;
  readonly index: number;
}

/** Reads `is_fraud=label,score=probabilities[1]`; without it every output column is the tensor of its name, else of its place. */
export function outputPlaces(
  map: string | undefined,
  output: readonly ModelColumn[],
  tensors: readonly string[],
): OutputPlace[] {
  const given = new Map<string, OutputPlace>();
  for (const part of map?.split(',') ?? []) {
    const match = /^\s*([A-Za-z_][\w@]*)\s*=\s*([^[\s]+)\s*(?:\[(\d+)\])?\s*$/.exec(part);
    if (match === null) throw new TypeError(`OUTPUT_MAP: "${part.trim()}" is not of the form column=tensor[index]`);
    if (!tensors.includes(match[2]!))
      throw new TypeError(`OUTPUT_MAP: the model has no output "${match[2]!}", only ${tensors.join(', ')}`);
    given.set(match[1]!.toUpperCase(), { tensor: match[2]!, index: Number(match[3] ?? 0) });
  }
  return output.map(({ name }, i) => {
    const place = given.get(name.toUpperCase());
    if (place !== undefined) return place;
    if (map !== undefined) throw new TypeError(`OUTPUT_MAP does not name output column ${name}`);
    const tensor = tensors.find((each) => each.toUpperCase() === name.toUpperCase()) ?? tensors[i];
    if (tensor === undefined)
      throw new TypeError(`the model has no output for column ${name}, only ${tensors.join(', ')}`);
    return { tensor, index: 0 };
  });
}

/** The output columns of each row. */
export function unpack(
  tensors: Readonly<Record<string, Tensor>>,
  places: readonly OutputPlace[],
  output: readonly ModelColumn[],
  rows: number,
): Value[][] {
  const columns = places.map(({ tensor, index }, i) => {
    const found = tensors[tensor];
    if (found === undefined) throw new TypeError(`the answer has no output "${tensor}"`);
    const width = found.data.length / rows;
    if (!Number.isInteger(width) || index >= width)
      throw new TypeError(`output "${tensor}" has ${found.data.length} elements for ${rows} rows`);
    return Array.from({ length: rows }, (_, row) => toValue(found.data[row * width + index]!, output[i]!));
  });
  return Array.from({ length: rows }, (_, row) => columns.map((column) => column[row]!));
}

function toValue(element: number | bigint | string | boolean, { type }: ModelColumn): Value {
  switch (type.kind) {
    case 'DOUBLE':
      return Number(element);
    case 'INTEGER':
      return Number(element) | 0;
    case 'BIGINT':
      return canonical(BigInt(typeof element === 'number' ? Math.trunc(element) : element));
    case 'BOOLEAN':
      return Boolean(element);
    default:
      return String(element);
  }
}
