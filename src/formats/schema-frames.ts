import type { Bytes } from '../util/bytes.ts';
import {
  DecodeError,
  type Decode,
  type Encode,
  type DecodeColumn,
  type FormatOptions,
  type SchemaText,
} from './define.ts';

/** Confluent's framing: a zero byte and the schema id (4 bytes) precede the payload. */
const headerBytes = 5;

/** A decoder of framed payloads; `make` makes the decoder for a schema id. */
export function framedDecoder(make: (id: number) => Decode): Decode {
  const byId = new Map<number, Decode>();
  return (bytes, start, end, row) => {
    if (end - start < headerBytes || bytes[start] !== 0)
      throw new DecodeError('the bytes do not begin with the id of a schema');
    const id = bytes.readInt32BE(start + 1);
    let decode = byId.get(id);
    if (decode === undefined) byId.set(id, (decode = make(id)));
    return decode(bytes, start + headerBytes, end, row);
  };
}

/** A decoder of columns that uses each record's own schema. */
export function schemaDecoder(
  columns: readonly DecodeColumn[],
  { schemas }: FormatOptions,
  make: (schema: SchemaText) => Decode,
): Decode {
  return columns.length === 0 ? () => true : framedDecoder((id) => make(schemas!.get(id)));
}

/** An encoder of columns with the write schema. */
export function schemaEncoder(
  columns: readonly DecodeColumn[],
  options: FormatOptions,
  make: (schema: SchemaText) => Encode,
): Encode {
  if (columns.length === 0) return () => false;
  const { schema } = options;
  if (schema !== undefined) return framedEncoder(options, make(schema));
  return () => {
    throw new DecodeError('no schema to write with');
  };
}

/** An encoder that puts the id of the write schema before each payload; a null payload stays null. */
export function framedEncoder({ schema }: FormatOptions, encode: Encode): Encode {
  const header = Buffer.alloc(headerBytes);
  if (schema !== undefined) header.writeInt32BE(schema.id, 1);
  return (row, out: Bytes) => {
    const start = out.length;
    out.copy(header);
    if (encode(row, out)) return true;
    out.length = start;
    return false;
  };
}
