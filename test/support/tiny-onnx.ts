/** Writes small ONNX models, so that tests need no tool that trains some: protobuf by hand, one function a message. */

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
const int = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const bytes = (field: number, value: ArrayLike<number>): number[] => [
  ...varint(field * 8 + 2),
  ...varint(value.length),
  ...Array.from(value),
];
const text = (field: number, value: string): number[] => bytes(field, Buffer.from(value));

const types = { FLOAT: 1, INT32: 6, INT64: 7, STRING: 8, BOOL: 9, DOUBLE: 11 } as const;
type ElementType = keyof typeof types;

interface TinyModel {
  /** Name, type and width of each tensor; rows come in any number. A width of 0 leaves a tensor without columns. */
  readonly inputs: readonly (readonly [name: string, type: ElementType, width: number])[];
  readonly outputs: readonly (readonly [name: string, type: ElementType, width: number])[];
  readonly nodes: readonly (readonly [
    op: string,
    inputs: readonly string[],
    output: string,
    attributes?: Readonly<Record<string, number>>,
  ])[];
  readonly constants?: Readonly<Record<string, readonly number[]>>;
}

function valueInfo(field: number, [name, type, width]: TinyModel['inputs'][number]): number[] {
  const rows = bytes(1, text(2, 'N'));
  const columns = width === 0 ? [] : bytes(1, int(1, width));
  const tensor = [...int(1, types[type]), ...bytes(2, [...rows, ...columns])];
  return bytes(field, [...text(1, name), ...bytes(2, bytes(1, tensor))]);
}

/** A model as the bytes of a file. */
export function tinyOnnx({ inputs, outputs, nodes, constants = {} }: TinyModel): Buffer {
  const graph = [
    ...nodes.flatMap(([op, from, to, attributes = {}]) =>
      bytes(1, [
        ...from.flatMap((name) => text(1, name)),
        ...text(2, to),
        ...text(4, op),
        ...Object.entries(attributes).flatMap(([name, value]) =>
          bytes(5, [...text(1, name), ...int(3, value), ...int(20, 2)]),
        ),
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

/** The models of the golden files, by the names of their files in `test/golden/models`. */
export const tinyModels: Readonly<Record<string, Buffer>> = {
  // Two numbers, each an input of its own.
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
  // The same inputs, for a second version that can be told from the first.
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
  // One input of two columns, a label and a column for each class, as exports of classifiers have them.
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
  // A number by its place among three; any other place fails the whole call.
  'lookup.onnx': tinyOnnx({
    inputs: [['place', 'INT64', 1]],
    outputs: [['value', 'FLOAT', 1]],
    nodes: [['Gather', ['table', 'place'], 'value']],
    constants: { table: [10, 20.5, 30] },
  }),
  // Each type that a column may have, given back.
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
