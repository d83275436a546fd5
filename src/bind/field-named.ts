import type { StructField } from '../types/sql-type.ts';

/**
 * The field of a STRUCT with a name, else the only one whose name differs in case alone: a name without quotes is in upper case, and
 * fields of other programs, such as those of the processing log, are often not.
 */
export function fieldNamed(fields: readonly StructField[], name: string): StructField | undefined {
  const exact = fields.find((field) => field.name === name);
  if (exact !== undefined) return exact;
  const upper = name.toUpperCase();
  const alike = fields.filter((field) => field.name.toUpperCase() === upper);
  return alike.length === 1 ? alike[0] : undefined;
}
