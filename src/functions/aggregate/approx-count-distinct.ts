import { identity } from '../../types/compare.ts';
import { mixWord, spreadBits } from '../../util/murmur3.ts';
import { aggregate, aggregateOverload } from '../define.ts';

/**
 * HyperLogLog with 4096 registers of a byte: each has the longest run of leading zero bits among the hashes assigned to it. Up
 * to `fewest` hashes are stored themselves: the count is then exact, but for collisions.
 */
type State = Map<number, null> | Buffer;

const bits = 12;
const registers = 2 ** bits;
/** With more hashes a map takes about as much memory as the registers. */
const fewest = 400;
/** The bits of a hash that do not choose the register; hashes have 53. */
const width = 53 - bits;

export const approxCountDistinct = aggregate({
  name: 'APPROX_COUNT_DISTINCT',
  doc: 'About how many different values there are, by HyperLogLog in 4 kB: exact up to 400, beyond with a standard error of 1.6 %, so that 99 of 100 results are within 4.2 %. Nulls are skipped.',
  category: 'AGGREGATE',
  overloads: [
    aggregateOverload('value ANY', 'BIGINT', () => ({
      init: (): State => new Map(),
      add: (state: State, value) => (value === null ? state : addHash(state, hashOf(identity(value)!))),
      merge,
      orderFree: true,
      result: (state: State) => (state instanceof Map ? state.size : estimate(state)),
    })),
  ],
  standard: 'same',
});

/** Adds a hash; may change the state. */
function addHash(state: State, hash: number): State {
  if (state instanceof Map) {
    state.set(hash, null);
    return state.size <= fewest ? state : registersOf(state);
  }
  const rest = Math.floor(hash / registers);
  const at = hash - rest * registers;
  // The number of leading zeros of the remaining bits, plus one.
  const rank = rest === 0 ? width + 1 : width - Math.floor(Math.log2(rest));
  if (rank > state[at]!) state[at] = rank;
  return state;
}
function registersOf(hashes: ReadonlyMap<number, null>): Buffer {
  const state = Buffer.alloc(registers);
  for (const hash of hashes.keys()) addHash(state, hash);
  return state;
}
function merge(left: State, right: State): State {
  if (left instanceof Map && right instanceof Map) {
    const joined = new Map([...left, ...right]);
    return joined.size <= fewest ? joined : registersOf(joined);
  }
  const [base, added] = left instanceof Map ? [right as Buffer, left] : [left, right];
  const joined = Buffer.from(base);
  if (added instanceof Map) for (const hash of added.keys()) addHash(joined, hash);
  else for (let i = 0; i < registers; i++) if (added[i]! > joined[i]!) joined[i] = added[i]!;
  return joined;
}

/**
 * Ertl's improved estimator, unbiased for small and large counts too. Source: New cardinality estimation algorithms for
 * HyperLogLog sketches, 2017.
 */
function estimate(state: Buffer): number {
  const counts = new Array<number>(width + 2).fill(0);
  for (const rank of state) counts[rank]!++;
  let sum = registers * tau(1 - counts[width + 1]! / registers);
  for (let rank = width; rank >= 1; rank--) sum = (sum + counts[rank]!) / 2;
  sum += registers * sigma(counts[0]! / registers);
  return Math.round(((registers / 2) * registers) / (Math.LN2 * sum));
}
function sigma(share: number): number {
  if (share === 1) return Infinity;
  let [x, y, z] = [share, 1, share];
  for (;;) {
    x *= x;
    const before = z;
    z += x * y;
    y += y;
    if (z === before) return z;
  }
}
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [x, y, z] = [share, 1, 1 - share];
  for (;;) {
    x = Math.sqrt(x);
    const before = z;
    y /= 2;
    z -= (1 - x) ** 2 * y;
    if (z === before) return z / 3;
  }
}

const bytes = Buffer.alloc(8);
/** A hash of 53 bits of a value's identity, equal on every machine: from two MurmurHash3 hashes with different seeds. */
function hashOf(value: NonNullable<ReturnType<typeof identity>>): number {
  let first = 0x2545f491;
  let second = 0x7f4a7c15;
  if (typeof value === 'number') {
    // 0 and -0 are one value, and so are all NaN.
    bytes.writeDoubleLE(Number.isNaN(value) ? NaN : value + 0);
    for (const word of [bytes.readInt32LE(0), bytes.readInt32LE(4)]) {
      first = mixWord(first, word);
      second = mixWord(second, word);
    }
  } else {
    const text = String(value);
    for (let i = 0; i < text.length; i++) {
      const word = text.charCodeAt(i);
      first = mixWord(first, word);
      second = mixWord(second, word);
    }
  }
  return (spreadBits(second) >>> 11) * 2 ** 32 + spreadBits(first);
}
