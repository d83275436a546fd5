import type { ModelColumn } from '../../types/model.ts';
import { typeText, type Row, type SqlType, type Value } from '../../types/sql-type.ts';
import { hasNaN, inputElement, inputTypes, type Element, type TensorType } from './elements.ts';
import { ScoringError, type RowAnswer } from './provider.ts';

/** A tensor as both providers exchange it: element type, shape, and data in row-major order. */
export interface Tensor {
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly data: ArrayLike<Element | null>;
}
/** What a model tells of a tensor. A dimension that is no positive number is free; a shape that is not told is undefined. */
export interface TensorInfo {
  readonly name: string;
  /** Undefined when the model does not tell it. */
  readonly type: TensorType | undefined;
  readonly shape: readonly (number | string)[] | undefined;
}

/** How many levels of ARRAY a type has, and the type within. */
export function nesting(type: SqlType): {
  readonly depth: number;
  readonly element: SqlType;
} {
  let [depth, element] = [0, type];
  for (; element.kind === 'ARRAY'; depth++) element = element.element;
  return { depth, element };
}

/** Whether a dimension of a shape has one size. */
export const fixed = (size: number | string | undefined): size is number => typeof size === 'number' && size > 0;

/** The columns of one input tensor. */
export interface InputTensor {
  readonly name: string;
  readonly type: TensorType;
  readonly columns: readonly {
    readonly slot: number;
    readonly depth: number;
    readonly convert: (value: Value) => Element;
  }[];
  /** The slots of the columns where all of them are numbers that the elements are too, so that nothing is converted. */
  readonly numbers: readonly number[] | undefined;
  /** The shape of a row in this tensor; throws a `ScoringError` for a row that does not fit. */
  readonly rowShape: (row: Row) => readonly number[];
  /** The lengths of its ARRAY, from the outer to the inner one; undefined where rows give them. */
  readonly lengths: readonly (number | undefined)[];
  /** Whether rows may differ in shape, because a column is an ARRAY. */
  readonly varies: boolean;
}

/** How a tensor carries columns: one by its name, or several packed. Throws for what it cannot carry. */
export function inputTensor(
  { name, type: told, shape }: TensorInfo,
  columns: readonly (ModelColumn & { readonly slot: number })[],
): InputTensor {
  const parts = columns.map((column) => {
    const { depth, element } = nesting(column.type);
    const possible = inputTypes[element.kind] ?? [];
    const type = told ?? (columns.length > 1 ? 'float32' : possible[0]);
    if (type === undefined || depth > 2 || !possible.includes(type)) {
      const tensor = told === undefined ? 'a tensor' : `tensor "${name}" of ${told}`;
      throw new TypeError(`input ${column.name}: ${tensor} cannot carry ${typeText(column.type)}`);
    }
    return {
      column: column.name,
      slot: column.slot,
      depth,
      type,
      isNumber: depth === 0 && hasNaN(type) && element.kind === 'DOUBLE',
      convert: inputElement(column.name, element, type),
    };
  });
  const { type } = parts[0]!;
  const numbers = parts.every(({ isNumber }) => isNumber) ? parts.map(({ slot }) => slot) : undefined;
  const arrays = parts.filter(({ depth }) => depth > 0);
  const [array] = arrays;
  if (parts.length > 1 && (arrays.length > 1 || (array?.depth ?? 0) > 1))
    throw new TypeError(`INPUT_TENSOR packs one ARRAY at most, of numbers, so that each element has its place`);
  const ranks = array === undefined && parts.length === 1 ? [1, 2, 3] : [(array?.depth ?? 1) + 1];
  if (shape !== undefined && !ranks.includes(shape.length))
    throw new TypeError(
      `input "${name}" has ${shape.length} dimensions with that of the rows, and ${parts.map(({ column }) => column).join(', ')} ${parts.length === 1 ? 'has' : 'have'} ${ranks.at(-1)}`,
    );
  const dimensions = shape?.slice(1);
  if (array === undefined) {
    const rowShape = dimensions?.length === 0 ? [] : dimensions?.length === 2 ? [1, parts.length] : [parts.length];
    dimensions?.forEach((size, i) => {
      if (fixed(size) && size !== rowShape[i])
        throw new TypeError(
          `input "${name}" takes ${size} ${parts.length === 1 && size > 1 ? 'values a row: pack columns by INPUT_TENSOR, or declare an ARRAY' : `columns, and INPUT declares ${rowShape[i]}`}`,
        );
    });
    return {
      name,
      type,
      columns: parts,
      numbers,
      rowShape: () => rowShape,
      lengths: [],
      varies: false,
    };
  }
  return {
    name,
    type,
    columns: parts,
    numbers,
    varies: true,
    lengths: Array.from({ length: array.depth }, (_, i) => {
      const size = dimensions?.[i];
      return fixed(size) ? size - parts.length + 1 : undefined;
    }),
    rowShape: (row) => {
      const value = row[array.slot] as readonly Value[] | null;
      if (value === null) throw new ScoringError('INVALID_INPUT', `input ${array.column} is null, and NaN is no ARRAY`);
      const sizes =
        array.depth === 2 ? [value.length, ((value[0] ?? []) as Value[]).length] : [value.length + parts.length - 1];
      if (array.depth === 2 && value.some((inner) => (inner as Value[] | null)?.length !== sizes[1]))
        throw new ScoringError('INVALID_INPUT', `input ${array.column}: its arrays differ in length`);
      dimensions?.forEach((size, i) => {
        if (fixed(size) && size !== sizes[i])
          throw new ScoringError(
            'INVALID_INPUT',
            `input ${array.column} has ${sizes[i]} values, and "${name}" takes ${size}`,
          );
      });
      return sizes;
    },
  };
}

const buffers = {
  float16: Float64Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  string: Array,
} satisfies Record<TensorType, unknown>;

/** The values of rows of one shape as a tensor, rows first. */
export function pack(rows: readonly Row[], { type, columns, numbers, rowShape }: InputTensor): Tensor {
  const shape = rowShape(rows[0]!);
  const size = rows.length * shape.reduce((product, each) => product * each, 1);
  const data = new buffers[type](size) as unknown as Element[];
  if (numbers !== undefined) {
    packNumbers(rows, numbers, data as number[]);
    return { type, shape: [rows.length, ...shape], data };
  }
  let at = 0;
  for (const row of rows)
    for (const { slot, depth, convert } of columns) {
      const value = row[slot]!;
      if (depth === 0) data[at++] = convert(value);
      else for (const each of depth === 1 ? (value as Value[]) : (value as Value[]).flat()) data[at++] = convert(each);
    }
  return { type, shape: [rows.length, ...shape], data };
}

/** Apart, so that it sees nothing but numbers in arrays of numbers. */
function packNumbers(rows: readonly Row[], slots: readonly number[], data: number[]): void {
  const width = slots.length;
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    for (let j = 0; j < width; j++) {
      const value = row[slots[j]!];
      data[at++] = typeof value === 'number' ? value : value == null ? NaN : Number(value);
    }
  }
}

/** The columns for which NaN cannot stand for NULL. */
export const withoutNaN = (tensors: readonly InputTensor[], input: readonly ModelColumn[]): readonly string[] =>
  tensors.filter(({ type }) => !hasNaN(type)).flatMap(({ columns }) => columns.map(({ slot }) => input[slot]!.name));

type Feeds = Readonly<Record<string, Tensor>>;

/** Packs rows into tensors and calls the model, in one call unless ARRAYs differ in length. A row that does not fit is left out. */
export async function scoreRows(
  rows: readonly Row[],
  tensors: readonly InputTensor[],
  call: (feeds: Feeds, rows: number) => Promise<readonly RowAnswer[]>,
): Promise<readonly RowAnswer[]> {
  const hasArrays = tensors.some(({ varies }) => varies);
  const feeds = hasArrays ? undefined : feedsOf(rows, tensors);
  if (feeds !== undefined) return call(feeds, rows.length);
  const answers = new Array<RowAnswer>(rows.length);
  const all = rows.map((row, place) => ({ row, place }));
  const groups = hasArrays ? byShape(all, tensors, answers) : [all];
  await Promise.all(
    groups.map(async (group) => {
      const { packed, feeds } = packGroup(group, tensors, answers);
      if (feeds === undefined) return;
      const part = await call(feeds, packed.length);
      packed.forEach(({ place }, i) => (answers[place] = part[i]!));
    }),
  );
  return answers;
}

interface PlacedRow {
  readonly row: Row;
  readonly place: number;
}

/** The tensors of rows of one shape; undefined when one of them has a value that a tensor cannot hold. */
function feedsOf(rows: readonly Row[], tensors: readonly InputTensor[]): Feeds | undefined {
  try {
    return Object.fromEntries(tensors.map((tensor) => [tensor.name, pack(rows, tensor)]));
  } catch (error) {
    if (error instanceof ScoringError) return undefined;
    throw error;
  }
}

/** The tensors of rows of one shape, without the rows with a value that a tensor cannot hold. */
function packGroup(
  group: readonly PlacedRow[],
  tensors: readonly InputTensor[],
  answers: RowAnswer[],
): { readonly packed: readonly PlacedRow[]; readonly feeds: Feeds | undefined } {
  const feeds = feedsOf(
    group.map(({ row }) => row),
    tensors,
  );
  if (feeds !== undefined) return { packed: group, feeds };
  const packed = group.filter(
    (placed) => attempt(placed, answers, () => tensors.map((tensor) => pack([placed.row], tensor))) !== undefined,
  );
  const kept = packed.map(({ row }) => row);
  return { packed, feeds: kept.length === 0 ? undefined : feedsOf(kept, tensors) };
}

function byShape(
  rows: readonly PlacedRow[],
  tensors: readonly InputTensor[],
  answers: RowAnswer[],
): readonly (readonly PlacedRow[])[] {
  const groups = new Map<string, PlacedRow[]>();
  for (const placed of rows) {
    const shape = attempt(placed, answers, () => tensors.map(({ rowShape }) => rowShape(placed.row).join()).join(';'));
    if (shape === undefined) continue;
    const group = groups.get(shape);
    if (group === undefined) groups.set(shape, [placed]);
    else group.push(placed);
  }
  return [...groups.values()];
}

/** What `work` gives; undefined when the row has a value that a tensor cannot hold, which is then its answer. */
function attempt<T>({ place }: PlacedRow, answers: RowAnswer[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ScoringError)) throw error;
    answers[place] = error;
    return undefined;
  }
}
