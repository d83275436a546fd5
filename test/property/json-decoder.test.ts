import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonDecoder, slowJsonDecoder } from '../../src/formats/json-decoder.ts';
import {
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  INTEGER,
  STRING,
  TIME,
  TIMESTAMP,
  array,
  decimal,
  map,
  struct,
  type SqlType,
  type Value,
} from '../../src/types/sql-type.ts';

const inner = struct([
  { name: 'X', type: DOUBLE },
  { name: 'y', type: TIMESTAMP },
]);
const types: SqlType[] = [
  STRING,
  INTEGER,
  BIGINT,
  DOUBLE,
  BOOLEAN,
  decimal(8, 2),
  array(INTEGER),
  DATE,
  TIME,
  TIMESTAMP,
  map(STRING, DOUBLE),
  inner,
  BYTES,
];
const columns = types.map((type, slot) => ({
  name: ['A', 'B', 'name', '__proto__', 'E', 'F', 'É', 'DAY', 'CLOCK', 'AT', 'M', 'P', 'Y'][slot]!,
  type,
  slot: slot === 1 ? -1 : slot,
}));

function outcome(decode: ReturnType<typeof jsonDecoder>, bytes: Buffer): unknown {
  const row: Value[] = types.map(() => null);
  try {
    return [decode(bytes, 0, bytes.length, row), row];
  } catch (error) {
    return (error as Error).name;
  }
}

const key = fc.constantFrom(
  'A',
  'a',
  'B',
  'b',
  'name',
  'NAME',
  '__proto__',
  'E',
  'e',
  'F',
  'É',
  'DAY',
  'clock',
  'At',
  'M',
  'P',
  'Y',
  'x',
  'a"b',
  'n\\u0061me',
);
const scalar = fc.oneof(
  fc.string().map((text) => JSON.stringify(text)),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt().map(String),
  fc.constantFrom(
    'true',
    'false',
    'null',
    '"12"',
    '"NaN"',
    '"-Infinity"',
    '"Infinity"',
    'NaN',
    'Infinity',
    '"1e5"',
    '"0x1p3"',
    '" 1.5 "',
    '"1d"',
    '"+7"',
    '-0.0',
    '1e400',
    '5e-324',
    '2147483648',
    '-2147483649',
    '9007199254740992',
    '-9007199254740993',
    '999999999999999999999',
    '{"X":"NaN","Y":1}',
    '{"x":1,"y":9007199254740993}',
    '{"a":"NaN","b":null}',
    '[]',
    '{}',
    '""',
    '"\\ud800"',
    '"AAE="',
    '1.50',
    '-0',
    '1e3',
    '[1,2]',
    '[1, null]',
    '{"a":[{}]}',
    '01',
    'tru',
    '"\\u00e9"',
    '"\\q"',
    '1.',
    '.5',
    '-',
    '[1',
    '"x',
  ),
);
const object = fc
  .array(fc.tuple(key, scalar, fc.constantFrom('', ' ', '\n')), { maxLength: 8 })
  .map(
    (pairs) =>
      `{${pairs.map(([name, value, space]) => `${space}"${name.includes('\\') ? name : JSON.stringify(name).slice(1, -1)}"${space}:${space}${value}`).join(',')}}`,
  );
const mutated = fc
  .tuple(object, fc.nat(), fc.constantFrom('', '}', '"', ',', ' ', '\\', '\u0001'))
  .map(([text, at, insert]) => text.slice(0, at % (text.length + 1)) + insert + text.slice(at % (text.length + 1)));

test('the scanner agrees with the tree decoder on every text, and on what it refuses', () => {
  const fast = jsonDecoder(columns, { wrap: true, delimiter: ',' });
  const slow = slowJsonDecoder(columns, { wrap: true, delimiter: ',' });
  fc.assert(
    fc.property(fc.oneof(object, mutated), (text) => {
      const bytes = Buffer.from(text);
      expect(outcome(fast, bytes)).toEqual(outcome(slow, bytes));
    }),
    { numRuns: 3000, seed: 11 },
  );
});

test('texts that wait are what they would have been at once', () => {
  const waiting = jsonDecoder(
    columns.map((column) => ({ ...column, late: true })),
    { wrap: true, delimiter: ',' },
  );
  const decode = (bytes: Buffer, start: number, end: number, row: Value[]): boolean => {
    const hasValue = waiting(bytes, start, end, row);
    waiting.late!(row);
    return hasValue;
  };
  const slow = slowJsonDecoder(columns, { wrap: true, delimiter: ',' });
  fc.assert(
    fc.property(fc.oneof(object, mutated), (text) => {
      const bytes = Buffer.from(text);
      expect(outcome(decode, bytes)).toEqual(outcome(slow, bytes));
    }),
    { numRuns: 3000, seed: 12 },
  );
});
