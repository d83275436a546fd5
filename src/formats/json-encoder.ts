import { jsonString, jsonWriter } from '../types/json-text.ts';
import type { DecodeColumn, Encode, FormatOptions } from './define.ts';

export function jsonEncoder(columns: readonly DecodeColumn[], { wrap }: FormatOptions): Encode {
  if (columns.length === 1 && !wrap) {
    const { slot, type } = columns[0]!;
    const write = jsonWriter(type);
    return (row) => (row[slot] === null ? null : write(row[slot]!));
  }
  if (columns.length === 0) return () => '{}';
  const parts = columns.map(({ name, type, slot }, i) => ({
    prefix: `${i === 0 ? '{' : ','}${jsonString(name)}:`,
    slot,
    write: jsonWriter(type),
  }));
  return (row) => {
    let text = '';
    for (const part of parts) text += part.prefix + part.write(row[part.slot]!);
    return text + '}';
  };
}
