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
import { DecodeError, fieldNamed, type LeftOut, type SchemaText } from '../define.ts';

interface Logical {
  readonly logical?: string | undefined;
  readonly precision?: number | undefined;
  readonly scale?: number | undefined;
}
type AvroPrimitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';
export interface AvroField {
  readonly name: string;
  readonly type: Avro;
  /** The value for readers when the writer had no such field, as JSON in Avro's form; undefined when there is none. */
  readonly default: AvroJson | undefined;
}

/** A schema with its named types resolved: https://avro.apache.org/docs/1.11.1/specification/ */
export type Avro =
  | ({ readonly kind: AvroPrimitive } & Logical)
  | ({ readonly kind: 'fixed'; readonly name: string; readonly size: number } & Logical)
  | { readonly kind: 'enum'; readonly name: string; readonly symbols: readonly string[] }
  | { readonly kind: 'array'; readonly items: Avro }
  | { readonly kind: 'map'; readonly values: Avro }
  | { readonly kind: 'record'; readonly name: string; readonly fields: readonly AvroField[] }
  /** A record inside of itself. */
  | { readonly kind: 'recursive'; readonly name: string; readonly target: () => Avro }
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

/** Parses a schema; throws `DecodeError` for an invalid one. */
export function parseAvro({ text, references = [] }: SchemaText): Avro {
  const names = new Map<string, Avro | null>();
  // A reference may use types of the references after it, so these are resolved first.
  for (const reference of [...references].reverse()) resolve(jsonOf(reference.text), names, '');
  return resolve(jsonOf(text), names, '');
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // A bare type name is a valid schema.
    return text;
  }
}

function resolve(json: Json, names: Map<string, Avro | null>, namespace: string): Avro {
  if (typeof json === 'string') {
    if (primitives.has(json)) return { kind: json as AvroPrimitive };
    const full = names.has(fullName(json, namespace)) ? fullName(json, namespace) : json;
    const named = names.get(full);
    if (named === null) return { kind: 'recursive', name: full, target: () => names.get(full)! };
    if (named === undefined) throw new DecodeError(`the Avro schema has no type "${json}"`);
    return named;
  }
  if (Array.isArray(json))
    return { kind: 'union', branches: json.map((branch: Json) => resolve(branch, names, namespace)) };
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
      const record: Avro = { kind: 'record', name, fields };
      names.set(name, record);
      return record;
    }
    case 'enum':
    case 'fixed': {
      const name = fullName(String(object['name']), spaceOf(object, namespace));
      const named: Avro =
        type === 'enum'
          ? { kind: 'enum', name, symbols: object['symbols'] as readonly string[] }
          : { kind: 'fixed', name, size: Number(object['size']), ...logical };
      names.set(name, named);
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

/**
 * The key and value schemas of the entry records that Connect writes for a map whose keys may be null; undefined for other
 * schemas.
 */
export function entryFields(avro: Avro): readonly [Avro, Avro] | undefined {
  if (avro.kind !== 'array' || avro.items.kind !== 'record') return undefined;
  const [key, value, ...more] = avro.items.fields;
  return key?.name === 'key' && value?.name === 'value' && more.length === 0 ? [key.type, value.type] : undefined;
}

/** Whether a schema is that of a type of time, as Connect writes it. */
export const logicalTimes = {
  DATE: (schema: Avro) => schema.kind === 'int' && schema.logical === 'date',
  TIME: (schema: Avro) => schema.kind === 'int' && schema.logical === 'time-millis',
  TIMESTAMP: (schema: Avro) => schema.kind === 'long' && schema.logical === 'timestamp-millis',
} as const;

/** A union with null reduced to its other branch; any other schema unchanged. */
export function withoutNull(avro: Avro): Avro {
  if (avro.kind !== 'union') return avro;
  const rest = avro.branches.filter(({ kind }) => kind !== 'null');
  return rest.length === 1 ? rest[0]! : { kind: 'union', branches: rest };
}

/** The name of the field that stands for a branch of a union of several types, as Connect names it: its type's name. */
export function branchName(branch: Avro): string {
  return 'name' in branch ? branch.name.slice(branch.name.lastIndexOf('.') + 1) : branch.kind;
}

/** The SQL type of a schema; undefined when there is none, which `leftOut` is told. `named` converts the names of a struct's fields. */
export function sqlTypeOf(
  schema: Avro,
  named: (name: string) => string,
  leftOut: LeftOut = () => undefined,
  path = '',
): SqlType | undefined {
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
        const value = sqlTypeOf(entry[1], named, leftOut, `${path}{}`);
        return value && map(STRING, value);
      }
      const element = sqlTypeOf(avro.items, named, leftOut, `${path}[]`);
      return element && array(element);
    }
    case 'map': {
      const value = sqlTypeOf(avro.values, named, leftOut, `${path}{}`);
      return value && map(STRING, value);
    }
    case 'record':
    case 'union': {
      const parts: readonly { readonly name: string; readonly type: Avro }[] =
        avro.kind === 'record' ? avro.fields : avro.branches.map((type) => ({ name: branchName(type), type }));
      const fields = fieldsOf(parts, named, leftOut, path);
      if (fields.length === 0 && parts.length === 0)
        leftOut(path, avro.kind === 'record' ? 'it has no fields' : 'it is nothing but null');
      return fields.length === 0 ? undefined : struct(fields);
    }
    case 'recursive':
      return leftOut(path, `${branchName(avro)} holds itself`);
    case 'null':
      return leftOut(path, 'it is nothing but null');
  }
}

/** The fields that have SQL types. */
export function fieldsOf(
  fields: readonly { readonly name: string; readonly type: Avro }[],
  named: (name: string) => string,
  leftOut: LeftOut,
  path = '',
): { name: string; type: SqlType }[] {
  return fields.flatMap(({ name, type }) => {
    const sqlType = sqlTypeOf(type, named, leftOut, path === '' ? name : `${path}.${name}`);
    return sqlType === undefined ? [] : [{ name: named(name), type: sqlType }];
  });
}

const connect = (type: string, name: string, logicalType: string): JsonObject => ({
  type,
  'connect.version': 1,
  'connect.name': `org.apache.kafka.connect.data.${name}`,
  logicalType,
});

/** The schema of a type's non-null values, with Connect's annotations; `path` is the name of nested records. */
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

/**
 * The schema of columns: a record of nullable fields, or the plain type of a single unwrapped column. The default namespace is
 * ksqlDB's.
 */
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

/** The text of a record's schema with a nullable field for each column that it lacks; undefined for other schemas. */
export function withFields(
  { text }: SchemaText,
  columns: readonly { readonly name: string; readonly type: SqlType }[],
): string | undefined {
  const json = jsonOf(text) as JsonObject;
  if (typeof json !== 'object' || json['type'] !== 'record') return undefined;
  const fields = json['fields'] as readonly (JsonObject & { readonly name: string })[];
  const missing = columns.filter(({ name }) => fieldNamed(fields, name) === undefined);
  if (missing.length === 0) return undefined;
  const { fields: added } = recordOf(missing, String(json['name']));
  return JSON.stringify({ ...json, fields: [...fields, ...(added as readonly Json[])] });
}

/** Why Avro does not allow a field name, or undefined. */
export function refusedName(name: string): string | undefined {
  if (/^[A-Za-z_]\w*$/.test(name)) return undefined;
  const position = /^[A-Za-z_]/.test(name) ? 'character' : 'initial character';
  return `Avro has no such name of a field, for its ${position}: "${name}"`;
}
