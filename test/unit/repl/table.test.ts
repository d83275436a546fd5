import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { renderTable } from '../../../src/repl/table.ts';

test('a long cell wraps between words, the others keep their width', () => {
  expect(renderTable(['ID', 'Query'], [['CTAS_1', 'CREATE TABLE t AS SELECT page FROM clicks']], 34)).toBe(
    [
      '+--------+-----------------------+',
      '| ID     | Query                 |',
      '+--------+-----------------------+',
      '| CTAS_1 | CREATE TABLE t AS     |',
      '|        | SELECT page FROM      |',
      '|        | clicks                |',
      '+--------+-----------------------+',
    ].join('\n'),
  );
});

test('no line is wider than the terminal, and nothing but spaces is lost', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'é', '字', ' ', 'x'), maxLength: 60 });
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 }), (rows) => {
      const lines = renderTable(['first', 'second'], rows, 40).split('\n');
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(40);
      const kept = (text: string): string => text.replace(/[ |]/g, '');
      const body = lines.slice(3, -1).map((line) => line.split('|'));
      for (const at of [0, 1])
        expect(kept(body.map((cells) => cells[at + 1]!).join(''))).toBe(kept(rows.map((row) => row[at]!).join('')));
    }),
    { seed: 41 },
  );
});
