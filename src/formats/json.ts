import { contains, typeText } from '../types/sql-type.ts';
import type { Format } from './define.ts';
import { jsonDecoder } from './json-decoder.ts';
import { jsonEncoder } from './json-encoder.ts';

/** JSON text: objects by column name, exact decimals and integers, nulls written, unknown fields ignored. */
export const json: Format = {
  name: 'JSON',
  supportsKey: true,
  supportsValue: true,
  singles: 'both',
  usesDelimiter: false,
  refuses: (columns) => {
    const column = columns.find(({ type }) => contains(type, 'MAP') && hasOddMapKey(type));
    return column && { column: column.name, type: typeText(column.type) };
  },
  decoder: jsonDecoder,
  encoder: jsonEncoder,
};

function hasOddMapKey(type: Parameters<typeof contains>[0]): boolean {
  if (type.kind === 'MAP') return type.key.kind !== 'STRING' || hasOddMapKey(type.value);
  if (type.kind === 'ARRAY') return hasOddMapKey(type.element);
  return type.kind === 'STRUCT' && type.fields.some((field) => hasOddMapKey(field.type));
}
