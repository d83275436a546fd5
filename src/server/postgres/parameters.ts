import type { ExpressionNode } from '../../syntax/expressions.ts';
import { printString } from '../../syntax/print.ts';
import { parseExpression } from '../../syntax/parse.ts';
import {
  array,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  DOUBLE,
  INTEGER,
  STRING,
  TIME,
  TIMESTAMP,
  type SqlType,
} from '../../types/sql-type.ts';
import { dateText, parseTimestamp, timestampText } from '../../types/times.ts';
import { Fields, WireError } from './messages.ts';

const byOid = new Map<number, SqlType>([
  [16, BOOLEAN],
  [17, BYTES],
  [18, STRING],
  [19, STRING],
  [20, BIGINT],
  [21, INTEGER],
  [23, INTEGER],
  [25, STRING],
  [700, DOUBLE],
  [701, DOUBLE],
  [1042, STRING],
  [1043, STRING],
  [1082, DATE],
  [1083, TIME],
  [1114, TIMESTAMP],
  [1184, TIMESTAMP],
  [1700, decimal(38, 10)],
  [2950, STRING],
  [1000, array(BOOLEAN)],
  [1005, array(INTEGER)],
  [1007, array(INTEGER)],
  [1016, array(BIGINT)],
  [1009, array(STRING)],
  [1015, array(STRING)],
  [1022, array(DOUBLE)],
]);

/** The SQL type of a parameter that a client declares; undefined where it leaves that open. */
export function typeOfOid(oid: number): SqlType | undefined {
  if (oid === 0 || oid === 705) return undefined;
  const type = byOid.get(oid);
  if (type === undefined) throw new WireError('0A000', `parameters of the type with oid ${oid} are not taken`);
  return type;
}

const wrong = (text: string, what: string): never => {
  throw new WireError('22P02', `invalid input for ${what}: "${text.slice(0, 100)}"`);
};

function numericText(fields: Fields): string {
  const count = fields.int16();
  const weight = fields.int16();
  const sign = fields.int16() & 0xffff;
  const scale = fields.int16();
  if (sign === 0xc000) return 'NaN';
  const groups = Array.from({ length: count }, () => String(fields.int16()).padStart(4, '0'));
  const whole = Array.from({ length: Math.max(weight + 1, 0) }, (_, i) => groups[i] ?? '0000').join('') || '0';
  const fraction = '0000'.repeat(Math.max(-weight - 1, 0)) + groups.slice(Math.max(weight + 1, 0)).join('');
  const digits = fraction.padEnd(scale, '0').slice(0, scale);
  return `${sign === 0x4000 ? '-' : ''}${whole.replace(/^0+(?=\d)/, '')}${scale > 0 ? `.${digits}` : ''}`;
}

const epochDays = 10_957;
const isoTime = (micros: bigint): string => timestampText(Number(micros / 1000n)).slice(11);

/** What each type's binary form is as text. */
const binaryTexts = new Map<number, (bytes: Buffer) => string>([
  [16, (bytes) => (bytes[0] === 1 ? 't' : 'f')],
  [17, (bytes) => `\\x${bytes.toString('hex')}`],
  [20, (bytes) => bytes.readBigInt64BE().toString()],
  [21, (bytes) => String(bytes.readInt16BE())],
  [23, (bytes) => String(bytes.readInt32BE())],
  [700, (bytes) => String(bytes.readFloatBE())],
  [701, (bytes) => String(bytes.readDoubleBE())],
  [1082, (bytes) => dateText(bytes.readInt32BE() + epochDays)],
  [1083, (bytes) => isoTime(bytes.readBigInt64BE())],
  [1114, (bytes) => timestampText(Number(bytes.readBigInt64BE() / 1000n) + epochDays * 86_400_000)],
  [1184, (bytes) => timestampText(Number(bytes.readBigInt64BE() / 1000n) + epochDays * 86_400_000)],
  [1700, (bytes) => numericText(new Fields(bytes))],
  [2950, (bytes) => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')],
]);

/** A parameter's value as text, or for an array as the texts of its items. */
export type Given = string | null | readonly (string | null)[];

/** Reads a parameter's value in its text or binary form. */
export function readValue(bytes: Buffer | null, isBinary: boolean, oid: number): Given {
  if (bytes === null) return null;
  const isArray = byOid.get(oid)?.kind === 'ARRAY';
  if (!isBinary) return isArray ? itemsOf(bytes.toString('utf8')) : bytes.toString('utf8');
  try {
    return isArray ? arrayItems(new Fields(bytes)) : binaryText(bytes, oid);
  } catch (error) {
    throw error instanceof RangeError ? new WireError('22P03', 'a binary value is too short for its type') : error;
  }
}

const binaryText = (bytes: Buffer, oid: number): string => (binaryTexts.get(oid) ?? String)(bytes);

function arrayItems(fields: Fields): readonly (string | null)[] {
  const dimensions = fields.int32();
  fields.int32();
  const oid = fields.int32();
  if (dimensions === 0) return [];
  if (dimensions !== 1) throw new WireError('0A000', 'arrays of several dimensions are not taken');
  const count = fields.int32();
  fields.int32();
  if (count < 0 || count > fields.left) throw new WireError('08P01', 'the message ends too early');
  return Array.from({ length: count }, () => {
    const length = fields.int32();
    return length < 0 ? null : binaryText(fields.bytes(length), oid);
  });
}

/** The items of an array's text form, `{a,"b c",NULL}`. */
function itemsOf(text: string): readonly (string | null)[] {
  const match = /^\s*\{(.*)\}\s*$/s.exec(text);
  if (match === null) return wrong(text, 'an array');
  const items: (string | null)[] = [];
  if (match[1]!.trim() === '') return items;
  for (const item of match[1]!.matchAll(/\s*(?:"((?:[^"\\]|\\[^])*)"|([^",{}]*))\s*(?:,|$)/gy)) {
    if (item[0] === '' && items.length > 0) break;
    const bare = item[2]?.trim();
    items.push(bare === undefined ? item[1]!.replaceAll(/\\([^])/g, '$1') : /^null$/i.test(bare) ? null : bare);
  }
  return items;
}

const cast = (text: string, type: string): string => `CAST(${printString(text)} AS ${type})`;

function sqlOf(text: string, type: SqlType): string {
  switch (type.kind) {
    case 'BOOLEAN': {
      if (/^(t|true|1|on|y|yes)$/i.test(text)) return 'TRUE';
      return /^(f|false|0|off|n|no)$/i.test(text) ? 'FALSE' : wrong(text, 'boolean');
    }
    case 'INTEGER':
    case 'BIGINT':
      return /^[+-]?\d+$/.test(text.trim()) ? text.trim().replace('+', '') : wrong(text, 'an integer');
    case 'DOUBLE':
      if (/^[+-]?(nan|infinity|inf)$/i.test(text.trim()))
        return cast(/nan/i.test(text) ? 'NaN' : text.startsWith('-') ? '-Infinity' : 'Infinity', 'DOUBLE');
      return number(text, 'a double');
    case 'DECIMAL':
      return number(text, 'a number');
    case 'STRING':
      return printString(text);
    case 'BYTES':
      return /^\\x([0-9a-f]{2})*$/i.test(text)
        ? `TO_BYTES(${printString(text.slice(2))}, 'hex')`
        : wrong(text, 'bytea');
    case 'DATE':
      return cast(text.trim().slice(0, 10), 'DATE');
    case 'TIME':
      return cast(text.trim().slice(0, 12), 'TIME');
    case 'TIMESTAMP':
      return cast(instantText(text), 'TIMESTAMP');
    default:
      return wrong(text, type.kind);
  }
}

function number(text: string, what: string): string {
  const trimmed = text.trim();
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? trimmed.replace(/^\+/, '') : wrong(text, what);
}

/** PostgreSQL's forms of a time, `2024-01-31 10:00:00.123456+02`, as Millrace's. */
function instantText(text: string): string {
  const match = /^\s*(\d{4,}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(\.\d+)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?\s*$/i.exec(
    text,
  );
  if (match === null) return wrong(text, 'a timestamp');
  const [, date = '', time = '00:00', fraction = '', zone = 'Z'] = match;
  try {
    return timestampText(parseTimestamp(`${date}T${time}${fraction.slice(0, 4)}${zone.toUpperCase()}`));
  } catch {
    return wrong(text, 'a timestamp');
  }
}

/** A parameter's value as a part of a statement. */
export function literalOf(given: Given, type: SqlType): ExpressionNode {
  if (given === null) return parseExpression('NULL');
  if (type.kind !== 'ARRAY') return parseExpression(sqlOf(given as string, type));
  const items = typeof given === 'string' ? itemsOf(given) : given;
  return parseExpression(
    `ARRAY[${items.map((item) => (item === null ? 'NULL' : sqlOf(item, type.element))).join(', ')}]`,
  );
}

/** A value of a type, for asking what a statement gives before its parameters have values. */
export const sampleOf = (type: SqlType): Given =>
  ({
    BOOLEAN: 't',
    INTEGER: '0',
    BIGINT: '0',
    DOUBLE: '0',
    DECIMAL: '0',
    STRING: '',
    BYTES: '\\x',
    DATE: '1970-01-01',
    TIME: '00:00:00',
    TIMESTAMP: '1970-01-01',
    ARRAY: [] as readonly string[],
    MAP: null,
    STRUCT: null,
  })[type.kind];
