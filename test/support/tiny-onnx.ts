/** Writes small ONNX models as protobuf by hand, so that tests need no training tool. */

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
const int = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const bytes = (field: number, value: ArrayLike<number>): number[] => [
  ...varint(field * 8 + 2),
  ...varint(value.length),
  ...Array.from(value),
];
const text = (field: number, value: string): number[] => bytes(field, Buffer.from(value));

const types = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  BFLOAT16: 16,
} as const;
export type ElementType = keyof typeof types;

interface TinyModel {
  /**
   * Name, type and width of each tensor; the number of rows is variable. A width of 0 means a tensor without a column
   * dimension; a list gives the dimensions after that of the rows, -1 a free one.
   */
  readonly inputs: readonly (readonly [name: string, type: ElementType, width: number | readonly number[]])[];
  readonly outputs: readonly (readonly [name: string, type: ElementType, width: number | readonly number[]])[];
  readonly nodes: readonly (readonly [
    op: string,
    inputs: readonly string[],
    output: string,
    attributes?: Readonly<Record<string, number>>,
    domain?: string,
  ])[];
  readonly constants?: Readonly<Record<string, readonly number[]>>;
}

function valueInfo(field: number, [name, type, width]: TinyModel['inputs'][number]): number[] {
  const rows = bytes(1, text(2, 'N'));
  const sizes = typeof width === 'number' ? (width === 0 ? [] : [width]) : width;
  const columns = sizes.flatMap((size, i) => bytes(1, size < 0 ? text(2, `${name}${i}`) : int(1, size)));
  const tensor = [...int(1, types[type]), ...bytes(2, [...rows, ...columns])];
  return bytes(field, [...text(1, name), ...bytes(2, bytes(1, tensor))]);
}

/** The bytes of a model file. */
export function tinyOnnx({ inputs, outputs, nodes, constants = {} }: TinyModel): Buffer {
  const graph = [
    ...nodes.flatMap(([op, from, to, attributes = {}, domain = '']) =>
      bytes(1, [
        ...from.flatMap((name) => text(1, name)),
        ...text(2, to),
        ...text(4, op),
        ...Object.entries(attributes).flatMap(([name, value]) =>
          bytes(5, [...text(1, name), ...int(3, value), ...int(20, 2)]),
        ),
        ...(domain === '' ? [] : text(7, domain)),
      ]),
    ),
    ...text(2, 'tiny'),
    ...Object.entries(constants).flatMap(([name, values]) =>
      bytes(5, [
        ...int(1, values.length),
        ...int(2, types.FLOAT),
        ...text(8, name),
        ...bytes(9, new Uint8Array(Float32Array.from(values).buffer)),
      ]),
    ),
    ...inputs.flatMap((each) => valueInfo(11, each)),
    ...outputs.flatMap((each) => valueInfo(12, each)),
  ];
  return Buffer.from([...int(1, 8), ...bytes(7, graph), ...bytes(8, [...text(1, ''), ...int(2, 13)])]);
}

/** The models of the golden files, by file name in `test/golden/models`. */
export const tinyModels: Readonly<Record<string, Buffer>> = {
  // Two numbers as two inputs.
  'sum.onnx': tinyOnnx({
    inputs: [
      ['a', 'FLOAT', 1],
      ['b', 'FLOAT', 1],
    ],
    outputs: [
      ['total', 'FLOAT', 1],
      ['product', 'FLOAT', 1],
    ],
    nodes: [
      ['Add', ['a', 'b'], 'total'],
      ['Mul', ['a', 'b'], 'product'],
    ],
  }),
  // The same inputs, for a second version with other results.
  'difference.onnx': tinyOnnx({
    inputs: [
      ['a', 'FLOAT', 1],
      ['b', 'FLOAT', 1],
    ],
    outputs: [
      ['total', 'FLOAT', 1],
      ['product', 'FLOAT', 1],
    ],
    nodes: [
      ['Sub', ['a', 'b'], 'total'],
      ['Div', ['a', 'b'], 'product'],
    ],
  }),
  // One input with two columns; outputs a label and a probability per class, as exported classifiers do.
  'packed.onnx': tinyOnnx({
    inputs: [['X', 'FLOAT', 2]],
    outputs: [
      ['label', 'INT64', 0],
      ['probabilities', 'FLOAT', 2],
    ],
    nodes: [
      ['ArgMax', ['X'], 'label', { axis: 1, keepdims: 0 }],
      ['Identity', ['X'], 'probabilities'],
    ],
  }),
  // Looks up one of three numbers by index; another index fails the whole call.
  'lookup.onnx': tinyOnnx({
    inputs: [['place', 'INT64', 1]],
    outputs: [['value', 'FLOAT', 1]],
    nodes: [['Gather', ['table', 'place'], 'value']],
    constants: { table: [10, 20.5, 30] },
  }),
  // Returns each column type unchanged.
  'types.onnx': tinyOnnx({
    inputs: [
      ['i', 'INT32', 1],
      ['l', 'INT64', 1],
      ['d', 'DOUBLE', 1],
      ['t', 'BOOL', 1],
      ['s', 'STRING', 1],
    ],
    outputs: [
      ['i_out', 'INT32', 1],
      ['l_out', 'INT64', 1],
      ['d_out', 'DOUBLE', 1],
      ['t_out', 'BOOL', 1],
      ['s_out', 'STRING', 1],
    ],
    nodes: [
      ['Identity', ['i'], 'i_out'],
      ['Identity', ['l'], 'l_out'],
      ['Identity', ['d'], 'd_out'],
      ['Not', ['t'], 't_out'],
      ['Identity', ['s'], 's_out'],
    ],
  }),
};
