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
} from '../types/sql-type.ts';
import type { DecodeColumn, Format, FormatOptions } from './define.ts';
import { json } from './json.ts';
import { framedDecoder, framedEncoder } from './schema-frames.ts';

interface JsonSchema {
  readonly type?: string;
  readonly title?: string;
  readonly oneOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly 'connect.type'?: string;
  readonly 'connect.index'?: number;
  readonly 'connect.parameters'?: Readonly<Record<string, string>>;
}

const connectDecimal = 'org.apache.kafka.connect.data.Decimal';
const connectTimes = {
  'org.apache.kafka.connect.data.Date': DATE,
  'org.apache.kafka.connect.data.Time': TIME,
  'org.apache.kafka.connect.data.Timestamp': TIMESTAMP,
} as const;
const simple: Partial<Record<SqlType['kind'], JsonSchema>> = {
  BOOLEAN: { type: 'boolean' },
  INTEGER: { type: 'integer', 'connect.type': 'int32' },
  BIGINT: { type: 'integer', 'connect.type': 'int64' },
  DOUBLE: { type: 'number', 'connect.type': 'float64' },
  STRING: { type: 'string' },
  BYTES: { type: 'string', 'connect.type': 'bytes' },
  DATE: { title: 'org.apache.kafka.connect.data.Date', type: 'integer', 'connect.type': 'int32' },
  TIME: { title: 'org.apache.kafka.connect.data.Time', type: 'integer', 'connect.type': 'int32' },
  TIMESTAMP: { title: 'org.apache.kafka.connect.data.Timestamp', type: 'integer', 'connect.type': 'int64' },
};

const nullable = (schema: JsonSchema): JsonSchema => ({ oneOf: [{ type: 'null' }, schema] });

function schemaOf(type: SqlType): JsonSchema {
  switch (type.kind) {
    case 'ARRAY':
      return { type: 'array', items: nullable(schemaOf(type.element)) };
    case 'MAP':
      return { type: 'object', 'connect.type': 'map', additionalProperties: nullable(schemaOf(type.value)) };
    case 'STRUCT':
      return objectOf(type.fields);
    case 'DECIMAL': {
      const parameters = { scale: String(type.scale), 'connect.decimal.precision': String(type.precision) };
      return { title: connectDecimal, type: 'number', 'connect.type': 'bytes', 'connect.parameters': parameters };
    }
    default:
      return simple[type.kind]!;
  }
}

function objectOf(fields: readonly { readonly name: string; readonly type: SqlType }[]): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(
      fields.map(({ name, type }, index) => [name, { 'connect.index': index, ...nullable(schemaOf(type)) }]),
    ),
  };
}

/** The fields of an object in Connect's order where it is given. */
function fieldsOf({ properties = {} }: JsonSchema, named: (name: string) => string): { name: string; type: SqlType }[] {
  const entries = Object.entries(properties).map(([name, schema], place) => ({
    name,
    schema,
    place: schema['connect.index'] ?? place,
  }));
  entries.sort((a, b) => a.place - b.place);
  return entries.flatMap(({ name, schema }) => {
    const type = typeOf(schema, named);
    return type === undefined ? [] : [{ name: named(name), type }];
  });
}

/** The SQL type of a schema by Connect's annotations, else by JSON's own types; undefined where there is none. */
function typeOf(given: JsonSchema, named: (name: string) => string): SqlType | undefined {
  const choices = given.oneOf?.filter(({ type }) => type !== 'null');
  if (choices?.length === 1) return typeOf(choices[0]!, named);
  const connect = given['connect.type'];
  const parameters = given['connect.parameters'];
  if (given.title === connectDecimal && parameters !== undefined)
    return decimal(Number(parameters['connect.decimal.precision'] ?? 64), Number(parameters['scale'] ?? 0));
  if (given.title !== undefined && given.title in connectTimes)
    return connectTimes[given.title as keyof typeof connectTimes];
  switch (given.type) {
    case 'boolean':
      return BOOLEAN;
    case 'integer':
      return connect === 'int8' || connect === 'int16' || connect === 'int32' ? INTEGER : BIGINT;
    case 'number':
      return DOUBLE;
    case 'string':
      return connect === 'bytes' ? BYTES : STRING;
    case 'array': {
      const element = given.items && typeOf(given.items, named);
      return element && array(element);
    }
    case 'object': {
      const values = given.additionalProperties;
      if (connect === 'map' && typeof values === 'object') {
        const value = typeOf(values, named);
        return value && map(STRING, value);
      }
      const fields = fieldsOf(given, named);
      return fields.length === 0 ? undefined : struct(fields);
    }
    default:
      return undefined;
  }
}

/** Fields of the schema that is written with and that are no columns. */
function missingFields(columns: readonly DecodeColumn[], { schema }: FormatOptions): { name: string; type: SqlType }[] {
  if (schema === undefined) return [];
  const fields = fieldsOf(JSON.parse(schema.text) as JsonSchema, (name) => name);
  const names = new Set(columns.map(({ name }) => name));
  return fields.filter(({ name }) => !names.has(name) && !names.has(name.toUpperCase()));
}

/** JSON behind the id of its schema in the registry; the text says itself what it is, so that no schema is needed to read it. */
export const jsonSr: Format = {
  name: 'JSON_SR',
  supportsKey: true,
  supportsValue: true,
  singles: 'both',
  usesDelimiter: false,
  combines: true,
  writesNames: true,
  refuses: json.refuses,
  registered: {
    type: 'JSON',
    check: ({ text }) => JSON.parse(text) as unknown,
    cannotRead: () => undefined,
    schemaOf: (columns, { wrap }) =>
      JSON.stringify(!wrap && columns.length === 1 ? nullable(schemaOf(columns[0]!.type)) : objectOf(columns)),
    columnsOf: ({ text }, { wrap }, named) => {
      const schema = JSON.parse(text) as JsonSchema;
      if (wrap && schema.type === 'object' && schema['connect.type'] !== 'map') return fieldsOf(schema, named);
      const type = typeOf(schema, named);
      return type === undefined ? [] : [{ name: undefined, type }];
    },
  },
  decoder: (columns, options) => {
    const decode = json.decoder(columns, options);
    const framed = framedDecoder(() => decode);
    return decode.late === undefined ? framed : Object.assign(framed, { late: decode.late });
  },
  encoder: (columns, options) => {
    const missing = columns.length === 1 && !options.wrap ? [] : missingFields(columns, options);
    if (missing.length === 0) return framedEncoder(options, json.encoder(columns, options));
    // What the schema has besides is written as null: in a slot behind the row's.
    const slot = Math.max(-1, ...columns.map((column) => column.slot)) + 1;
    const encode = json.encoder([...columns, ...missing.map((field) => ({ ...field, slot }))], options);
    return framedEncoder(options, (row, out) => encode([...row.slice(0, slot), null], out));
  },
};
