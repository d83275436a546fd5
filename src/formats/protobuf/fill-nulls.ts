import type { Value } from '../../types/sql-type.ts';
import { Bytes } from '../../util/bytes.ts';
import type { DecodeColumn, Format } from '../define.ts';
import { rowReader } from './read.ts';
import { messageFor } from './schema.ts';
import { ProtobufReader } from './wire.ts';
import { rowWriter } from './write.ts';

/** Replaces NULLs by what they are read as (proto3's defaults), by encoding and decoding the row once. */
export const fillNulls: NonNullable<Format['fillNulls']> = (columns: readonly DecodeColumn[], { nullable }) => {
  if (nullable !== undefined) return undefined;
  const message = messageFor(columns, nullable, '$');
  const write = rowWriter(message, columns, '$');
  const read = rowReader(message, columns, '$');
  const reader = new ProtobufReader();
  return (row: Value[]) => {
    const out = new Bytes();
    write(row, out);
    reader.open(out.buffer, 0, out.length);
    read(reader, row);
  };
};
