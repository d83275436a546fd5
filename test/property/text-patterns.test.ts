import fc from 'fast-check';
import { expect, test } from 'vitest';
import { like } from '../../src/expressions/like.ts';
import { javaPattern } from '../../src/functions/scalar/java-pattern.ts';
import { patternCost } from '../../src/functions/scalar/pattern-cost.ts';
import { runsOf, seedOf } from '../support/scale.ts';

const piece = fc.constantFrom(
  'a',
  'b',
  '.',
  '[ab]',
  '[^a]',
  '\\d',
  '\\w',
  '(a|b)',
  '(?:ab)',
  '(b)',
  '\\.',
  'é',
  '^',
  '$',
  '\\b',
);
const times = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '*?', '+?');
const pattern = fc
  .array(fc.tuple(piece, times), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.map(([text, count]) => (/^(\^|\$|\\b)$/.test(text) ? text : text + count)).join(''));
const text = fc
  .array(fc.constantFrom('a', 'b', 'ab', '1', '.', 'é', '\n', ' '), { maxLength: 8 })
  .map((parts) => parts.join(''));
/** So much longer that JavaScript's engine is not trusted with it, and no match is found in what is added. */
const far = '#'.repeat(3000);

test('RE2 finds what JavaScript finds', () => {
  let different = 0;
  fc.assert(
    fc.property(pattern, text, (source, value) => {
      // The added text ends the anchors and the dots of both in the same way.
      const long = `${value}\n${far}`;
      const cost = patternCost(source)(long.length);
      // The judge tries again and again: it is asked for what it can tell in time.
      fc.pre(cost < 3e8);
      const byJs = [...long.matchAll(new RegExp(source, 'g'))];
      const found = [...javaPattern(source).all(long)];
      if (cost > 1e7) different++;
      expect(found.map(({ index, 0: all }) => [index, all])).toEqual(byJs.map(({ index, 0: all }) => [index, all]));
      expect(found.map((match) => Array.from(match as ArrayLike<unknown>))).toEqual(byJs.map((match) => [...match]));
    }),
    { numRuns: runsOf(500), seed: seedOf(1) },
  );
  expect(different).toBeGreaterThan(20);
});

test('LIKE is what a regular expression makes of it', () => {
  const part = fc.constantFrom('%', '%', '_', 'a', 'b', 'ab', '\n', '😀', '.', 'é');
  const likes = fc.array(part, { maxLength: 7 }).map((parts) => parts.join(''));
  const values = fc
    .array(fc.constantFrom('a', 'b', '\n', '😀', '.', 'é', '\u2028'), { maxLength: 8 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(likes, values, (given, value) => {
      const source = [...given].map((c) => (c === '%' ? '.*' : c === '_' ? '.' : c.replace('.', '\\.'))).join('');
      expect(like(value, given, null)).toBe(new RegExp(`^${source}$`, 'u').test(value));
    }),
    { numRuns: runsOf(3000) },
  );
});

const a = 'a'.repeat(50_000);
// With an engine that tries again each of these takes longer than any test may.
test.each([
  ['(a+)+$', `${a}!`, null],
  ['(a|a)*b', a, null],
  ['(a|aa)+$', `${a}!`, null],
  ['(.*)*x', a, null],
  ['a*a*a*a*a*b', a, null],
  ['(a?){60}a{60}', a.slice(0, 60), a.slice(0, 60)],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', a, null],
  ['(x+x+)+y', 'x'.repeat(40), null],
  [
    '([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))',
    a,
    null,
  ],
])('%s ends', (source, value, found) => {
  expect(javaPattern(source).first(value)?.[0] ?? null).toBe(found);
});

test('what RE2 lacks ends at a time limit, and is refused at once when that happened often', () => {
  const lookahead = javaPattern('^(?=(a+)+$)b');
  for (let i = 0; i < 20; i++) expect(() => lookahead.first(`${'a'.repeat(5000)}!`)).toThrow(/stopped after|too long/);
  expect(lookahead.first('ab')).toBe(null);
  expect(javaPattern('(\\w)\\1').first('hello')?.[0]).toBe('ll');
});

test('LIKE with many % ends', () => {
  expect(like(a, `${'%a'.repeat(200)}%b`, null)).toBe(false);
  expect(like(`${a}b`, `${'%a'.repeat(200)}%b`, null)).toBe(true);
});

test('a pattern of LIKE that is too long for the engine is an error of the row, in words', () => {
  const long = '['.repeat(1_000_000);
  expect(() => like('a', long, null)).toThrow(/^a pattern of LIKE of 1000000 characters is too long$/);
});
