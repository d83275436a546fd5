import {
  array,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  DOUBLE,
  INTEGER,
  map,
  STRING,
  struct,
  TIME,
  TIMESTAMP,
  type SqlType,
  type Value,
} from '../../src/types/sql-type.ts';
import { daysOf } from '../../src/types/dates/calendar.ts';

const day = 86_400_000;
const largest = (precision: number): bigint => 10n ** BigInt(precision) - 1n;

/** Each type without members, with the values where formats differ: limits, signs, what looks like something else. */
const scalars: readonly (readonly [SqlType, readonly Value[]])[] = [
  [BOOLEAN, [true, false]],
  [INTEGER, [0, 1, -1, 127, 128, 255, 2147483647, -2147483648]],
  [
    BIGINT,
    [
      0,
      1,
      -1,
      2147483648,
      2 ** 51,
      -(2 ** 51),
      9007199254740991,
      -9007199254740991,
      9007199254740992n,
      -(2n ** 63n),
      2n ** 63n - 1n,
    ],
  ],
  [
    DOUBLE,
    [
      0,
      -0,
      1,
      -1,
      0.1,
      1.5,
      1e7,
      123456789,
      1e21,
      -1e-7,
      5e-324,
      1.7976931348623157e308,
      2 ** 53,
      NaN,
      Infinity,
      -Infinity,
    ],
  ],
  [decimal(5, 2), [0, 1, -1, 99999, -99999, 100]],
  [decimal(4, 0), [0, 9999, -9999, 1000]],
  [decimal(4, 4), [0, 1, 9999, -9999]],
  [decimal(38, 10), [0, 9007199254740991, 9007199254740992n, largest(38), -largest(38), 128, -128, 255, 32768]],
  [
    STRING,
    [
      '',
      ' ',
      'a',
      ' a ',
      'null',
      'NULL',
      '""',
      '"',
      '""quoted""',
      'a"b',
      "'",
      ',',
      'a,b',
      ',a',
      'a,',
      '\t',
      'a\tb',
      '|',
      '\n',
      'a\nb',
      'a\n',
      '\r\n',
      'a\r\nb\r\n',
      '\\',
      '\\n',
      '\\u0041',
      '#',
      '#a',
      '\u0000',
      'a\u0000b',
      '\u0001',
      '\u007f',
      'é',
      '漢',
      '😀',
      '\ufeff',
      '\u2028',
      '1',
      '1e5',
      'true',
      '{}',
      '[]',
      '{"A":1}',
      '\ud800',
      'a\udc00b',
      'x'.repeat(300),
      '__proto__',
    ],
  ],
  [BYTES, [Buffer.alloc(0), Buffer.from([0]), Buffer.from([255, 254]), Buffer.from('a,b"\n'), Buffer.alloc(300, 7)]],
  [
    DATE,
    [
      0,
      1,
      -1,
      daysOf(1, 1, 1),
      daysOf(9999, 12, 31),
      daysOf(1582, 10, 4),
      daysOf(2000, 2, 29),
      2147483647,
      -2147483648,
    ],
  ],
  [TIME, [0, 1, 1000, day - 1]],
  [
    TIMESTAMP,
    [0, 1, -1, 999, -999, daysOf(1, 1, 1) * day, daysOf(10000, 1, 1) * day - 1, 8.64e15, -8.64e15, 9007199254740991],
  ],
];

const inner = struct([
  { name: 'X', type: INTEGER },
  { name: 'Y', type: STRING },
]);

/** A type and values of it, none of them null. */
export interface Sample {
  readonly type: SqlType;
  readonly values: readonly Value[];
}

/** Lists, maps and structs of a type's values, with null and empty members. */
function around({ type, values }: Sample): Sample[] {
  const [first = null] = values;
  return [
    { type: array(type), values: [[], [null], [first, null], [...values]] },
    {
      type: map(STRING, type),
      values: [
        new Map<Value, Value>(),
        new Map<Value, Value>([['a', null]]),
        new Map<Value, Value>(
          values.map((value, i) => [['', 'a b', '"', 'é', '__proto__', 'n\n'][i] ?? `k${i}`, value]),
        ),
      ],
    },
    {
      type: struct([
        { name: 'F', type },
        { name: 'g', type: STRING },
      ]),
      values: [[null, null], ...values.map((value): Value => [value, 'g']), [null, '']],
    },
  ];
}

const flat: readonly Sample[] = scalars.map(([type, values]) => ({ type, values }));
const nested = flat.flatMap(around);
const structs: Sample = {
  type: inner,
  values: [
    [1, 'a'],
    [null, null],
    [0, ''],
  ],
};

/** Every type and every nesting of two, some of three. */
export const samples: readonly Sample[] = [
  ...flat,
  ...nested,
  ...around(structs),
  ...[BIGINT, DOUBLE, STRING].flatMap((type) => {
    const values = scalars.find(([each]) => each === type)![1];
    return around({ type, values })
      .flatMap(around)
      .flatMap((sample) => [sample, ...around(sample)]);
  }),
  ...around(structs).flatMap(around),
];
