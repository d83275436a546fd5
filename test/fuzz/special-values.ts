import { powerOfTen } from '../../src/types/decimals.ts';
import { canonical } from '../../src/types/numbers.ts';
import type { SqlType, Value } from '../../src/types/sql-type.ts';
import type { Random } from './random.ts';
import { randomValue } from './values.ts';

const longs: readonly Value[] = [
  0,
  -1,
  1,
  2 ** 31,
  2 ** 53 - 1,
  8.64e15,
  8.64e15 + 1,
  9007199254740993n,
  9223372036854775807n,
  -9223372036854775808n,
];
const texts: readonly string[] = [
  '',
  ' ',
  'NaN',
  '9223372036854775808',
  '1e400',
  '0001-01-01',
  '9999-12-31T23:59:59.999',
  '2021-02-30',
  '2024-01-01T00:00:00Z',
  '24:00',
  'null',
  '{"a":[1,{"b":null}]}',
  '[1,2',
  'http://user@host:99999/%zz?q=1#f',
  'a,b;c:d=e',
  '(',
  '[a-z]+(?<n>x)',
  '\u0000',
  '😀é漢',
  '\ud800',
  'yyyy-MM-dd',
  'America/New_York',
  "'",
  '$1',
];

/** A value that is at a limit of its type, or beyond what others hold it to. */
export function specialValue(type: SqlType, random: Random): Value {
  switch (type.kind) {
    case 'INTEGER':
      return random.pick([0, 1, -1, 2147483647, -2147483648]);
    case 'BIGINT':
      return random.pick(longs);
    case 'DOUBLE':
      return random.pick([NaN, Infinity, -Infinity, -0, 5e-324, 1.7976931348623157e308, -1e308, 2 ** 63, 1e20]);
    case 'DECIMAL': {
      const most = powerOfTen(type.precision) - 1n;
      return random.pick([0, canonical(most), canonical(-most)]);
    }
    case 'STRING': {
      if (random.below(12) === 0) return random.pick(['x'.repeat(70_000), '['.repeat(20_000), '{"a":'.repeat(20_000)]);
      return random.pick(texts);
    }
    case 'BYTES':
      return random.pick([Buffer.alloc(0), Buffer.alloc(4, 0xff), Buffer.alloc(8, 0x80), Buffer.alloc(30_000)]);
    case 'DATE':
      return random.pick([0, -1, -719_162, 2_932_896, 100_000_000, -100_000_001, 2147483647, -2147483648]);
    case 'TIME':
      return random.pick([0, 1, 86_399_999]);
    case 'TIMESTAMP':
      return random.pick([0, -1, -62_135_596_800_000, 253_402_300_799_999, 8.64e15, 8.64e15 + 1, 2 ** 53 - 1]);
    case 'ARRAY':
      return random.below(3) === 0 ? [] : [specialValue(type.element, random), randomValue(type.element, random)];
    case 'MAP':
      return new Map([[random.pick(texts), specialValue(type.value, random)]]);
    case 'STRUCT':
      return type.fields.map((field) => specialValue(field.type, random));
    default:
      return randomValue(type, random);
  }
}
