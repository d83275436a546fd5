import { hasOddMapKey, typeText } from '../types/sql-type.ts';
import type { Format } from './define.ts';
import { jsonDecoder } from './json-decoder.ts';
import { jsonEncoder } from './json-encoder.ts';

/** JSON objects with a field per column; integers and decimals are exact, NULLs are written, unknown fields are ignored. */
export const json: Format = {
  name: 'JSON',
  supportsKey: true,
  supportsValue: true,
  singles: 'both',
  usesDelimiter: false,
  combines: true,
  holdsKeysOnly: true,
  writesNames: true,
  refuses: (columns) => {
    const column = columns.find(({ type }) => hasOddMapKey(type));
    return column && { column: column.name, type: typeText(column.type) };
  },
  decoder: jsonDecoder,
  encoder: jsonEncoder,
};
