import { hasOddMapKey, typeText, type SqlType } from '../../types/sql-type.ts';
import type { Format } from '../define.ts';

/** Whether Protobuf cannot hold a type: the element of a repeated field cannot be repeated. */
function isRefused(type: SqlType): boolean {
  switch (type.kind) {
    case 'ARRAY':
      return type.element.kind === 'ARRAY' || type.element.kind === 'MAP' || isRefused(type.element);
    case 'MAP':
      return hasOddMapKey(type) || isRefused(type.value);
    case 'STRUCT':
      return type.fields.some((field) => isRefused(field.type));
    default:
      return false;
  }
}

/** Refuses columns whose type Protobuf cannot hold. */
export const refusedColumn: Format['refuses'] = (columns) => {
  const column = columns.find(({ type }) => isRefused(type));
  return column && { column: column.name, type: typeText(column.type) };
};
