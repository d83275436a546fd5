import protobuf from 'protobufjs';
import {
  array,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  DOUBLE,
  INTEGER,
  map,
  STRING,
  struct,
  TIME,
  TIMESTAMP,
  type SqlType,
} from '../../types/sql-type.ts';
import { DecodeError, type SchemaText } from '../define.ts';
import { asProtoText, metaOf } from './descriptor.ts';
import { standsFor, wrapped, type ProtoField, type ProtoMessage, type ProtoScalar, type ProtoType } from './schema.ts';

/** A message of a file, and its place: Confluent's framing names messages by their places, outer ones first. */
export interface PlacedMessage {
  readonly place: readonly number[];
  readonly message: ProtoMessage;
}

const fields = (type: (typeof standsFor)[keyof typeof standsFor]): string => {
  const lines = type.fields.map(({ name, number, type: { kind } }) => `${kind} ${name} = ${number};`);
  const dot = type.name.lastIndexOf('.');
  return `syntax = "proto3"; package ${type.name.slice(0, dot)}; message ${type.name.slice(dot + 1)} { ${lines.join(' ')} }`;
};
/** Files that every registry knows; what `google/protobuf` has, protobufjs brings. */
const known: Readonly<Record<string, string>> = {
  'confluent/meta.proto': 'syntax = "proto3"; package confluent;',
  'confluent/type/decimal.proto': fields(standsFor.DECIMAL),
  'google/type/date.proto': fields(standsFor.DATE),
  'google/type/timeofday.proto': fields(standsFor.TIME),
};

/** Reads a .proto file and what it imports: its messages, in their order. Throws `DecodeError` for what is no such file. */
export function parseProto({ text: schema, references = [] }: SchemaText): readonly PlacedMessage[] {
  const root = new protobuf.Root();
  try {
    const text = asProtoText(schema);
    const seen = new Set<string>();
    const read = (source: string): protobuf.IParserResult => {
      const file = protobuf.parse(source, root, { keepCase: true });
      for (const path of file.imports ?? []) {
        if (seen.has(path)) continue;
        seen.add(path);
        const given = references.find(({ name }) => name === path)?.text ?? known[path];
        const common = given === undefined ? protobuf.common.get(path) : null;
        if (given !== undefined) read(asProtoText(given));
        else if (common?.nested !== undefined) root.addJSON(common.nested);
        else throw new DecodeError(`the Protobuf schema imports "${path}", which is not there`);
      }
      return file;
    };
    // What the file itself declares comes first in its package, and is counted before anything is imported.
    const own = protobuf.parse(text, new protobuf.Root(), { keepCase: true });
    const names = namesOf(own.package === undefined ? own.root : own.root.lookup(own.package)!);
    read(text);
    root.resolveAll();
    return names.map(({ name, place }) => ({ place, message: messageOf(root.lookupType(name), []) }));
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(`the Protobuf schema is not one: ${(error as Error).message}`);
  }
}

function namesOf(
  parent: protobuf.ReflectionObject,
  place: readonly number[] = [],
): { name: string; place: number[] }[] {
  const types =
    parent instanceof protobuf.Namespace ? parent.nestedArray.filter((each) => each instanceof protobuf.Type) : [];
  return types.flatMap((type, i) => {
    const own = [...place, i];
    return [{ name: type.fullName.replace(/^\./, ''), place: own }, ...namesOf(type, own)];
  });
}

function messageOf(type: protobuf.Type, around: readonly string[]): ProtoMessage {
  const name = type.fullName.replace(/^\./, '');
  if (around.includes(name)) throw new DecodeError(`the Protobuf schema is recursive: ${name} holds itself`);
  const inside = [...around, name];
  const typeOf = (field: protobuf.Field): ProtoType => {
    const { resolvedType } = field;
    if (resolvedType instanceof protobuf.Type) return messageOf(resolvedType, inside);
    if (resolvedType instanceof protobuf.Enum)
      return {
        kind: 'enum',
        symbols: new Map(Object.entries(resolvedType.valuesById).map(([id, each]) => [Number(id), each])),
      };
    return { kind: field.type as ProtoScalar };
  };
  return {
    kind: 'message',
    name,
    fields: type.fieldsArray.map((field): ProtoField => {
      const label = field.map
        ? 'map'
        : field.repeated
          ? 'repeated'
          : field.options?.['proto3_optional'] === true || field.partOf != null
            ? 'optional'
            : 'plain';
      const key = field instanceof protobuf.MapField ? (field.keyType as ProtoScalar) : undefined;
      return { name: field.name, number: field.id, type: typeOf(field), label, key, decimal: decimalOf(field) };
    }),
  };
}

/** Connect's note of a decimal's digits. */
function decimalOf(field: protobuf.Field): ProtoField['decimal'] {
  const { precision, scale } = metaOf(field);
  return precision === undefined ? undefined : { precision: Number(precision), scale: Number(scale ?? 0) };
}

/** The SQL type of a field; undefined where SQL has none. `named` gives the names of a struct's fields. */
export function sqlTypeOf(field: ProtoField, named: (name: string) => string): SqlType | undefined {
  if (field.label === 'repeated' && isEntry(field.type)) {
    const [key, value] = field.type.fields.map((each) => sqlTypeOf(each, named));
    return key && value && map(key, value);
  }
  const one = typeOf(field.type, field.decimal, named);
  if (one === undefined) return undefined;
  if (field.label === 'repeated') return array(one);
  if (field.label !== 'map') return one;
  const key = typeOf({ kind: field.key! }, undefined, named);
  return key && map(key, one);
}

/** The messages that Connect writes a map as. */
const isEntry = (type: ProtoType): type is ProtoMessage =>
  type.kind === 'message' &&
  type.name.endsWith('Entry') &&
  type.fields.map(({ name, number }) => `${name}${number}`).join() === 'key1,value2';

function typeOf(type: ProtoType, digits: ProtoField['decimal'], named: (name: string) => string): SqlType | undefined {
  switch (type.kind) {
    case 'bool':
      return BOOLEAN;
    case 'int32':
    case 'sint32':
    case 'sfixed32':
      return INTEGER;
    case 'float':
    case 'double':
      return DOUBLE;
    case 'string':
    case 'enum':
      return STRING;
    case 'bytes':
      return BYTES;
    case 'message': {
      const inner = wrapped(type);
      if (inner !== undefined) return typeOf(inner.type, undefined, named);
      switch (type.name) {
        case standsFor.DECIMAL.name:
          return decimal(digits?.precision ?? 64, digits?.scale ?? 0);
        case standsFor.DATE.name:
          return DATE;
        case standsFor.TIME.name:
          return TIME;
        case standsFor.TIMESTAMP.name:
          return TIMESTAMP;
        default: {
          const known = type.fields.flatMap((field) => {
            const each = sqlTypeOf(field, named);
            return each === undefined ? [] : [{ name: named(field.name), type: each }];
          });
          return known.length === 0 ? undefined : struct(known);
        }
      }
    }
    default:
      return BIGINT;
  }
}
