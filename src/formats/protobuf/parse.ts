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
import { DecodeError, type LeftOut, type SchemaText } from '../define.ts';
import { asProtoText, metaOf } from './descriptor.ts';
import { standsFor, wrapped, type ProtoField, type ProtoMessage, type ProtoScalar, type ProtoType } from './schema.ts';

/** A message of a file with its message indexes, outermost first, as in Confluent's framing. */
export interface PlacedMessage {
  readonly place: readonly number[];
  readonly message: ProtoMessage;
}

const fields = (type: (typeof standsFor)[keyof typeof standsFor]): string => {
  const lines = type.fields.map(({ name, number, type: { kind } }) => `${kind} ${name} = ${number};`);
  const dot = type.name.lastIndexOf('.');
  return `syntax = "proto3"; package ${type.name.slice(0, dot)}; message ${type.name.slice(dot + 1)} { ${lines.join(' ')} }`;
};
/** Files that every registry provides; protobufjs includes those of `google/protobuf`. */
const known: Readonly<Record<string, string>> = {
  'confluent/meta.proto': 'syntax = "proto3"; package confluent;',
  'confluent/type/decimal.proto': fields(standsFor.DECIMAL),
  'google/type/date.proto': fields(standsFor.DATE),
  'google/type/timeofday.proto': fields(standsFor.TIME),
};

/** Parses a .proto file and its imports; returns the file's messages in order. Throws `DecodeError` for an invalid file. */
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
        const text = references.find(({ name }) => name === path)?.text ?? known[path];
        const common = text === undefined ? protobuf.common.get(path) : null;
        if (text !== undefined) read(asProtoText(text));
        else if (common?.nested !== undefined) root.addJSON(common.nested);
        else throw new DecodeError(`the Protobuf schema imports "${path}", which is not there`);
      }
      return file;
    };
    // The file is parsed alone first, because its messages must be numbered without those of imports in the same package.
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
    parent instanceof protobuf.Namespace ? parent.nestedArray.filter((nested) => nested instanceof protobuf.Type) : [];
  return types.flatMap((type, i) => {
    const own = [...place, i];
    return [{ name: type.fullName.replace(/^\./, ''), place: own }, ...namesOf(type, own)];
  });
}

function messageOf(type: protobuf.Type, around: readonly string[]): ProtoMessage {
  const name = type.fullName.replace(/^\./, '');
  const inside = [...around, name];
  const typeOf = (field: protobuf.Field): ProtoType => {
    const { resolvedType } = field;
    if (resolvedType instanceof protobuf.Type) {
      const inner = resolvedType.fullName.replace(/^\./, '');
      return inside.includes(inner) ? { kind: 'recursive', name: inner } : messageOf(resolvedType, inside);
    }
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

/** Connect's annotation of a decimal's precision and scale. */
function decimalOf(field: protobuf.Field): ProtoField['decimal'] {
  const { precision, scale } = metaOf(field);
  return precision === undefined ? undefined : { precision: Number(precision), scale: Number(scale ?? 0) };
}

/**
 * The SQL type of a field; undefined when there is none, which `leftOut` is told. `named` converts the names of a struct's fields. Keys of
 * maps are read as STRING, which every format holds.
 */
function sqlTypeOf(
  field: ProtoField,
  named: (name: string) => string,
  leftOut: LeftOut,
  path: string,
): SqlType | undefined {
  const at = { named, leftOut, path };
  if (field.label === 'repeated' && isEntry(field.type)) {
    const value = sqlTypeOf(field.type.fields[1]!, named, leftOut, `${path}{}`);
    return value && map(STRING, value);
  }
  const suffix = field.label === 'repeated' ? '[]' : field.label === 'map' ? '{}' : '';
  const type = typeOf(field.type, field.decimal, { ...at, path: `${path}${suffix}` });
  if (type === undefined || field.label === 'plain' || field.label === 'optional') return type;
  return field.label === 'repeated' ? array(type) : map(STRING, type);
}

/** The fields of a message that have SQL types. */
export function fieldsOf(
  { fields: all }: ProtoMessage,
  named: (name: string) => string,
  leftOut: LeftOut = () => undefined,
  path = '',
): { name: string; type: SqlType }[] {
  return all.flatMap((field) => {
    const type = sqlTypeOf(field, named, leftOut, path === '' ? field.name : `${path}.${field.name}`);
    return type === undefined ? [] : [{ name: named(field.name), type }];
  });
}

/** Whether a message is an entry of a map as Connect writes maps. */
const isEntry = (type: ProtoType): type is ProtoMessage =>
  type.kind === 'message' &&
  type.name.endsWith('Entry') &&
  type.fields.map(({ name, number }) => `${name}${number}`).join() === 'key1,value2' &&
  type.fields[0]!.type.kind !== 'message' &&
  type.fields[0]!.type.kind !== 'recursive';

function typeOf(
  type: ProtoType,
  digits: ProtoField['decimal'],
  at: { readonly named: (name: string) => string; readonly leftOut: LeftOut; readonly path: string },
): SqlType | undefined {
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
    case 'recursive':
      return at.leftOut(at.path, `${type.name} holds itself`);
    case 'message': {
      const inner = wrapped(type);
      if (inner !== undefined) return typeOf(inner.type, undefined, at);
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
          const known = fieldsOf(type, at.named, at.leftOut, at.path);
          if (known.length > 0) return struct(known);
          return type.fields.length > 0 ? undefined : at.leftOut(at.path, `${type.name} has no fields`);
        }
      }
    }
    default:
      return BIGINT;
  }
}
