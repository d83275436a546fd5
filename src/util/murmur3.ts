const rotated = (word: number, by: number): number => (word << by) | (word >>> (32 - by));
const scrambled = (word: number): number => Math.imul(rotated(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);

/** MurmurHash3's state after one more word. */
export const mixWord = (state: number, word: number): number =>
  (Math.imul(rotated(state ^ scrambled(word), 13), 5) + 0xe6546b64) | 0;

/** Spreads the bits of a number, as MurmurHash3 does at its end: a number of 32 bits without a sign. */
export function spreadBits(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** MurmurHash3, x86, 32 bits, as a number without a sign. Source: Austin Appleby's MurmurHash3.cpp, public domain. */
export function murmur3(bytes: Buffer, seed: number): number {
  let hash = seed;
  const whole = bytes.length & ~3;
  for (let i = 0; i < whole; i += 4) hash = mixWord(hash, bytes.readInt32LE(i));
  if (whole < bytes.length) hash ^= scrambled(bytes.readUIntLE(whole, bytes.length - whole));
  return spreadBits(hash ^ bytes.length);
}
