import { InternalError } from '../../util/internal-error.ts';

/**
 * The sums over the places of each of `count` vectors at `data` and of the one at `query`; all addresses and `bytes`, the length of a
 * vector, are multiples of 16. `count` is not 0.
 */
type SumVectors = (data: number, count: number, bytes: number, query: number, out: number) => void;
export interface VectorKernel {
  /** Sums of products. */
  readonly products: SumVectors;
  /** Sums of squared differences. */
  readonly squares: SumVectors;
}

const type = { i32: 0x7f, v128: 0x7b } as const;
const loop = [0x03, 0x40];
const end = 0x0b;
const branchIf = (depth: number): number[] => [0x0d, depth];
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const tee = (local: number): number[] => [0x22, local];
const constant = (value: number): number[] => [0x41, value];
const i32 = { lessUnsigned: 0x49, add: 0x6a, subtract: 0x6b } as const;
const f32 = { store: [0x38, 2, 0], add: 0x92 } as const;
const simd = (code: number, ...rest: number[]): number[] => [0xfd, ...unsigned(code), ...rest];
const f32x4 = {
  load: simd(0x00, 4, 0),
  zero: simd(0x0c, ...new Array<number>(16).fill(0)),
  lane: (lane: number) => simd(0x1f, lane),
  add: simd(0xe4),
  subtract: simd(0xe5),
  multiply: simd(0xe6),
} as const;

/** LEB128, as WebAssembly writes numbers. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
}
const vectorOf = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const section = (id: number, content: readonly number[]): number[] => [id, ...sized(content)];
const name = (text: string): number[] => sized([...Buffer.from(text)]);

const [data, count, bytes, query, out, place, sum, pair] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** A function of the module: four places at a time, `term` of a vector's and the query's. */
function summing(term: readonly number[]): number[] {
  return sized([
    ...vectorOf([
      [1, type.i32],
      [2, type.v128],
    ]),
    ...[...loop, ...f32x4.zero, ...set(sum), ...constant(0), ...set(place)],
    ...[...loop, ...get(sum)],
    ...[...get(data), ...get(place), i32.add, ...f32x4.load],
    ...[...get(query), ...get(place), i32.add, ...f32x4.load],
    ...[...term, ...f32x4.add, ...set(sum)],
    ...[...get(place), ...constant(16), i32.add, ...tee(place), ...get(bytes), i32.lessUnsigned, ...branchIf(0), end],
    ...[...get(out), ...get(sum), ...f32x4.lane(0)],
    ...[1, 2, 3].flatMap((lane) => [...get(sum), ...f32x4.lane(lane), f32.add]),
    ...f32.store,
    ...[...get(out), ...constant(4), i32.add, ...set(out)],
    ...[...get(data), ...get(bytes), i32.add, ...set(data)],
    ...[...get(count), ...constant(1), i32.subtract, ...tee(count), ...branchIf(0), end],
    end,
  ]);
}

const products = summing(f32x4.multiply);
const squares = summing([...f32x4.subtract, ...tee(pair), ...get(pair), ...f32x4.multiply]);

const binary = new Uint8Array([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, vectorOf([[0x60, ...vectorOf(new Array<number[]>(5).fill([type.i32])), 0]])),
  ...section(2, vectorOf([[...name('node'), ...name('memory'), 2, 0, 1]])),
  ...section(3, vectorOf([[0], [0]])),
  ...section(
    7,
    vectorOf([
      [...name('products'), 0, 0],
      [...name('squares'), 0, 1],
    ]),
  ),
  ...section(10, vectorOf([products, squares])),
]);

let compiled: WebAssembly.Module | undefined;

/** WebAssembly's instructions for four floats at a time: they read vectors several times as fast as JavaScript does. */
export function vectorKernel(memory: WebAssembly.Memory): VectorKernel {
  compiled ??= new WebAssembly.Module(binary);
  const { products, squares } = new WebAssembly.Instance(compiled, {
    node: { memory },
  }).exports;
  if (typeof products !== 'function' || typeof squares !== 'function')
    throw new InternalError('the module of vectors lacks a function');
  return { products: products as SumVectors, squares: squares as SumVectors };
}
