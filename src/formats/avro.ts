import { hasOddMapKey, typeText, type SqlType, type Value } from '../types/sql-type.ts';
import { backwardProblem } from './avro/compatible.ts';
import { avroReader, recordReader } from './avro/read.ts';
import { avroText, fieldsOf, parseAvro, refusedName, sqlTypeOf, withFields, withoutNull } from './avro/schema.ts';
import { AvroReader } from './avro/wire.ts';
import { avroWriter, recordWriter } from './avro/write.ts';
import {
  DecodeError,
  type Decode,
  type DecodeColumn,
  type Encode,
  type Format,
  type FormatOptions,
  type SchemaText,
} from './define.ts';
import { schemaDecoder, schemaEncoder } from './schema-frames.ts';

/** Why a type has a field name that Avro does not allow. */
function nameRefusal(type: SqlType): string | undefined {
  switch (type.kind) {
    case 'MAP':
      return nameRefusal(type.value);
    case 'ARRAY':
      return nameRefusal(type.element);
    case 'STRUCT':
      return type.fields.map((field) => refusedName(field.name) ?? nameRefusal(field.type)).find(Boolean);
    default:
      return undefined;
  }
}

function readerOf(schemaText: SchemaText, columns: readonly DecodeColumn[], wrap: boolean): Decode {
  const schema = parseAvro(schemaText);
  const reader = new AvroReader();
  const slots = columns.map(({ slot }) => slot).filter((slot) => slot >= 0);
  const top = withoutNull(schema);
  if (columns.length === 1 && !wrap) {
    const { slot, type, name } = columns[0]!;
    const read = avroReader(schema, slot < 0 ? undefined : type, name);
    return (bytes, start, end, row) => {
      reader.open(bytes, start, end);
      const value = read(reader);
      if (slot >= 0) row[slot] = value;
      return true;
    };
  }
  if (schema.kind !== 'record')
    throw new DecodeError(`the schema of the record is ${top.kind}, and columns need a record`);
  const read = recordReader(schema, columns, '$');
  return (bytes, start, end, row) => {
    for (const slot of slots) row[slot] = null;
    reader.open(bytes, start, end);
    read(reader, row);
    return true;
  };
}

function writerOf(schema: SchemaText, columns: readonly DecodeColumn[], { wrap }: FormatOptions): Encode {
  const avro = parseAvro(schema);
  if (columns.length === 1 && !wrap) {
    const { slot, type, name } = columns[0]!;
    const write = avroWriter(avro, type, name);
    return (row, out) => {
      if (row[slot] === null) return false;
      write(row[slot]!, out);
      return true;
    };
  }
  const record = withoutNull(avro);
  if (record.kind !== 'record') throw new DecodeError(`the schema is ${record.kind}, and columns need a record`);
  const write = recordWriter(record.fields, columns, '$');
  return (row: readonly Value[], out) => {
    write(row, out);
    return true;
  };
}

/** Avro behind a schema id. A record is read with the schema that it was written with; only the needed fields are decoded. */
export const avro: Format = {
  name: 'AVRO',
  supportsKey: true,
  supportsValue: true,
  singles: 'both',
  usesDelimiter: false,
  combines: true,
  writesNames: true,
  refuses: (columns) => {
    const why = columns.map(({ name, type }) => refusedName(name) ?? nameRefusal(type)).find(Boolean);
    if (why !== undefined) return { why };
    const column = columns.find(({ type }) => hasOddMapKey(type));
    return column && { column: column.name, type: typeText(column.type) };
  },
  registered: {
    type: 'AVRO',
    check: parseAvro,
    cannotRead: (newer, older) => backwardProblem(parseAvro(newer), parseAvro(older)),
    extended: (schema, columns) => withFields(schema, columns),
    schemaOf: (columns, { wrap, fullName }, name) => avroText(columns, wrap, fullName ?? name),
    columnsOf: (text, { wrap }, named, leftOut = () => undefined) => {
      const schema = withoutNull(parseAvro(text));
      if (wrap && schema.kind === 'record') return fieldsOf(schema.fields, named, leftOut);
      const type = sqlTypeOf(schema, named, leftOut, '');
      return type === undefined ? [] : [{ name: undefined, type }];
    },
  },
  decoder: (columns, options) => schemaDecoder(columns, options, (schema) => readerOf(schema, columns, options.wrap)),
  encoder: (columns, options) => schemaEncoder(columns, options, (schema) => writerOf(schema, columns, options)),
};
