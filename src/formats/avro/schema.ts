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

interface Logical {
  readonly logical?: string | undefined;
  readonly precision?: number | undefined;
  readonly scale?: number | undefined;
}
type AvroPrimitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';
export interface AvroField {
  readonly name: string;
  readonly type: Avro;
  /** What a reader takes where a writer had no such field: JSON as the specification has it; undefined without one. */
  readonly default: AvroJson | undefined;
}

/** A schema with its names resolved: https://avro.apache.org/docs/1.11.1/specification/ */
export type Avro =
  | ({ readonly kind: AvroPrimitive } & Logical)
  | ({ readonly kind: 'fixed'; readonly size: number } & Logical)
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | { readonly kind: 'array'; readonly items: Avro }
  | { readonly kind: 'map'; readonly values: Avro }
  | { readonly kind: 'record'; readonly fields: readonly AvroField[] }
  | { readonly kind: 'union'; readonly branches: readonly Avro[] };

export type AvroJson = string | number | boolean | null | readonly AvroJson[] | { readonly [name: string]: AvroJson };
type Json = AvroJson;
type JsonObject = { readonly [name: string]: Json };

const primitives: ReadonlySet<string> = new Set([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
]);

/** Reads a schema's JSON; throws `DecodeError` for what is no Avro schema, and for a record that holds itself. */
export function parseAvro({ text, references = [] }: SchemaText): Avro {
  const names = new Map<string, Avro | null>();
  // What a schema names may name what comes behind it.
  for (const reference of [...references].reverse()) resolve(jsonOf(reference.text), names, '');
  return resolve(jsonOf(text), names, '');
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // A bare name is a schema too.
    return text;
  }
}

function resolve(json: Json, names: Map<string, Avro | null>, namespace: string): Avro {
  if (typeof json === 'string') {
    if (primitives.has(json)) return { kind: json as AvroPrimitive };
    const named = names.get(fullName(json, namespace)) ?? names.get(json);
    if (named === null) throw new DecodeError(`the Avro schema is recursive: ${json} holds itself`);
    if (named === undefined) throw new DecodeError(`the Avro schema has no type "${json}"`);
    return named;
  }
  if (Array.isArray(json))
    return { kind: 'union', branches: json.map((each: Json) => resolve(each, names, namespace)) };
  if (json === null || typeof json !== 'object') throw new DecodeError('the Avro schema is not one');
  const object = json as JsonObject;
  const { type } = object;
  const logical = {
    logical: typeof object['logicalType'] === 'string' ? object['logicalType'] : undefined,
    precision: typeof object['precision'] === 'number' ? object['precision'] : undefined,
    scale: typeof object['scale'] === 'number' ? object['scale'] : undefined,
  };
  switch (type) {
    case 'record': {
      const inner = spaceOf(object, namespace);
      const name = fullName(String(object['name']), inner);
      names.set(name, null);
      const fields = (object['fields'] as readonly JsonObject[]).map((field) => ({
        name: String(field['name']),
        type: resolve(field['type']!, names, inner),
        default: field['default'],
      }));
      const record: Avro = { kind: 'record', fields };
      names.set(name, record);
      return record;
    }
    case 'enum':
    case 'fixed': {
      const named: Avro =
        type === 'enum'
          ? { kind: 'enum', symbols: object['symbols'] as readonly string[] }
          : { kind: 'fixed', size: Number(object['size']), ...logical };
      names.set(fullName(String(object['name']), spaceOf(object, namespace)), named);
      return named;
    }
    case 'array':
      return { kind: 'array', items: resolve(object['items']!, names, namespace) };
    case 'map':
      return { kind: 'map', values: resolve(object['values']!, names, namespace) };
    default: {
      if (type === undefined) throw new DecodeError('a type of the Avro schema has no "type"');
      const inner = resolve(type, names, namespace);
      return 'size' in inner || primitives.has(inner.kind) ? { ...inner, ...logical } : inner;
    }
  }
}

const fullName = (name: string, namespace: string): string =>
  name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
const spaceOf = (object: JsonObject, namespace: string): string => {
  const own = object['namespace'];
  const name = String(object['name']);
  if (name.includes('.')) return name.slice(0, name.lastIndexOf('.'));
  return typeof own === 'string' ? own : namespace;
};

/** The entry records that stand for a map where keys may be null, as Connect writes them. */
export function entryFields(avro: Avro): readonly [Avro, Avro] | undefined {
  if (avro.kind !== 'array' || avro.items.kind !== 'record') return undefined;
  const [key, value, ...more] = avro.items.fields;
  return key?.name === 'key' && value?.name === 'value' && more.length === 0 ? [key.type, value.type] : undefined;
}

/** A union with null, without it; anything else as it is. */
export function withoutNull(avro: Avro): Avro {
  if (avro.kind !== 'union') return avro;
  const rest = avro.branches.filter(({ kind }) => kind !== 'null');
  return rest.length === 1 ? rest[0]! : { kind: 'union', branches: rest };
}

/** The SQL type of a schema; undefined where there is none. `named` gives the names of a struct's fields. */
export function sqlTypeOf(schema: Avro, named: (name: string) => string): SqlType | undefined {
  const avro = withoutNull(schema);
  switch (avro.kind) {
    case 'boolean':
      return BOOLEAN;
    case 'int':
      return avro.logical === 'date' ? DATE : avro.logical === 'time-millis' ? TIME : INTEGER;
    case 'long':
      return avro.logical === 'timestamp-millis' ? TIMESTAMP : BIGINT;
    case 'float':
    case 'double':
      return DOUBLE;
    case 'string':
    case 'enum':
      return STRING;
    case 'bytes':
    case 'fixed':
      return avro.logical === 'decimal' && avro.precision !== undefined
        ? decimal(avro.precision, avro.scale ?? 0)
        : BYTES;
    case 'array': {
      const entry = entryFields(avro);
      if (entry !== undefined && withoutNull(entry[0]).kind === 'string') {
        const value = sqlTypeOf(entry[1], named);
        return value && map(STRING, value);
      }
      const element = sqlTypeOf(avro.items, named);
      return element && array(element);
    }
    case 'map': {
      const value = sqlTypeOf(avro.values, named);
      return value && map(STRING, value);
    }
    case 'record': {
      const fields = avro.fields.flatMap(({ name, type }) => {
        const each = sqlTypeOf(type, named);
        return each === undefined ? [] : [{ name: named(name), type: each }];
      });
      return fields.length === 0 ? undefined : struct(fields);
    }
    default:
      return undefined;
  }
}

const connect = (type: string, name: string, logicalType: string): JsonObject => ({
  type,
  'connect.version': 1,
  'connect.name': `org.apache.kafka.connect.data.${name}`,
  logicalType,
});

/** The schema of a type's values that are not null, with Connect's annotations; `path` names nested records. */
function avroOf(type: SqlType, path: string): Json {
  switch (type.kind) {
    case 'BOOLEAN':
      return 'boolean';
    case 'INTEGER':
      return 'int';
    case 'BIGINT':
      return 'long';
    case 'DOUBLE':
      return 'double';
    case 'STRING':
      return 'string';
    case 'BYTES':
      return 'bytes';
    case 'DATE':
      return connect('int', 'Date', 'date');
    case 'TIME':
      return connect('int', 'Time', 'time-millis');
    case 'TIMESTAMP':
      return connect('long', 'Timestamp', 'timestamp-millis');
    case 'DECIMAL': {
      const { precision, scale } = type;
      const parameters = { scale: String(scale), 'connect.decimal.precision': String(precision) };
      return { ...connect('bytes', 'Decimal', 'decimal'), scale, precision, 'connect.parameters': parameters };
    }
    case 'ARRAY':
      return { type: 'array', items: nullable(avroOf(type.element, path)) };
    case 'MAP': {
      const fields = [
        { name: 'key', type: nullable('string'), default: null },
        { name: 'value', type: nullable(avroOf(type.value, `${path}_MapValue`)), default: null },
      ];
      const entry = { type: 'record', name: path, fields, 'connect.internal.type': 'MapEntry' };
      return { type: 'array', items: entry, 'connect.internal.type': 'MapEntry' };
    }
    case 'STRUCT':
      return recordOf(type.fields, path);
  }
}

const nullable = (json: Json): Json => ['null', json];

function recordOf(fields: readonly { readonly name: string; readonly type: SqlType }[], path: string): JsonObject {
  return {
    type: 'record',
    name: path,
    fields: fields.map(({ name, type }) => ({
      name,
      type: nullable(avroOf(type, `${path}_${name}`)),
      default: null,
    })),
  };
}

const ksqlNamespace = 'io.confluent.ksql.avro_schemas';

/** The schema of columns: a record of nullable fields, or the bare type of a single one; without a namespace ksqlDB's is taken. */
export function avroText(
  columns: readonly { readonly name: string; readonly type: SqlType }[],
  wrap: boolean,
  fullName: string,
): string {
  const dot = fullName.lastIndexOf('.');
  const name = fullName.slice(dot + 1);
  const namespace = dot < 0 ? ksqlNamespace : fullName.slice(0, dot);
  if (!wrap && columns.length === 1) {
    const bare = avroOf(columns[0]!.type, name);
    return JSON.stringify(typeof bare === 'object' && 'name' in bare! ? { namespace, ...bare } : bare);
  }
  return JSON.stringify({ namespace, ...recordOf(columns, name) });
}

/** Why Avro cannot name a field so, or undefined. */
export function refusedName(name: string): string | undefined {
  if (/^[A-Za-z_]\w*$/.test(name)) return undefined;
  const what = /^[A-Za-z_]/.test(name) ? 'character' : 'initial character';
  return `Avro has no such name of a field, for its ${what}: "${name}"`;
}
