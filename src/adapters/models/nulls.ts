import type { SqlType, Value } from '../../types/sql-type.ts';

/** Whether one of the values is null, or has a null in it. */
export const hasNullWithin = (values: readonly Value[]): boolean =>
  values.some((value) => value === null || (Array.isArray(value) && hasNullWithin(value as readonly Value[])));

/** Whether NaN can stand for a null of this type. */
export const hasNaN = (type: SqlType): boolean =>
  type.kind === 'ARRAY' ? hasNaN(type.element) : type.kind === 'DOUBLE';
