import type { NearestSpec } from '../../specs/nearest.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { smallest } from './smallest.ts';
import { vectorKernel, type VectorKernel } from './vector-kernel.ts';

const pageBytes = 1 << 16;
/** Vectors are compared in blocks of this many, which leaves their sums in the processor's cache. */
const block = 2048;
/** About the memory of a key: its text, its row and its place. */
const keyBytes = 260;
/** Lengths between which floats of 32 bits hold a vector and its products well. */
const [shortest, longest] = [1e-12, 1e12];

/** The length of a vector: 0 only for one of zeros; undefined when it lies beyond what floats hold, or is no number. */
function lengthOf(vector: readonly number[]): number | undefined {
  let sum = 0;
  let isZero = true;
  for (const element of vector) {
    sum += element * element;
    isZero &&= element === 0;
  }
  const length = Math.sqrt(sum);
  return isZero || (length >= shortest && length <= longest) ? length : undefined;
}

/** The keys that a question must look at before others: those that are first in any case, and those that have no nearness. */
interface Others {
  /** Keys of vectors that floats do not hold. */
  readonly beyond: Iterable<Row>;
  /** Keys of rows whose nearness is null. */
  readonly none: Iterable<Row>;
  readonly noneCount: number;
}

/**
 * The vectors of a column with one number of elements, as floats of 32 bits in one piece of memory. It finds candidates: with the
 * bounds of what rounding can do, the nearest ones are among them, and the query itself says which they are.
 */
export class VectorColumn {
  readonly #width: number;
  readonly #stride: number;
  readonly #limitBytes: number;
  readonly #memory: WebAssembly.Memory;
  readonly #kernel: VectorKernel;
  readonly #first: number;
  #floats: Float32Array;
  #capacity: number;
  readonly #keys: Row[] = [];
  readonly #texts: string[] = [];
  readonly #places = new Map<string, number>();
  #lengths = new Float64Array(1024);
  #longest = 0;
  #costs = new Float64Array(0);
  readonly #none = new Map<string, Row>();
  readonly #beyond = new Map<string, Row>();

  /** `width`: the number of elements; `limitBytes`: about what it may take. */
  constructor(width: number, limitBytes: number) {
    this.#width = width;
    this.#stride = Math.ceil(width / 4) * 4;
    this.#limitBytes = limitBytes;
    // The query, the sums of a block, then the vectors.
    this.#first = this.#stride * 4 + block * 4;
    const pages = Math.ceil((this.#first + 64 * this.#stride * 4) / pageBytes);
    this.#memory = new WebAssembly.Memory({ initial: pages });
    this.#kernel = vectorKernel(this.#memory);
    this.#floats = new Float32Array(this.#memory.buffer);
    this.#capacity = this.#room();
  }
  #room(): number {
    return Math.floor((this.#memory.buffer.byteLength - this.#first) / (this.#stride * 4));
  }

  /** How many vectors it compares. */
  get size(): number {
    return this.#keys.length;
  }
  /** The rows beside those with vectors that it compares. */
  get others(): Others {
    return {
      beyond: this.#beyond.values(),
      none: this.#none.values(),
      noneCount: this.#none.size,
    };
  }

  /** Puts a row's vector; false when there is no more memory for it. */
  put(text: string, key: Row, value: Value): boolean {
    const vector = this.#comparable(value);
    const length = vector && lengthOf(vector);
    if (length === undefined) {
      this.delete(text);
      (vector === undefined ? this.#none : this.#beyond).set(text, [...key]);
      return this.#hasRoom();
    }
    this.#none.delete(text);
    this.#beyond.delete(text);
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.#keys.length;
      if (!this.#hasRoom() || (place === this.#capacity && !this.#grow())) return false;
      this.#places.set(text, place);
      this.#texts.push(text);
      this.#keys.push([...key]);
    }
    this.#lengths[place] = length;
    if (length > this.#longest) this.#longest = length;
    this.#floats.set(vector!, this.#at(place));
    return true;
  }
  #comparable(value: Value): readonly number[] | undefined {
    const vector = value as readonly (number | null)[] | null;
    return vector?.length !== this.#width || vector.includes(null) ? undefined : (vector as readonly number[]);
  }
  #at(place: number): number {
    return this.#first / 4 + place * this.#stride;
  }
  #hasRoom(): boolean {
    const rows = this.#keys.length + this.#none.size + this.#beyond.size;
    return rows * keyBytes + this.#keys.length * this.#stride * 4 < this.#limitBytes;
  }
  #grow(): boolean {
    const { byteLength } = this.#memory.buffer;
    const wanted = Math.min(byteLength, Math.max(pageBytes, this.#limitBytes - byteLength));
    try {
      this.#memory.grow(Math.ceil(wanted / pageBytes));
    } catch {
      return false;
    }
    this.#floats = new Float32Array(this.#memory.buffer);
    this.#capacity = this.#room();
    const lengths = new Float64Array(this.#capacity);
    lengths.set(this.#lengths.subarray(0, this.#keys.length));
    this.#lengths = lengths;
    return true;
  }

  delete(text: string): void {
    this.#none.delete(text);
    this.#beyond.delete(text);
    const place = this.#places.get(text);
    if (place === undefined) return;
    this.#places.delete(text);
    const [lastText, lastKey] = [this.#texts.pop()!, this.#keys.pop()!];
    const last = this.#keys.length;
    if (place === last) return;
    this.#texts[place] = lastText;
    this.#keys[place] = lastKey;
    this.#places.set(lastText, place);
    this.#lengths[place] = this.#lengths[last]!;
    this.#floats.copyWithin(this.#at(place), this.#at(last), this.#at(last) + this.#stride);
  }

  /** Compares all vectors with that of a question; `nearest` and `keysUpTo` are about the last one. */
  compare({ metric, vector, descending }: NearestSpec): void {
    const { size } = this;
    if (this.#costs.length < size) this.#costs = new Float64Array(this.#capacity);
    this.#floats.fill(0, 0, this.#stride);
    this.#floats.set(vector, 0);
    const sums = this.#stride;
    const compare = metric === 'distance' ? this.#kernel.squares : this.#kernel.products;
    const byLength = metric === 'cosine' || metric === 'angle';
    const sign = (metric === 'angle') === descending ? 1 : -1;
    for (let from = 0; from < size; from += block) {
      const count = Math.min(block, size - from);
      compare(this.#at(from) * 4, count, this.#stride * 4, 0, sums * 4);
      for (let i = 0; i < count; i++) {
        const value = this.#floats[sums + i]! * sign;
        const length = this.#lengths[from + i]!;
        this.#costs[from + i] = !byLength ? value : length === 0 ? 0 : value / length;
      }
    }
  }

  /** The greatest cost that one of the first `count` vectors may have: what rounding can do is added. */
  bound({ metric, vector }: NearestSpec, count: number): number {
    if (count >= this.size) return Infinity;
    const cost = smallest(this.#costs, this.size, count);
    const length = lengthOf(vector)!;
    const relative = (this.#stride / 4 + 16) * 2 ** -23;
    if (metric === 'product') return cost + relative * length * this.#longest;
    if (metric !== 'distance') return cost + relative * length;
    const absolute = 2 ** -22 * (length + this.#longest);
    if (cost >= 0) return (Math.sqrt(cost) * (1 + relative) + absolute) ** 2;
    return -(Math.max(0, Math.sqrt(-cost) * (1 - relative) - absolute) ** 2);
  }

  /** The keys of the vectors whose cost is above the one and not above the other; undefined when there are more than `most`. */
  keysUpTo(bound: number, above: number, most: number): readonly Row[] | undefined {
    const keys: Row[] = [];
    for (let i = 0; i < this.size; i++) {
      const cost = this.#costs[i]!;
      if (cost > bound || cost <= above) continue;
      if (keys.length === most) return undefined;
      keys.push(this.#keys[i]!);
    }
    return keys;
  }
}
