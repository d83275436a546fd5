import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonScanner } from '../../src/formats/json-scanner.ts';
import { runsOf, seedOf } from '../support/scale.ts';

const scanner = new JsonScanner();
function read(text: string): number | undefined {
  const bytes = Buffer.from(`${text},`);
  scanner.reset(bytes, bytes.length);
  const value = scanner.readDouble(0);
  if (value !== undefined) expect(scanner.next).toBe(text.length);
  return value;
}
const settings = { numRuns: runsOf(3000), seed: seedOf(31) };

/** Digits with a point somewhere, and noughts before them. */
const digits = fc
  .tuple(fc.stringMatching(/^[1-9][0-9]{13,18}$/), fc.nat({ max: 22 }), fc.constantFrom('', '-'), fc.boolean())
  .map(([text, scale, sign, hasMany]) => {
    const places = hasMany ? scale : scale % text.length;
    const padded = text.padStart(places + 1, '0');
    return `${sign}${padded.slice(0, padded.length - places)}${places === 0 ? '' : `.${padded.slice(-places)}`}`;
  });

/** Beside the middle of two neighbouring doubles of whole value, or on it, as they are written. */
const middles = fc
  .tuple(fc.bigInt({ min: 2n ** 52n, max: 2n ** 53n }), fc.nat({ max: 6 }), fc.constantFrom(-1n, 0n, 1n))
  .map(([significand, exponent, beside]) => String(((2n * significand + 1n) << BigInt(exponent)) + beside));

test('what is read of a number is what Number makes of its text', () => {
  fc.assert(
    fc.property(fc.oneof(digits, middles), (text) => {
      const value = read(text);
      if (value !== undefined) expect(Object.is(value, Number(text)), text).toBe(true);
    }),
    settings,
  );
});

test('a double is read as it was written, also with all of its digits', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
      fc.boolean(),
      (a, b, isNegative) => {
        for (const value of [a, a * 1.1, a + b, a / b].map((each) => (isNegative ? -each : each))) {
          const text = JSON.stringify(value);
          if (!text.includes('e') && text.replace(/^-?[0.]*/, '').length <= 18 && Math.abs(value) > 1e-3)
            expect(Object.is(read(text), value), text).toBe(true);
        }
      },
    ),
    settings,
  );
});
