import { compareDecimals } from './decimals.ts';
import type { Long, SqlType, Value } from './sql-type.ts';

/** Order of two non-null values of one type: negative, zero or positive. Bytes compare as signed bytes, as Java's ByteBuffer. */
export function compareValues(type: SqlType, a: Value, b: Value): number {
  if (type.kind === 'BYTES') return compareBytes(a as Buffer, b as Buffer);
  if (type.kind === 'DECIMAL') return compareDecimals(a as Long, type.scale, b as Long, type.scale);
  const left = a as number;
  const right = b as number;
  return left < right ? -1 : left > right ? 1 : 0;
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

/** A text that is the same exactly for equal values, to find them in a Map or Set. */
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
