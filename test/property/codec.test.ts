import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeValue, encodeValue } from '../../src/runtime/codec.ts';

const edges = [7, 14, 21, 28, 31, 32, 35, 42, 49, 53].flatMap((power) =>
  [-2, -1, 0, 1].map((more) => Math.min(2 ** power + more, Number.MAX_SAFE_INTEGER)),
);
test('an integer is a tag and its groups of seven bits, the lowest first', () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(...edges)), (value) => {
      const groups: number[] = [];
      for (let rest = BigInt(Math.abs(value)); ; rest >>= 7n) {
        groups.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
        if (rest <= 127n) break;
      }
      expect([...encodeValue(value)].slice(1)).toEqual(groups);
    }),
    { numRuns: 1000, seed: 7 },
  );
});

test('a text is read as it was written, also one that was cut in the middle of a character', () => {
  const unit = fc.constantFrom('a', 'é', '漢', '😀', '\ud800', '\udc00', '\u0000');
  const text = fc.array(unit, { maxLength: 200 }).map((units) => units.join(''));
  fc.assert(
    fc.property(fc.array(text), (texts) => {
      expect(decodeValue(encodeValue([texts, 1]))).toEqual([texts, 1]);
    }),
    { numRuns: 500, seed: 7 },
  );
});
