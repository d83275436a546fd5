import { checked, decimalFromText, decimalToDouble, powerOfTen, rescale, type DecimalType } from './decimals.ts';
import {
  canonical,
  doubleText,
  doubleToInteger,
  doubleToLong,
  EvaluationError,
  long,
  parseDouble,
  parseLong,
} from './numbers.ts';
import { sameType, type Long, type SqlType, type Value } from './sql-type.ts';
import { valueText } from './text.ts';
import { millisPerDay, parseDate, parseTime, parseTimestamp, startOfDay, timeOfDay, timestampOf } from './times.ts';

/** Converts a non-null value; throws `EvaluationError` when this value has no counterpart. */
type Cast = (value: Value) => Value;
const same: Cast = (value) => value;

/** The cast from one type to another, or undefined when ksqlDB's matrix has none. Null stays null at every depth. */
export function castBetween(from: SqlType, to: SqlType): Cast | undefined {
  if (sameType(from, to)) return same;
  if (to.kind === 'STRING') return (value) => valueText(from, value);
  switch (from.kind) {
    case 'INTEGER':
    case 'BIGINT':
    case 'DOUBLE':
    case 'DECIMAL':
      return numericCast(from, to);
    case 'STRING':
      return stringCasts[to.kind]?.(to);
    case 'DATE':
      return to.kind === 'TIMESTAMP' ? (value) => timestampOf((value as number) * millisPerDay) : undefined;
    case 'TIMESTAMP':
      if (to.kind === 'DATE') return (value) => startOfDay(value as number);
      return to.kind === 'TIME' ? (value) => timeOfDay(value as number) : undefined;
    case 'ARRAY':
      return to.kind === 'ARRAY' ? arrayCast(from.element, to.element) : undefined;
    case 'MAP':
      return to.kind === 'MAP' ? mapCast(from, to) : undefined;
    case 'STRUCT':
      return to.kind === 'STRUCT' ? structCast(from, to) : undefined;
    default:
      return undefined;
  }
}

const nullable =
  (cast: Cast): Cast =>
  (value) =>
    value === null ? null : cast(value);

function arrayCast(from: SqlType, to: SqlType): Cast | undefined {
  const cast = castBetween(from, to);
  return cast && ((value) => (value as readonly Value[]).map(nullable(cast)));
}

function mapCast(from: Extract<SqlType, { kind: 'MAP' }>, to: Extract<SqlType, { kind: 'MAP' }>): Cast | undefined {
  const key = castBetween(from.key, to.key);
  const item = castBetween(from.value, to.value);
  if (key === undefined || item === undefined) return undefined;
  return (value) =>
    new Map([...(value as ReadonlyMap<Value, Value>)].map(([k, v]) => [nullable(key)(k), nullable(item)(v)]));
}

/** Fields are matched by name; extra ones are dropped and missing ones null. */
function structCast(
  from: Extract<SqlType, { kind: 'STRUCT' }>,
  to: Extract<SqlType, { kind: 'STRUCT' }>,
): Cast | undefined {
  const parts: { index: number; cast: Cast }[] = [];
  for (const field of to.fields) {
    const index = from.fields.findIndex(({ name }) => name === field.name);
    const cast = index < 0 ? same : castBetween(from.fields[index]!.type, field.type);
    if (cast === undefined) return undefined;
    parts.push({ index, cast: nullable(cast) });
  }
  return (value) => parts.map(({ index, cast }) => (index < 0 ? null : cast((value as readonly Value[])[index]!)));
}

function numericCast(from: SqlType, to: SqlType): Cast | undefined {
  const scale = from.kind === 'DECIMAL' ? from.scale : 0;
  switch (to.kind) {
    case 'INTEGER':
      if (from.kind === 'DOUBLE') return (value) => doubleToInteger(value as number);
      return (value) => Number(BigInt.asIntN(32, BigInt(truncated(value as Long, scale))));
    case 'BIGINT':
      if (from.kind === 'DOUBLE') return (value) => doubleToLong(value as number);
      return (value) => long(BigInt(truncated(value as Long, scale)));
    case 'DOUBLE':
      return from.kind === 'DECIMAL' ? (value) => decimalToDouble(value as Long, scale) : (value) => Number(value);
    case 'DECIMAL':
      if (from.kind === 'DOUBLE') return (value) => decimalFromText(doubleText(value as number), to, false);
      return (value) => checked(rescale(value as Long, scale, to.scale), to);
    default:
      return undefined;
  }
}

function truncated(value: Long, scale: number): Long {
  return scale === 0 ? value : canonical(BigInt(value) / powerOfTen(scale));
}

function parsed<T>(value: T | undefined, text: string, type: string): T {
  if (value === undefined) throw new EvaluationError(`"${text}" is not a ${type}`);
  return value;
}

const stringCasts: Partial<Record<SqlType['kind'], (to: SqlType) => Cast>> = {
  // As ksqlDB: any non-empty prefix of "true" or "yes" in any case is true.
  BOOLEAN: () => (value) => {
    const text = (value as string).trim().toLowerCase();
    return text !== '' && ('true'.startsWith(text) || 'yes'.startsWith(text));
  },
  INTEGER: () => (value) => {
    const number = parsed(parseLong((value as string).trim()), value as string, 'INTEGER');
    if (typeof number === 'bigint' || (number | 0) !== number)
      throw new EvaluationError(`"${value as string}" is not an INTEGER`);
    return number;
  },
  BIGINT: () => (value) => parsed(parseLong((value as string).trim()), value as string, 'BIGINT'),
  DOUBLE: () => (value) => parsed(parseDouble((value as string).trim()), value as string, 'DOUBLE'),
  DECIMAL: (to) => (value) => decimalFromText((value as string).trim(), to as DecimalType, false),
  BYTES: () => (value) => Buffer.from(value as string, 'base64'),
  DATE: () => (value) => parseDate(value as string),
  TIME: () => (value) => parseTime(value as string),
  TIMESTAMP: () => (value) => parseTimestamp(value as string),
};

const widening = ['INTEGER', 'BIGINT', 'DECIMAL', 'DOUBLE'];

/** Whether a type converts to another without a CAST: numbers widen, and a decimal fits a decimal that holds all its digits. */
export function implicitlyCastable(from: SqlType, to: SqlType): boolean {
  if (sameType(from, to)) return true;
  if (from.kind === 'DECIMAL' && to.kind === 'DECIMAL')
    return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale;
  const [a, b] = [widening.indexOf(from.kind), widening.indexOf(to.kind)];
  if (a < 0 || b < 0) return false;
  return a <= b && from.kind !== to.kind;
}

/** The narrowest type that both widen to, or undefined. */
export function commonType(a: SqlType, b: SqlType): SqlType | undefined {
  if (sameType(a, b)) return a;
  const [left, right] = [widening.indexOf(a.kind), widening.indexOf(b.kind)];
  if (left >= 0 && right >= 0) {
    if (a.kind === 'DOUBLE' || b.kind === 'DOUBLE') return { kind: 'DOUBLE' };
    if (a.kind !== 'DECIMAL' && b.kind !== 'DECIMAL') return left > right ? a : b;
    const x = toDecimal(a);
    const y = toDecimal(b);
    const scale = Math.max(x.scale, y.scale);
    return { kind: 'DECIMAL', scale, precision: scale + Math.max(x.precision - x.scale, y.precision - y.scale) };
  }
  if (a.kind === 'ARRAY' && b.kind === 'ARRAY') {
    const element = commonType(a.element, b.element);
    return element && { kind: 'ARRAY', element };
  }
  if (a.kind === 'MAP' && b.kind === 'MAP') {
    const key = commonType(a.key, b.key);
    const value = commonType(a.value, b.value);
    return key && value && { kind: 'MAP', key, value };
  }
  if (a.kind === 'STRUCT' && b.kind === 'STRUCT') {
    const fields = [...a.fields];
    for (const field of b.fields) {
      const at = fields.findIndex(({ name }) => name === field.name);
      if (at < 0) fields.push(field);
      else {
        const type = commonType(fields[at]!.type, field.type);
        if (type === undefined) return undefined;
        fields[at] = { name: field.name, type };
      }
    }
    return { kind: 'STRUCT', fields };
  }
  return undefined;
}

function toDecimal(type: SqlType): DecimalType {
  if (type.kind === 'DECIMAL') return type;
  return { kind: 'DECIMAL', precision: type.kind === 'INTEGER' ? 10 : 19, scale: 0 };
}
