import { jsonBytesWriter } from '../types/json-bytes.ts';
import { jsonString } from '../types/json-text.ts';
import type { DecodeColumn, Encode, FormatOptions } from './define.ts';

export function jsonEncoder(columns: readonly DecodeColumn[], { wrap }: FormatOptions): Encode {
  if (columns.length === 1 && !wrap) {
    const { slot, type } = columns[0]!;
    const write = jsonBytesWriter(type);
    return (row, out) => {
      if (row[slot] === null) return false;
      write(row[slot]!, out);
      return true;
    };
  }
  const parts = columns.map(({ name, type, slot }, i) => ({
    prefix: Buffer.from(`${i === 0 ? '{' : ','}${jsonString(name)}:`),
    slot,
    write: jsonBytesWriter(type),
  }));
  const end = Buffer.from(columns.length === 0 ? '{}' : '}');
  return (row, out) => {
    for (const { prefix, slot, write } of parts) {
      out.copy(prefix);
      write(row[slot]!, out);
    }
    out.copy(end);
    return true;
  };
}
