import { hasOddMapKey, typeText, type SqlType } from '../types/sql-type.ts';
import type { Format } from './define.ts';
import { putField, readField, readFields } from './protobuf/fields.ts';
import { ProtobufReader } from './protobuf/wire.ts';

/** Whether Protobuf has no place for a type: a repeated field holds no repeated ones. */
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

/**
 * Protobuf messages without a schema registry: field numbers are the columns' places, from 1 on. Scalars that are null are read
 * as proto3's defaults (0, '', false) unless the nullable representation is OPTIONAL or WRAPPER; null collections as empty ones.
 */
export const protobufNosr: Format = {
  name: 'PROTOBUF_NOSR',
  supportsKey: true,
  supportsValue: true,
  singles: 'wrap',
  usesDelimiter: false,
  usesNullable: true,
  refuses: (columns) => {
    const column = columns.find(({ type }) => isRefused(type));
    return column && { column: column.name, type: typeText(column.type) };
  },
  decoder: (columns, { nullable }) => {
    const reader = new ProtobufReader();
    const fields = columns.map(({ type, slot }) => (slot < 0 ? undefined : readField(type, nullable)));
    return (bytes, start, end, row) => {
      reader.open(bytes, start, end);
      const values = readFields(reader, fields);
      for (let i = 0; i < columns.length; i++) {
        const { slot } = columns[i]!;
        if (slot >= 0) row[slot] = values[i]!;
      }
      return true;
    };
  },
  encoder: (columns, { nullable }) => {
    const puts = columns.map(({ type }, i) => putField(i + 1, type, nullable));
    return (row, out) => {
      for (let i = 0; i < puts.length; i++) puts[i]!(row[columns[i]!.slot]!, out);
      return true;
    };
  },
};
