import { expect, test } from 'vitest';
import { readDouble } from '../../../src/types/numbers.ts';

// The answers of Java 17's Double.parseDouble.
test.each([
  ['NaN', NaN],
  ['-NaN', NaN],
  ['+Infinity', Infinity],
  ['-Infinity', -Infinity],
  [' 1.5 ', 1.5],
  ['\t1\n', 1],
  ['\u00001', 1],
  ['1e5', 1e5],
  ['1E-5D', 1e-5],
  ['1d', 1],
  ['1F', 1],
  ['.5', 0.5],
  ['5.', 5],
  ['+5', 5],
  ['-0', -0],
  ['0x1p3', 8],
  ['0X1.8P+1f', 3],
  ['-0x.8p0', -0.5],
  ['0x1.fffffffffffffp1023', Number.MAX_VALUE],
  ['0x0.0000000000001p-1022', Number.MIN_VALUE],
  ['0x1p-1074', Number.MIN_VALUE],
  ['0x1p1024', Infinity],
  ['0x1p-2000', 0],
  ['1e400', Infinity],
  ['-1e400', -Infinity],
  ['1e-400', 0],
  ['4.9e-324', Number.MIN_VALUE],
])('%j is a double', (text, value) => {
  expect(readDouble(text)).toBe(value);
});

test.each([
  '',
  ' ',
  'nan',
  'inf',
  'INFINITY',
  '1,5',
  '1 5',
  '0x1',
  '0xp1',
  'e5',
  '.',
  '--1',
  '1dd',
  '\u00a01',
  '1_000',
  'true',
])('%j is none', (text) => {
  expect(readDouble(text)).toBeUndefined();
});
