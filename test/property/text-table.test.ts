import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextTable } from '../../src/formats/text-table.ts';

test('a text table gives every text as it is, whether it has seen it, has another in its place, or is resting', () => {
  const ascii = fc.string({
    unit: fc.integer({ min: 0, max: 127 }).map((code) => String.fromCharCode(code)),
    maxLength: 20,
  });
  fc.assert(
    fc.property(
      fc.array(ascii, { minLength: 1, maxLength: 600 }),
      fc.array(fc.nat(), { minLength: 3000, maxLength: 3000 }),
      (texts, order) => {
        const table = new TextTable();
        for (const each of order) {
          const text = texts[each % texts.length]!;
          const bytes = Buffer.from(`#${text}#`);
          expect(table.get(bytes, 1, 1 + text.length)).toBe(text);
        }
      },
    ),
    { numRuns: 50, seed: 22 },
  );
});
