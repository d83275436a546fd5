import { writeText } from '../util/text.ts';

/** Kafka's murmur2 with its fixed seed, as a signed 32-bit number. */
export function murmur2(d: Uint8Array, n = d.length): number {
  const m = 0x5bd1e995;
  let h = 0x9747b28c ^ n;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    let k = d[i]! | (d[i + 1]! << 8) | (d[i + 2]! << 16) | (d[i + 3]! << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    k = Math.imul(k, m);
    h = Math.imul(h, m);
    h ^= k;
  }
  const rest = n - i;
  if (rest > 2) h ^= d[i + 2]! << 16;
  if (rest > 1) h ^= d[i + 1]! << 8;
  if (rest > 0) {
    h ^= d[i]!;
    h = Math.imul(h, m);
  }
  h ^= h >>> 13;
  h = Math.imul(h, m);
  h ^= h >>> 15;
  return h;
}

let scratch = Buffer.allocUnsafeSlow(256);

/** The partition that Kafka's default partitioner gives to a key: the first `length` bytes, or a string as UTF-8. */
export function partitionOf(key: Uint8Array | string, partitions: number, length = key.length): number {
  if (partitions === 1) return 0;
  if (typeof key !== 'string') return (murmur2(key, length) & 0x7fffffff) % partitions;
  if (key.length * 3 > scratch.length) scratch = Buffer.allocUnsafeSlow(key.length * 6);
  return (murmur2(scratch, writeText(scratch, key, 0)) & 0x7fffffff) % partitions;
}
