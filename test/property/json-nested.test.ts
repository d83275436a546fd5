import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DecodeColumn } from '../../src/formats/define.ts';
import { jsonDecoder, slowJsonDecoder } from '../../src/formats/json-decoder.ts';
import type { ReadPart } from '../../src/types/read-part.ts';
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  INTEGER,
  STRING,
  array,
  decimal,
  struct,
  type SqlType,
  type Value,
} from '../../src/types/sql-type.ts';
import { runsOf } from '../support/scale.ts';

const names = ['A', 'B', 'user', '__proto__', 'É'];
const scalarTypes: SqlType[] = [
  STRING,
  INTEGER,
  BIGINT,
  DOUBLE,
  BOOLEAN,
  decimal(6, 2),
  decimal(30, 4),
  decimal(38, 38),
  decimal(15, 0),
  { kind: 'DATE' },
  { kind: 'TIME' },
  { kind: 'TIMESTAMP' },
  { kind: 'BYTES' },
];
const { type: types } = fc.letrec<{ type: SqlType }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...scalarTypes),
    fc
      .uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 4 })
      .chain((fields) =>
        fc
          .tuple(...fields.map(() => tie('type')))
          .map((list) => struct(fields.map((name, i) => ({ name, type: list[i]! })))),
      ),
    tie('type').map(array),
    tie('type').map((value): SqlType => ({ kind: 'MAP', key: STRING, value })),
  ),
}));

/** Some part of a value of a type. */
const partOf = (type: SqlType): fc.Arbitrary<ReadPart> => {
  const whole = fc.constant<ReadPart>('whole');
  if (type.kind === 'ARRAY') {
    const part = fc.tuple(partOf(type.element), fc.constantFrom(undefined, 1, 2));
    return fc.oneof(
      whole,
      part.map(([elements, first]) => (first === undefined ? { elements } : { elements, first })),
    );
  }
  if (type.kind === 'MAP')
    return fc.oneof(
      whole,
      partOf(type.value).map((elements) => ({ elements })),
    );
  if (type.kind !== 'STRUCT') return whole;
  const fields = fc
    .subarray([...type.fields], { minLength: 1 })
    .chain((kept) => fc.tuple(...kept.map((field) => partOf(field.type).map((part) => [field.name, part] as const))))
    .map((list) => ({ fields: list }));
  return fc.oneof(whole, fields);
};

const number = fc.constantFrom(
  '0',
  '-0',
  '7',
  '-12',
  '1.50',
  '1.005',
  '9999.99',
  '10000',
  '1e3',
  '2147483648',
  '9007199254740993',
  '12345678901234567890',
  '0.1',
  '-1.25',
);
const odd = fc.constantFrom(
  'null',
  'true',
  'false',
  '"x"',
  '"12"',
  '"é\\u0041"',
  '[]',
  '{}',
  '[1]',
  '{"A":1}',
  '01',
  'tru',
  '"',
  '[1',
  '{"A"',
  '',
);
/** A text for a value of a type, now and then for one of another, or for none. */
function textOf(type: SqlType): fc.Arbitrary<string> {
  const space = fc.constantFrom('', '', ' ', '\n ');
  const spaced = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(space, text, space).map((list) => list.join(''));
  const right = (): fc.Arbitrary<string> => {
    switch (type.kind) {
      case 'STRUCT': {
        const key = fc.constantFrom(...type.fields.map(({ name }) => name));
        const member = key.chain((name) =>
          fc.tuple(
            fc.constantFrom(name, name, name, name.toLowerCase(), 'other'),
            textOf(type.fields.find((field) => field.name === name)!.type),
          ),
        );
        return fc
          .array(member, { maxLength: 4 })
          .map((list) => `{${list.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`);
      }
      case 'ARRAY':
        return fc.array(textOf(type.element), { maxLength: 3 }).map((list) => `[${list.join(',')}]`);
      case 'MAP':
        return fc
          .array(fc.tuple(fc.constantFrom('a', 'b', 'A', '\\u0061', ''), textOf(type.value)), { maxLength: 3 })
          .map((list) => `{${list.map(([name, text]) => `"${name}":${text}`).join(',')}}`);
      case 'STRING':
        return fc.oneof(
          fc.string().map((text) => JSON.stringify(text)),
          number,
        );
      case 'BOOLEAN':
        return fc.constantFrom('true', 'false');
      case 'BYTES':
        return fc.constantFrom('""', '"AAE="');
      default:
        return number;
    }
  };
  return spaced(fc.oneof({ weight: 12, arbitrary: right() }, { weight: 1, arbitrary: odd }));
}

const outcome = (decode: ReturnType<typeof jsonDecoder>, bytes: Buffer, start: number, end: number): unknown => {
  const row: Value[] = [null, null];
  try {
    return [decode(bytes, start, end, row), row];
  } catch (error) {
    return String(error);
  }
};

test('nested values are what the tree decoder reads of them, whole or in part', () => {
  const cases = fc
    .tuple(types, types)
    .chain(([one, other]) =>
      fc.tuple(
        fc.constant([one, other] as const),
        fc.tuple(partOf(one), partOf(other)),
        fc.array(fc.tuple(textOf(one), textOf(other)), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
      ),
    );
  let taken = 0;
  let refused = 0;
  fc.assert(
    fc.property(cases, ([both, parts, records, partly]) => {
      const columns = both.map((type, slot): DecodeColumn => ({
        name: names[slot]!,
        type,
        slot,
        ...(partly ? { part: parts[slot]! } : {}),
      }));
      const options = { wrap: true, delimiter: ',' };
      const fast = jsonDecoder(columns, options);
      const slow = slowJsonDecoder(columns, options);
      for (const [one, other] of records) {
        const text = Buffer.from(`{"A":${one},"B":${other}}`);
        // What stands behind a record in its batch is not read.
        const bytes = Buffer.concat([text, Buffer.from('","x":1}]')]);
        const expected = outcome(slow, bytes, 0, text.length);
        expect(outcome(fast, bytes, 0, text.length)).toEqual(expected);
        if (typeof expected === 'string') refused++;
        else taken++;
        const end = Math.floor(text.length / 2);
        expect(outcome(fast, bytes, 0, end)).toEqual(outcome(slow, bytes, 0, end));
      }
    }),
    { numRuns: runsOf(1500), seed: 15 },
  );
  expect(taken).toBeGreaterThan(refused / 3);
  expect(refused).toBeGreaterThan(0);
});

test.each([498, 499, 500, 501])(
  '%d objects in each other are as deep for the scanner as for the tree decoder',
  (depth) => {
    const text = Buffer.from(`{"A":${'{"x":'.repeat(depth)}1${'}'.repeat(depth)}}`);
    const inner = struct([{ name: 'X', type: struct([{ name: 'Y', type: STRING }]) }]);
    const columns = [inner, STRING].map((type, slot) => ({ name: names[slot]!, type, slot }));
    const options = { wrap: true, delimiter: ',' };
    expect(outcome(jsonDecoder(columns, options), text, 0, text.length)).toEqual(
      outcome(slowJsonDecoder(columns, options), text, 0, text.length),
    );
  },
);
