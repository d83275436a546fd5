import type { Format } from './define.ts';
import { refusedColumn } from './protobuf/columns.ts';
import { fillNulls } from './protobuf/fill-nulls.ts';
import { rowReader } from './protobuf/read.ts';
import { messageFor } from './protobuf/schema.ts';
import { ProtobufReader } from './protobuf/wire.ts';
import { rowWriter } from './protobuf/write.ts';

/**
 * Protobuf without a schema registry: field numbers are column positions, from 1. NULL scalars are read as proto3's defaults
 * (0, '', false), unless the nullable representation is OPTIONAL or WRAPPER; NULL collections are read as empty ones.
 */
export const protobufNosr: Format = {
  name: 'PROTOBUF_NOSR',
  supportsKey: true,
  supportsValue: true,
  singles: 'wrap',
  usesDelimiter: false,
  combines: true,
  holdsKeysOnly: true,
  writesNames: true,
  usesNullable: true,
  fillNulls,
  losesValues: true,
  refuses: refusedColumn,
  decoder: (columns, { nullable }) => {
    const reader = new ProtobufReader();
    const read = rowReader(messageFor(columns, nullable, '$'), columns, '$');
    return (bytes, start, end, row) => {
      reader.open(bytes, start, end);
      read(reader, row);
      return true;
    };
  },
  encoder: (columns, { nullable }) => {
    const write = rowWriter(messageFor(columns, nullable, '$'), columns, '$');
    return (row, out) => {
      write(row, out);
      return true;
    };
  },
};
