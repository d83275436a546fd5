import { array, map, struct, typeText, type SqlType } from '../types/sql-type.ts';
import { EvaluationError } from '../types/numbers.ts';
import { DecodeError, fieldNamed, type DecodeColumn, type Encode, type Format, type FormatOptions } from './define.ts';
import { connectDecimal, JsonSchemas, type JsonForm, type JsonSchema } from './json-schema.ts';
import { json } from './json.ts';
import { framedDecoder, framedEncoder } from './schema-frames.ts';

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

/**
 * A type with the names that a schema has for its fields; throws `DecodeError` where the schema does not describe values of the type. A
 * schema without types describes all values.
 */
function described(type: SqlType, schemas: JsonSchemas, schema: JsonSchema | boolean, path: string): SqlType {
  const forms = schemas.forms(schema).filter((form) => form.type !== 'null');
  const what = forms.map((form) => form.type ?? 'anything').join(' or ');
  let failure = new DecodeError(`${path}: JSON ${what} cannot hold ${typeText(type)}`);
  for (const form of forms) {
    if (form.type !== undefined && !jsonTypes[type.kind].includes(form.type)) continue;
    try {
      return describedBy(type, schemas, form, path);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

function describedBy(type: SqlType, schemas: JsonSchemas, form: JsonForm, path: string): SqlType {
  const { items, additionalProperties, properties } = form;
  switch (type.kind) {
    case 'ARRAY':
      if (items === undefined || Array.isArray(items)) return type;
      return array(described(type.element, schemas, items as JsonSchema, `${path}[]`));
    case 'MAP':
      if (typeof additionalProperties !== 'object') return type;
      return map(type.key, described(type.value, schemas, additionalProperties, `${path}{}`));
    case 'STRUCT':
      return properties === undefined ? type : struct(describedFields(type.fields, schemas, properties, path));
    default:
      return type;
  }
}

function describedFields<F extends { readonly name: string; readonly type: SqlType }>(
  fields: readonly F[],
  schemas: JsonSchemas,
  properties: NonNullable<JsonSchema['properties']>,
  path: string,
): F[] {
  const known = Object.keys(properties).map((name) => ({ name }));
  return fields.map((field) => {
    const property = fieldNamed(known, field.name);
    if (property === undefined) throw new DecodeError(`${path}: the schema has no field for column "${field.name}"`);
    const { name } = property;
    return { ...field, name, type: described(field.type, schemas, properties[name]!, `${path}.${name}`) };
  });
}

/** The properties of the object that a schema describes; undefined for other schemas, and for several kinds of objects. */
function propertiesOf(schemas: JsonSchemas): JsonSchema['properties'] {
  const forms = schemas.forms(schemas.root).filter(({ type }) => type !== 'null');
  const [form] = forms;
  return forms.length === 1 && form!['connect.type'] !== 'map' ? form!.properties : undefined;
}

const integers = ['integer', 'number'];
/** The types of JSON that a type's values are written as. */
const jsonTypes: Readonly<Record<SqlType['kind'], readonly string[]>> = {
  BOOLEAN: ['boolean'],
  INTEGER: integers,
  BIGINT: integers,
  DATE: integers,
  TIME: integers,
  TIMESTAMP: integers,
  DOUBLE: ['number'],
  DECIMAL: ['number'],
  STRING: ['string'],
  BYTES: ['string'],
  ARRAY: ['array'],
  MAP: ['object'],
  STRUCT: ['object'],
};

/** The columns as the schema to write with names them, and its fields that are no columns. */
function written(
  columns: readonly DecodeColumn[],
  { schema, wrap }: FormatOptions,
): {
  columns: readonly DecodeColumn[];
  missing: readonly { name: string; type: SqlType }[];
  needed: readonly DecodeColumn[];
} {
  const whole = { columns, missing: [], needed: [] };
  if (schema === undefined) return whole;
  const schemas = new JsonSchemas(schema);
  if (columns.length === 1 && !wrap) {
    described(columns[0]!.type, schemas, schemas.root, '$');
    return whole;
  }
  const properties = propertiesOf(schemas);
  if (properties === undefined) {
    described(struct(columns), schemas, schemas.root, '$');
    return whole;
  }
  const named = describedFields(columns, schemas, properties, '$');
  const names = new Set(named.map(({ name }) => name));
  const allowsNull = ({ name }: { readonly name: string }): boolean =>
    schemas.forms(properties[name]!).some(({ type }) => type === 'null' || type === undefined);
  // As in ksqlDB, fields without a column are written as null, whether or not the schema names null.
  const others = schemas.fieldsOf(
    properties,
    (name) => name,
    () => undefined,
  );
  return {
    columns: named,
    missing: others.filter(({ name }) => !names.has(name)),
    needed: named.filter((column) => !allowsNull(column)),
  };
}

/** JSON behind a schema id. Decoding ignores the schema, because JSON describes itself. */
export const jsonSr: Format = {
  name: 'JSON_SR',
  supportsKey: true,
  supportsValue: true,
  singles: 'both',
  usesDelimiter: false,
  combines: true,
  holdsKeysOnly: true,
  writesNames: true,
  refuses: json.refuses,
  registered: {
    type: 'JSON',
    readsNumbers: true,
    check: ({ text }) => JSON.parse(text) as unknown,
    cannotRead: () => undefined,
    extended: ({ text }, columns) => {
      const schema = JSON.parse(text) as JsonSchema;
      const { properties } = schema;
      if (properties === undefined || schema['connect.type'] === 'map') return undefined;
      const known = Object.keys(properties).map((name) => ({ name }));
      const missing = columns.filter(({ name }) => fieldNamed(known, name) === undefined);
      if (missing.length === 0) return undefined;
      const added = missing.map(({ name, type }, i): [string, object] => [
        name,
        { 'connect.index': known.length + i, ...nullable(schemaOf(type)) },
      ]);
      return JSON.stringify({ ...schema, properties: { ...properties, ...(Object.fromEntries(added) as object) } });
    },
    schemaOf: (columns, { wrap }) =>
      JSON.stringify(!wrap && columns.length === 1 ? nullable(schemaOf(columns[0]!.type)) : objectOf(columns)),
    columnsOf: (schema, { wrap }, named, leftOut = () => undefined) => {
      const schemas = new JsonSchemas(schema);
      const properties = wrap ? propertiesOf(schemas) : undefined;
      if (properties !== undefined) return schemas.fieldsOf(properties, named, leftOut);
      const type = schemas.typeOf(schemas.root, named, leftOut, '');
      // Alternatives of objects: their fields together.
      if (wrap && type?.kind === 'STRUCT') return type.fields;
      return type === undefined ? [] : [{ name: undefined, type }];
    },
  },
  decoder: (columns, options) => {
    const decode = json.decoder(columns, options);
    const framed = framedDecoder(() => decode);
    return decode.late === undefined ? framed : Object.assign(framed, { late: decode.late });
  },
  encoder: (columns, options) => {
    const { columns: named, missing, needed } = written(columns, options);
    if (missing.length === 0) return framedEncoder(options, refusingNull(needed, json.encoder(named, options)));
    // Fields of the schema without a column are written as null, from an extra slot behind the row's slots.
    const slot = Math.max(-1, ...columns.map((column) => column.slot)) + 1;
    const encode = json.encoder([...named, ...missing.map((field) => ({ ...field, slot }))], options);
    return framedEncoder(
      options,
      refusingNull(needed, (row, out) => encode([...row.slice(0, slot), null], out)),
    );
  },
};

/** An encoder that refuses rows with a null where the schema has none. */
function refusingNull(needed: readonly DecodeColumn[], encode: Encode): Encode {
  if (needed.length === 0) return encode;
  return (row, out) => {
    for (const { slot, name } of needed)
      if (row[slot] === null) throw new EvaluationError(`$.${name}: the schema does not allow null`);
    return encode(row, out);
  };
}
