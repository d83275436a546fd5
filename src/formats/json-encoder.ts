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
  const prefixes = columns.map(({ name }, i) => Buffer.from(`${i === 0 ? '{' : ','}${jsonString(name)}:`));
  const slots = columns.map(({ slot }) => slot);
  const writers = columns.map(({ type }) => jsonBytesWriter(type));
  const end = Buffer.from(columns.length === 0 ? '{}' : '}');
  return (row, out) => {
    for (let i = 0; i < slots.length; i++) {
      out.copy(prefixes[i]!);
      writers[i]!(row[slots[i]!]!, out);
    }
    out.copy(end);
    return true;
  };
}
