import { hasOddMapKey, typeText } from '../types/sql-type.ts';
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
  combines: true,
  writesNames: true,
  refuses: (columns) => {
    const column = columns.find(({ type }) => hasOddMapKey(type));
    return column && { column: column.name, type: typeText(column.type) };
  },
  decoder: jsonDecoder,
  encoder: jsonEncoder,
};
