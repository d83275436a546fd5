import type { SqlType } from '../types/sql-type.ts';

/** A type as ksqlDB's REST API writes it. */
export function schemaInfo(type: SqlType): Record<string, unknown> {
  const base = { type: type.kind, fields: null as unknown, memberSchema: null as unknown };
  switch (type.kind) {
    case 'DECIMAL':
      return { ...base, parameters: { precision: type.precision, scale: type.scale } };
    case 'ARRAY':
      return { ...base, memberSchema: schemaInfo(type.element) };
    case 'MAP':
      return { ...base, memberSchema: schemaInfo(type.value) };
    case 'STRUCT':
      return { ...base, fields: type.fields.map((field) => ({ name: field.name, schema: schemaInfo(field.type) })) };
    default:
      return base;
  }
}
