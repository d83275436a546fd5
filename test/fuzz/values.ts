import { decimal, type SqlType, type Value } from '../../src/types/sql-type.ts';
import {
  array,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  INTEGER,
  map,
  STRING,
  struct,
  TIME,
  TIMESTAMP,
} from '../../src/types/sql-type.ts';
import type { Random } from './random.ts';

const inner = struct([
  { name: 'X', type: INTEGER },
  { name: 'TAGS', type: array(STRING) },
]);
/** One column of each type, and nested ones. */
export const columns = [
  { name: 'I', type: INTEGER },
  { name: 'L', type: BIGINT },
  { name: 'D', type: DOUBLE },
  { name: 'B', type: BOOLEAN },
  { name: 'S', type: STRING },
  { name: 'Y', type: BYTES },
  { name: 'T', type: TIMESTAMP },
  { name: 'DAY', type: DATE },
  { name: 'CLOCK', type: TIME },
  { name: 'PRICE', type: decimal(20, 3) },
  { name: 'A', type: array(BIGINT) },
  { name: 'M', type: map(STRING, DOUBLE) },
  { name: 'P', type: inner },
  { name: 'Q', type: array(inner) },
];

const letters = 'abcXYZ019 ,"\\{}[]:\n\u0000éß漢😀';

/** A value of a type, or null one time in ten; items and fields of items are never null, which some formats cannot hold. */
export function randomValue(type: SqlType, random: Random, nullable = true): Value {
  if (nullable && random.next() < 0.1) return null;
  const list = <T>(one: () => T): T[] => Array.from({ length: random.below(4) }, one);
  const integer = (bits: number): number => Math.floor((random.next() - 0.5) * 2 ** random.below(bits + 1));
  switch (type.kind) {
    case 'INTEGER':
      return integer(32);
    case 'BIGINT':
    case 'DECIMAL':
      return integer(53);
    case 'DOUBLE':
      return random.next() * 10 ** (random.below(40) - 20);
    case 'BOOLEAN':
      return random.next() < 0.5;
    case 'BYTES':
      return Buffer.from(list(() => random.below(256)));
    case 'DATE':
      return integer(16);
    case 'TIME':
      return random.below(86_400_000);
    case 'TIMESTAMP':
      return random.below(2 ** 41);
    case 'ARRAY':
      return list(() => randomValue(type.element, random, false));
    case 'MAP':
      return new Map(list(() => [randomText(random), randomValue(type.value, random, false)]));
    case 'STRUCT':
      return type.fields.map((field) => randomValue(field.type, random, nullable));
    default:
      return randomText(random);
  }
}

function randomText(random: Random): string {
  const characters = [...letters];
  return Array.from({ length: random.below(12) }, () => random.pick(characters)).join('');
}
