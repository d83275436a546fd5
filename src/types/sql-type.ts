/** A SQL type. Plain JSON: plans and catalogues store it. */
export type SqlType =
  | { readonly kind: 'BOOLEAN' }
  | { readonly kind: 'INTEGER' }
  | { readonly kind: 'BIGINT' }
  | { readonly kind: 'DOUBLE' }
  | { readonly kind: 'DECIMAL'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'STRING' }
  | { readonly kind: 'BYTES' }
  | { readonly kind: 'DATE' }
  | { readonly kind: 'TIME' }
  | { readonly kind: 'TIMESTAMP' }
  | { readonly kind: 'ARRAY'; readonly element: SqlType }
  | { readonly kind: 'MAP'; readonly key: SqlType; readonly value: SqlType }
  | { readonly kind: 'STRUCT'; readonly fields: readonly StructField[] };

export interface StructField {
  readonly name: string;
  readonly type: SqlType;
}

export const BOOLEAN = { kind: 'BOOLEAN' } as const satisfies SqlType;
export const INTEGER = { kind: 'INTEGER' } as const satisfies SqlType;
export const BIGINT = { kind: 'BIGINT' } as const satisfies SqlType;
export const DOUBLE = { kind: 'DOUBLE' } as const satisfies SqlType;
export const STRING = { kind: 'STRING' } as const satisfies SqlType;
export const BYTES = { kind: 'BYTES' } as const satisfies SqlType;
export const DATE = { kind: 'DATE' } as const satisfies SqlType;
export const TIME = { kind: 'TIME' } as const satisfies SqlType;
export const TIMESTAMP = { kind: 'TIMESTAMP' } as const satisfies SqlType;
export const decimal = (precision: number, scale: number): SqlType => ({ kind: 'DECIMAL', precision, scale });
export const array = (element: SqlType): SqlType => ({ kind: 'ARRAY', element });
export const map = (key: SqlType, value: SqlType): SqlType => ({ kind: 'MAP', key, value });
export const struct = (fields: readonly StructField[]): SqlType => ({ kind: 'STRUCT', fields });

/** A BIGINT or an unscaled DECIMAL: a number while it is a safe integer, a bigint beyond, never both for one value. */
export type Long = number | bigint;

/**
 * The JavaScript value of a SQL value: BOOLEAN boolean; INTEGER number; BIGINT and DECIMAL (unscaled) `Long`; DOUBLE number;
 * STRING string; BYTES Buffer; DATE days, TIME ms of the day, TIMESTAMP ms since 1970 (numbers); ARRAY array; MAP Map;
 * STRUCT array in field order; NULL null. Never undefined.
 */
export type Value = null | boolean | number | bigint | string | Buffer | readonly Value[] | ReadonlyMap<Value, Value>;
/** A row: values by slot. */
export type Row = readonly Value[];

/** Whether a type contains a MAP with keys that are not STRING, which many formats cannot hold. */
export function hasOddMapKey(type: SqlType): boolean {
  if (type.kind === 'MAP') return type.key.kind !== 'STRING' || hasOddMapKey(type.value);
  if (type.kind === 'ARRAY') return hasOddMapKey(type.element);
  return type.kind === 'STRUCT' && type.fields.some((field) => hasOddMapKey(field.type));
}

/** The type as SQL text, such as `ARRAY<DECIMAL(4, 2)>`. */
export function typeText(type: SqlType): string {
  switch (type.kind) {
    case 'DECIMAL':
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case 'ARRAY':
      return `ARRAY<${typeText(type.element)}>`;
    case 'MAP':
      return `MAP<${typeText(type.key)}, ${typeText(type.value)}>`;
    case 'STRUCT':
      return `STRUCT<${type.fields.map((field) => `${quoteName(field.name)} ${typeText(field.type)}`).join(', ')}>`;
    default:
      return type.kind;
  }
}

/** A name in back-quotes, as ksqlDB prints the columns of a schema. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

export function sameType(a: SqlType, b: SqlType): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'DECIMAL' && b.kind === 'DECIMAL') return a.precision === b.precision && a.scale === b.scale;
  if (a.kind === 'ARRAY' && b.kind === 'ARRAY') return sameType(a.element, b.element);
  if (a.kind === 'MAP' && b.kind === 'MAP') return sameType(a.key, b.key) && sameType(a.value, b.value);
  if (a.kind === 'STRUCT' && b.kind === 'STRUCT') {
    const others = b.fields;
    return (
      a.fields.length === others.length &&
      a.fields.every((field, i) => field.name === others[i]!.name && sameType(field.type, others[i]!.type))
    );
  }
  return true;
}

export function isNumeric(type: SqlType): boolean {
  return type.kind === 'INTEGER' || type.kind === 'BIGINT' || type.kind === 'DOUBLE' || type.kind === 'DECIMAL';
}

/** Whether a type is of this kind, or contains a type of this kind at any depth. */
export function contains(type: SqlType, kind: SqlType['kind']): boolean {
  if (type.kind === kind) return true;
  if (type.kind === 'ARRAY') return contains(type.element, kind);
  if (type.kind === 'MAP') return contains(type.key, kind) || contains(type.value, kind);
  return type.kind === 'STRUCT' && type.fields.some((field) => contains(field.type, kind));
}
