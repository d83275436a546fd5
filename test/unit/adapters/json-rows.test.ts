import { describe, expect, it } from 'vitest';
import { inputWriter } from '../../../src/adapters/models/json-rows.ts';
import { array, type SqlType, type Value } from '../../../src/types/sql-type.ts';

const cases: readonly (readonly [SqlType, readonly (readonly [Value, string])[]])[] = [
  [
    { kind: 'BOOLEAN' },
    [
      [true, 'true'],
      [false, 'false'],
    ],
  ],
  [{ kind: 'INTEGER' }, [[-7, '-7']]],
  [
    { kind: 'BIGINT' },
    [
      [12, '12'],
      [9223372036854775807n, '9223372036854775807'],
    ],
  ],
  [{ kind: 'TIMESTAMP' }, [[1700000000123, '1700000000123']]],
  [
    { kind: 'DOUBLE' },
    [
      [1, '1'],
      [0.1, '0.1'],
      [-0, '0'],
      [1e21, '1e+21'],
      [5e-324, '5e-324'],
      [NaN, 'null'],
      [Infinity, '1e999'],
      [-Infinity, '-1e999'],
    ],
  ],
  [
    { kind: 'DECIMAL', precision: 20, scale: 2 },
    [
      [-5, '-0.05'],
      [12345678901234567890n, '123456789012345678.90'],
    ],
  ],
  [
    { kind: 'STRING' },
    [
      ['plain', '"plain"'],
      ['a "quote" \\ \n \u007f ä \ud800', '"a \\"quote\\" \\\\ \\n \u007f ä \\ud800"'],
      ['x'.repeat(300), `"${'x'.repeat(300)}"`],
    ],
  ],
  [
    array(array({ kind: 'DOUBLE' })),
    [
      [[[1.5, null], [Infinity, NaN], []], '[[1.5,null],[1e999,null],[]]'],
      [[], '[]'],
      [[null], '[null]'],
    ],
  ],
];

describe('the inputs of a model in JSON', () => {
  for (const [type, values] of cases)
    it(`of ${type.kind}`, () => {
      const write = inputWriter([{ name: 'X', type }]);
      for (const [value, text] of [...values, [null, 'null'] as const]) expect(write([value])).toEqual([text]);
    });
  it.each([{ kind: 'BYTES' }, { kind: 'DATE' }, { kind: 'TIME' }] as const)('refuse $kind', (type) => {
    expect(() => inputWriter([{ name: 'X', type }])).toThrow(`input X: JSON does not carry ${type.kind}`);
  });
});
