import { jsonText, type Json } from '../../src/types/json.ts';
import { JsonNumber, parseJson } from '../../src/types/json.ts';
import { avroReader } from '../../src/formats/avro/read.ts';
import { parseAvro, sqlTypeOf } from '../../src/formats/avro/schema.ts';
import { AvroReader } from '../../src/formats/avro/wire.ts';
import { avroWriter } from '../../src/formats/avro/write.ts';
import type { RegisteredSchema, SchemaSource } from '../../src/formats/define.ts';
import { jsonWriter } from '../../src/types/json-text.ts';
import { protobuf } from '../../src/formats/protobuf.ts';
import { parseProto } from '../../src/formats/protobuf/parse.ts';
import { findFormat } from '../../src/formats/index.ts';
import { findField, fromJson } from '../../src/formats/json-convert.ts';
import { canonical, doubleText } from '../../src/types/numbers.ts';
import type { FormatSpec, KeyWindow, SourceSpec } from '../../src/specs/source.ts';
import type { Column } from '../../src/types/schema.ts';
import type { Value } from '../../src/types/sql-type.ts';
import { Bytes } from '../../src/util/bytes.ts';

/** Bytes of an input as its format has them; JSON is written as it stands in the case. */
export function payload(json: Json, spec: FormatSpec, columns: readonly Column[]): Buffer | null {
  if (json === null || spec.format === 'NONE') return null;
  switch (spec.format) {
    case 'DELIMITED':
      return Buffer.from(plain(json));
    case 'KAFKA': {
      const type = columns[0]?.type.kind ?? 'STRING';
      const text = plain(json);
      if (type === 'INTEGER') {
        const bytes = Buffer.alloc(4);
        bytes.writeInt32BE(Number(text));
        return bytes;
      }
      if (type === 'BIGINT') {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64BE(BigInt(text));
        return bytes;
      }
      if (type === 'DOUBLE') {
        const bytes = Buffer.alloc(8);
        bytes.writeDoubleBE(Number(text));
        return bytes;
      }
      return Buffer.from(text);
    }
    case 'PROTOBUF_NOSR':
      return nosrPayload(json, spec, columns);
    case 'PROTOBUF':
      return protobufPayload(json, spec);
    case 'AVRO':
      return avroPayload(json, spec.schema!);
    case 'JSON_SR':
      return Buffer.concat([header(spec.schema?.id ?? 0), Buffer.from(jsonText(json))]);
    default:
      return Buffer.from(jsonText(json));
  }
}

/** With the schema of the columns, as ksqlDB's runner does; a single key that is given bare is the message's only field. */
function nosrPayload(json: Json, spec: FormatSpec, columns: readonly Column[]): Buffer {
  const slots = columns.map(({ name, type }, slot) => ({ name, type, slot }));
  const fields = json instanceof Map ? json : new Map([[columns[0]!.name, json]]);
  const row = columns.map(({ name, type }) => fromJson(findField(fields, name) ?? null, type, name));
  const out = new Bytes();
  findFormat(spec.format)!.encoder(slots, spec)(row, out);
  return out.from(0);
}

function header(id: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeInt32BE(id, 1);
  return bytes;
}

/** By the schema and not by the source's columns: a whole value of the SQL type that the schema has. */
const same = (name: string): string => name;
/** Fields of a case may be in either case: a writer finds a schema's field by its name in upper case. */
const upper = (name: string): string => name.toUpperCase();

function avroPayload(json: Json, registered: RegisteredSchema): Buffer {
  const { id } = registered;
  const schema = parseAvro(registered);
  const type = sqlTypeOf(schema, upper)!;
  const out = new Bytes();
  avroWriter(schema, type, '$')(fromJson(json, type, '$'), out);
  return Buffer.concat([header(id), out.from(0)]);
}

/** By the schema's message, all of its fields; a field that the case does not have is left out. */
function protobufPayload(json: Json, spec: FormatSpec): Buffer {
  const columns = protobuf.registered!.columnsOf(spec.schema!, spec, upper)!.map(({ name, type }, slot) => ({
    name: name!,
    type,
    slot,
  }));
  const fields = json instanceof Map ? json : new Map([[columns[0]!.name, json]]);
  const row = columns.map(({ name, type }) => fromJson(findField(fields, name) ?? null, type, name));
  const out = new Bytes();
  protobuf.encoder(columns, spec)(row, out);
  return out.from(0);
}

function readProtobuf(bytes: Buffer, schemas: SchemaSource): Json {
  const schema = schemas.get(bytes.readInt32BE(1));
  const messages = parseProto(schema);
  const first = bytes[5] === 0;
  // The bytes name one of the file's messages; only those at its top are met here.
  const fullName = first ? undefined : messages.filter(({ place }) => place.length === 1)[bytes[6]! / 2]!.message.name;
  const columns = protobuf
    .registered!.columnsOf(schema, { wrap: true, fullName }, same)!
    .map(({ name, type }, slot) => ({
      name: name!,
      type,
      slot,
    }));
  const row: Value[] = columns.map(() => null);
  protobuf.decoder(columns, { wrap: true, delimiter: ',', schemas })(bytes, 0, bytes.length, row);
  return new Map(columns.map(({ name, type }, i) => [name, parseJson(jsonWriter(type)(noBytes(row[i]!)))]));
}

/** The runner's rule: no bytes are null. */
const noBytes = (value: Value): Value => (Buffer.isBuffer(value) && value.length === 0 ? null : value);

function readAvro(bytes: Buffer, schemas: SchemaSource): Json {
  const schema = parseAvro(schemas.get(bytes.readInt32BE(1)));
  const type = sqlTypeOf(schema, same)!;
  const reader = new AvroReader();
  reader.open(bytes, 5, bytes.length);
  return parseJson(jsonWriter(type)(avroReader(schema, type, '$')(reader)));
}

const plain = (json: Json): string =>
  typeof json === 'string' ? json : json instanceof JsonNumber ? json.text : jsonText(json);

export function windowedKey(
  key: Buffer | null,
  window: { start: number; end: number; type: string } | undefined,
): Buffer | null {
  if (key === null || window === undefined) return key;
  const bounds = Buffer.alloc(window.type === 'session' ? 16 : 8);
  if (window.type === 'session') bounds.writeBigInt64BE(BigInt(window.end), 0);
  bounds.writeBigInt64BE(BigInt(window.start), bounds.length - 8);
  return Buffer.concat([key, bounds]);
}

/** What a record holds, read back without a schema as ksqlDB's own runner reads it. */
export function readBack(
  bytes: Buffer | null,
  spec: FormatSpec,
  columns: readonly Column[],
  schemas: SchemaSource,
): Json {
  if (bytes === null || spec.format === 'NONE') return null;
  switch (spec.format) {
    case 'DELIMITED':
      return bytes.toString();
    case 'KAFKA': {
      const type = columns[0]?.type.kind ?? 'STRING';
      if (type === 'INTEGER') return new JsonNumber(String(bytes.readInt32BE(0)));
      if (type === 'BIGINT') return new JsonNumber(String(canonical(bytes.readBigInt64BE(0))));
      if (type === 'DOUBLE') return new JsonNumber(doubleText(bytes.readDoubleBE(0)));
      return bytes.toString();
    }
    case 'AVRO':
      return readAvro(bytes, schemas);
    case 'JSON_SR':
      return parseJson(bytes.subarray(5).toString());
    case 'PROTOBUF':
      return readProtobuf(bytes, schemas);
    case 'PROTOBUF_NOSR': {
      const slots = columns.map(({ name, type }, slot) => ({ name, type, slot }));
      const row: Value[] = columns.map(() => null);
      findFormat(spec.format)!.decoder(slots, spec)(bytes, 0, bytes.length, row);
      const out = new Bytes();
      findFormat('JSON')!.encoder(slots, { wrap: true, delimiter: ',' })(row, out);
      return parseJson(out.from(0).toString());
    }
    default:
      return parseJson(bytes.toString());
  }
}

export function splitWindow(
  bytes: Buffer | null,
  window: KeyWindow | undefined,
): { key: Buffer | null; window: { start: number; end: number; type: string } | undefined } {
  if (bytes === null || window === undefined) return { key: bytes, window: undefined };
  const start = Number(bytes.readBigInt64BE(bytes.length - 8));
  if (window.type !== 'SESSION')
    return { key: bytes.subarray(0, -8), window: { start, end: start + window.sizeMs!, type: 'time' } };
  return {
    key: bytes.subarray(0, -16),
    window: { start, end: Number(bytes.readBigInt64BE(bytes.length - 16)), type: 'session' },
  };
}

export type { SourceSpec };
