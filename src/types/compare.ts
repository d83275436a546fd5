import { compareDecimals } from './decimals.ts';
import type { Long, SqlType, Value } from './sql-type.ts';

/**
 * Compares two non-null values of one type: negative, zero or positive. Bytes compare as signed bytes, as Java's ByteBuffer.
 */
export function compareValues(type: SqlType, a: Value, b: Value): number {
  if (type.kind === 'BYTES') return compareBytes(a as Buffer, b as Buffer);
  if (type.kind === 'DECIMAL') return compareDecimals(a as Long, type.scale, b as Long, type.scale);
  const left = a as number;
  const right = b as number;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The order of doubles as PostgreSQL and DuckDB have it: NaN is equal to itself and greater than any other. */
export const compareDoubles = (a: number, b: number): number =>
  a < b ? -1 : a > b ? 1 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));

/** How a sort key orders values: ORDER BY's item with its default for nulls filled in. */
export interface SortOrder {
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}
/** Whether values of a type can be sorted. */
export const hasOrder = ({ kind }: SqlType): boolean => kind !== 'ARRAY' && kind !== 'MAP' && kind !== 'STRUCT';
/** Orders two values of a type, nulls among them, as PostgreSQL does; NaN is the greatest of doubles. */
export function orderOf(type: SqlType, { descending, nullsFirst }: SortOrder): (a: Value, b: Value) => number {
  const sign = descending ? -1 : 1;
  const compare =
    type.kind === 'DOUBLE'
      ? (a: Value, b: Value): number => compareDoubles(a as number, b as number)
      : (a: Value, b: Value): number => compareValues(type, a, b);
  return (a, b) => {
    if (a === null || b === null) return a === b ? 0 : (a === null) === nullsFirst ? -1 : 1;
    return sign * compare(a, b);
  };
}

/** How two lists of sort keys differ, by the first key that does. */
export function firstDifference(
  orders: readonly ((a: Value, b: Value) => number)[],
  a: readonly Value[],
  b: readonly Value[],
): number {
  for (let i = 0; i < orders.length; i++) {
    const difference = orders[i]!(a[i]!, b[i]!);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function compareBytes(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = ((a[i]! << 24) >> 24) - ((b[i]! << 24) >> 24);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Deep equality of two values of one type; nulls are equal to each other. */
export function equalValues(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b);
  if (a instanceof Map)
    return (
      b instanceof Map &&
      a.size === b.size &&
      [...a].every(([key, value]) => b.has(key) && equalValues(value as Value, b.get(key) as Value))
    );
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((item, i) => equalValues(item as Value, b[i] as Value));
}

/** A key for Map and Set: two values have the same identity exactly when they are equal. */
export function identity(value: Value): string | number | boolean | bigint | null {
  if (value === null || typeof value !== 'object') return value;
  return `\u0000${stable(value)}`;
}

function stable(value: Value): string {
  if (value === null) return 'n';
  if (typeof value === 'string') return `s${JSON.stringify(value)}`;
  if (typeof value !== 'object') return `${typeof value === 'bigint' ? 'number' : typeof value}${String(value)}`;
  if (Buffer.isBuffer(value)) return `b${value.toString('hex')}`;
  if (value instanceof Map)
    return `m{${[...value]
      .map(([k, v]) => `${stable(k as Value)}:${stable(v as Value)}`)
      .sort()
      .join()}}`;
  return `[${(value as readonly Value[]).map(stable).join()}]`;
}
