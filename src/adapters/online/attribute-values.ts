import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { castBetween } from '../../types/casts.ts';
import { STRING, type SqlType, type Value } from '../../types/sql-type.ts';
import { valueText } from '../../types/text.ts';
import { fieldText } from './field-text.ts';

/** How values of a type stand in DynamoDB, and how they are read again. */
export interface FieldAttribute {
  readonly write: (value: Exclude<Value, null>) => AttributeValue;
  readonly read: (found: AttributeValue) => Value;
}

/** What DynamoDB takes as a number; zero stands for itself. */
const leastNumber = 1e-130;
const greatestNumber = 9.9e125;

/** Booleans, bytes and numbers as themselves, all others as text: times as CAST AS STRING gives them, nested values as JSON. */
export function fieldAttribute(type: SqlType): FieldAttribute {
  switch (type.kind) {
    case 'BOOLEAN':
      return { write: (value) => ({ BOOL: value as boolean }), read: ({ BOOL }) => BOOL ?? null };
    case 'BYTES':
      return { write: (value) => ({ B: value as Buffer }), read: ({ B }) => (B === undefined ? null : Buffer.from(B)) };
    case 'INTEGER':
    case 'BIGINT':
    case 'DECIMAL': {
      const read = castBetween(STRING, type)!;
      return {
        write: (value) => ({ N: valueText(type, value) }),
        read: ({ N, S }) => read(plainDigits(N ?? S!)),
      };
    }
    case 'DOUBLE':
      return {
        write: (value) => (isNumber(value as number) ? { N: String(value) } : { S: valueText(type, value) }),
        read: ({ N, S }) => Number(N ?? S),
      };
    default: {
      const { write, read } = fieldText(type);
      return { write: (value) => ({ S: write(value) }), read: ({ S }) => read(S!) };
    }
  }
}

/** What DynamoDB would not give back as it was is text: values beyond its range, those that are no number, and a negative zero. */
function isNumber(value: number): boolean {
  const size = Math.abs(value);
  return size === 0 ? Object.is(value, 0) : size >= leastNumber && size <= greatestNumber;
}

/** A number's text without an exponent, which servers may write. */
function plainDigits(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d*))?[eE]([+-]?\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, whole = '', fraction = '', exponent] = match;
  const point = whole.length + Number(exponent);
  const digits = `${'0'.repeat(Math.max(0, 1 - point))}${whole}${fraction}`.padEnd(point, '0');
  const at = Math.max(1, point);
  return `${sign}${digits.slice(0, at)}${digits.length > at ? `.${digits.slice(at)}` : ''}`;
}
