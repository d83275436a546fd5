import {
  DecodeError,
  type Decode,
  type DecodeColumn,
  type Encode,
  type Format,
  type FormatOptions,
  type SchemaText,
} from './define.ts';
import { refusedColumn } from './protobuf/columns.ts';
import { withFields } from './protobuf/extend.ts';
import { fillNulls } from './protobuf/fill-nulls.ts';
import { protobufProblem } from './protobuf/compatible.ts';
import { asDescriptor, asProtoText } from './protobuf/descriptor.ts';
import { fieldsOf, parseProto, type PlacedMessage } from './protobuf/parse.ts';
import { rowReader } from './protobuf/read.ts';
import { messageFor, protoText } from './protobuf/schema.ts';
import { ProtobufReader, putZigzag } from './protobuf/wire.ts';
import { rowWriter } from './protobuf/write.ts';
import { schemaDecoder, schemaEncoder } from './schema-frames.ts';

/** The message with this full name, by default the file's first message. */
const messageNamed = (messages: readonly PlacedMessage[], fullName: string | undefined): PlacedMessage | undefined =>
  fullName === undefined ? messages[0] : messages.find(({ message }) => message.name === fullName);

/** Reads Confluent's message indexes, the path of the message in the file. A single zero stands for the first message. */
function readPlace(reader: ProtobufReader): readonly number[] {
  const length = Number(reader.zigzag());
  if (length < 0 || length > 100) throw new DecodeError('the bytes do not name a message of the schema');
  return length === 0 ? [0] : Array.from({ length }, () => Number(reader.zigzag()));
}

function readerOf(schema: SchemaText, columns: readonly DecodeColumn[]): Decode {
  const messages = parseProto(schema);
  const reader = new ProtobufReader();
  const byPlace = new Map<string, ReturnType<typeof rowReader>>();
  const slots = columns.map(({ slot }) => slot).filter((slot) => slot >= 0);
  return (bytes, start, end, row) => {
    for (const slot of slots) row[slot] = null;
    reader.open(bytes, start, end);
    const place = readPlace(reader).join('.');
    let read = byPlace.get(place);
    if (read === undefined) {
      const placed = messages.find((candidate) => candidate.place.join('.') === place);
      if (placed === undefined) throw new DecodeError(`the schema has no message at ${place}`);
      byPlace.set(place, (read = rowReader(placed.message, columns, '$')));
    }
    read(reader, row);
    return true;
  };
}

function writerOf(schema: SchemaText, columns: readonly DecodeColumn[], { fullName }: FormatOptions): Encode {
  const placed = messageNamed(parseProto(schema), fullName);
  if (placed === undefined) throw new DecodeError(`the schema has no message ${fullName ?? ''}`);
  const { message, place } = placed;
  const isFirst = place.length === 1 && place[0] === 0;
  const write = rowWriter(message, columns, '$');
  return (row, out) => {
    for (const number of isFirst ? [0] : [place.length, ...place]) putZigzag(number, out);
    write(row, out);
    return true;
  };
}

/** Protobuf behind a schema id and message indexes. */
export const protobuf: Format = {
  name: 'PROTOBUF',
  supportsKey: true,
  supportsValue: true,
  singles: 'wrap',
  usesDelimiter: false,
  combines: true,
  writesNames: true,
  usesNullable: true,
  fillNulls,
  losesValues: true,
  refuses: refusedColumn,
  registered: {
    type: 'PROTOBUF',
    check: parseProto,
    cannotRead: (newer, older) => protobufProblem(parseProto(newer), parseProto(older)),
    serialized: { of: asDescriptor, toText: asProtoText },
    extended: (schema, columns, { nullable, fullName }) => {
      const placed = messageNamed(parseProto(schema), fullName);
      return placed && withFields(schema, placed, columns, nullable);
    },
    schemaOf: (columns, { nullable, fullName }) =>
      protoText(messageFor(columns, nullable, fullName ?? 'ConnectDefault1')),
    columnsOf: (schema, { fullName }, named, leftOut) => {
      const placed = messageNamed(parseProto(schema), fullName);
      return placed && fieldsOf(placed.message, named, leftOut);
    },
  },
  decoder: (columns, options) => schemaDecoder(columns, options, (schema) => readerOf(schema, columns)),
  encoder: (columns, options) => schemaEncoder(columns, options, (schema) => writerOf(schema, columns, options)),
};
