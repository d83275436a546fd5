import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isComplete, placeIn, splitStatements } from '../../../src/repl/split.ts';
import { splitScript } from '../../../src/syntax/parse.ts';

const pieces = [
  'SELECT',
  ' ',
  '\n',
  ';',
  "'a;b'",
  "''",
  "'it''s;'",
  '`x;y`',
  '"q;"',
  '-- c;\n',
  '/* d; */',
  '1',
  '.',
  ',',
  '-',
  '/',
];

test('a script is cut where the parser cuts it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
      const text = `${parts.join('')}\n;`;
      let expected: { text: string; start: number }[];
      try {
        expected = splitScript({ name: 'a', text }).map(({ text: own, span }) => ({ text: own, start: span.start }));
      } catch {
        return;
      }
      expect(splitStatements(text)).toEqual(expected);
    }),
    { seed: 7, numRuns: 2000 },
  );
});

test('places are lines and columns from 1', () => {
  expect(placeIn('ab\ncd', 0)).toEqual({ line: 1, column: 1 });
  expect(placeIn('ab\ncd', 4)).toEqual({ line: 2, column: 2 });
});

test.each([
  ['SELECT 1;', true],
  ['SELECT 1; -- done', true],
  ["SELECT ';", false],
  ["SELECT ';'", false],
  ['SELECT 1 -- ;', false],
  ['SELECT `;', false],
])('%s is complete: %s', (text, complete) => {
  expect(isComplete(text)).toBe(complete);
});
