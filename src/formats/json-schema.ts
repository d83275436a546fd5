import { commonType } from '../types/casts.ts';
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
  typeText,
  type SqlType,
} from '../types/sql-type.ts';
import { DecodeError, type LeftOut, type SchemaText } from './define.ts';

type JsonTypeName = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object';

/** What of a JSON Schema says which values there are: https://json-schema.org/draft/2020-12/json-schema-validation */
export interface JsonSchema {
  readonly type?: JsonTypeName | readonly JsonTypeName[];
  readonly title?: string;
  readonly $ref?: string;
  readonly $id?: string;
  readonly $anchor?: string;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: JsonSchema | readonly JsonSchema[] | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly 'connect.type'?: string;
  readonly 'connect.index'?: number;
  readonly 'connect.parameters'?: Readonly<Record<string, string>>;
}
/** One of a schema's alternatives: of one type or of none, and without references. */
export type JsonForm = Omit<JsonSchema, 'type'> & { readonly type?: JsonTypeName };

export const connectDecimal = 'org.apache.kafka.connect.data.Decimal';
const connectTimes = {
  'org.apache.kafka.connect.data.Date': DATE,
  'org.apache.kafka.connect.data.Time': TIME,
  'org.apache.kafka.connect.data.Timestamp': TIMESTAMP,
} as const;

/** Alternatives beyond which a schema is not unfolded. */
const mostForms = 256;

/** A schema with those that it refers to. */
export class JsonSchemas {
  readonly root: JsonSchema;
  readonly #others: ReadonlyMap<string, JsonSchema>;

  constructor({ text, references = [] }: SchemaText) {
    this.root = JSON.parse(text) as JsonSchema;
    this.#others = new Map(references.map((reference) => [reference.name, JSON.parse(reference.text) as JsonSchema]));
  }

  /** What stands behind a reference; throws `DecodeError` when nothing does. */
  #target(ref: string): JsonSchema {
    const [file = '', pointer = ''] = ref.split('#', 2);
    const own = file === '' || file === this.root.$id;
    const document =
      (own ? this.root : (this.#others.get(file) ?? [...this.#others.values()].find(({ $id }) => $id === file))) ??
      findIn(this.root, (schema) => schema.$id === file);
    const found =
      pointer === '' || document === undefined
        ? document
        : pointer.startsWith('/')
          ? atPointer(document, pointer)
          : findIn(document, ({ $anchor, $id }) => $anchor === pointer || $id === `#${pointer}`);
    if (found === undefined) throw new DecodeError(`the JSON schema has no "${ref}"`);
    return found;
  }

  /** A schema's alternatives; `refs` takes the references that were followed. */
  forms(schema: JsonSchema | boolean, refs = new Set<string>()): JsonForm[] {
    if (typeof schema === 'boolean') return schema ? [{}] : [];
    const { $ref, allOf = [], oneOf, anyOf, type, ...own } = schema;
    const types = typeof type === 'string' ? [type] : (type ?? typesOfValues(own));
    let forms: JsonForm[] = types === undefined ? [own] : types.map((each) => ({ ...own, type: each }));
    const parts: (readonly JsonForm[])[] = allOf.map((part) => this.forms(part, refs));
    if ($ref !== undefined && !refs.has($ref)) {
      refs.add($ref);
      parts.push(this.forms(this.#target($ref), refs));
    }
    for (const choices of [oneOf, anyOf])
      if (choices !== undefined) parts.push(choices.flatMap((choice) => this.forms(choice, refs)));
    for (const part of parts) {
      forms = forms.flatMap((form) => part.flatMap((other) => merged(form, other) ?? []));
      if (forms.length > mostForms) throw new DecodeError(`the JSON schema has more than ${mostForms} alternatives`);
    }
    return forms;
  }

  /** The SQL type of a schema, from Connect's annotations, else from JSON's types; undefined when there is none. */
  typeOf(
    schema: JsonSchema | boolean,
    named: (name: string) => string,
    leftOut: LeftOut,
    path: string,
    around: ReadonlySet<string> = new Set(),
  ): SqlType | undefined {
    const refs = new Set<string>();
    const forms = this.forms(schema, refs).filter(({ type }) => type !== 'null');
    const lose = (why: string): undefined => leftOut(path, why);
    const again = [...refs].find((ref) => around.has(ref));
    if (again !== undefined) return lose(`"${again}" holds itself`);
    if (forms.length === 0) return lose('it is nothing but null');
    const inside = new Set([...around, ...refs]);
    let whole: SqlType | undefined;
    for (const form of forms) {
      const type = this.#formType(form, named, leftOut, path, inside);
      if (type === undefined) return undefined;
      const both: SqlType | undefined = whole === undefined ? type : commonType(whole, type);
      if (both === undefined) return lose(`it may be ${typeText(whole!)} or ${typeText(type)}`);
      whole = both;
    }
    return whole;
  }

  #formType(
    form: JsonForm,
    named: (name: string) => string,
    leftOut: LeftOut,
    path: string,
    inside: ReadonlySet<string>,
  ): SqlType | undefined {
    const lose = (why: string): undefined => leftOut(path, why);
    const { title, items, prefixItems, properties, additionalProperties, patternProperties } = form;
    const connect = form['connect.type'];
    const parameters = form['connect.parameters'];
    if (title === connectDecimal && parameters !== undefined)
      return decimal(Number(parameters['connect.decimal.precision'] ?? 64), Number(parameters['scale'] ?? 0));
    if (title !== undefined && title in connectTimes) return connectTimes[title as keyof typeof connectTimes];
    const guess =
      properties !== undefined ? 'object' : items !== undefined || prefixItems !== undefined ? 'array' : undefined;
    switch (form.type ?? guess) {
      case 'boolean':
        return BOOLEAN;
      case 'integer':
        return connect === 'int8' || connect === 'int16' || connect === 'int32' ? INTEGER : BIGINT;
      case 'number':
        return DOUBLE;
      case 'string':
        return connect === 'bytes' ? BYTES : STRING;
      case 'array': {
        const all = [...(prefixItems ?? []), ...(Array.isArray(items) ? (items as readonly JsonSchema[]) : [])];
        if (items !== undefined && !Array.isArray(items)) all.push(items as JsonSchema);
        if (all.length === 0) return lose('it is a list of anything');
        const element = this.typeOf(all.length === 1 ? all[0]! : { anyOf: all }, named, leftOut, `${path}[]`, inside);
        return element && array(element);
      }
      case 'object': {
        if (properties !== undefined && connect !== 'map') {
          const fields = this.fieldsOf(properties, named, leftOut, path, inside);
          return fields.length === 0 ? lose('none of its fields has a type') : struct(fields);
        }
        const values = [
          ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
          ...Object.values(patternProperties ?? {}),
        ];
        if (values.length === 0) return lose('it is an object of anything');
        const value = this.typeOf(
          values.length === 1 ? values[0]! : { anyOf: values },
          named,
          leftOut,
          `${path}{}`,
          inside,
        );
        return value && map(STRING, value);
      }
      default:
        return lose('it has no type');
    }
  }

  /** The fields of an object, by Connect's index annotations where they exist. */
  fieldsOf(
    properties: NonNullable<JsonSchema['properties']>,
    named: (name: string) => string,
    leftOut: LeftOut,
    path = '',
    around: ReadonlySet<string> = new Set(),
  ): { name: string; type: SqlType }[] {
    const entries = Object.entries(properties).map(([name, schema], place) => ({
      name,
      schema,
      place: schema['connect.index'] ?? place,
    }));
    entries.sort((a, b) => a.place - b.place);
    return entries.flatMap(({ name, schema }) => {
      const type = this.typeOf(schema, named, leftOut, path === '' ? name : `${path}.${name}`, around);
      return type === undefined ? [] : [{ name: named(name), type }];
    });
  }
}

function typesOfValues({ enum: values, const: only }: Pick<JsonSchema, 'enum' | 'const'>): JsonTypeName[] | undefined {
  const all = values ?? (only === undefined ? undefined : [only]);
  return all && [...new Set(all.map(typeOfValue))];
}

function typeOfValue(value: unknown): JsonTypeName {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value as 'boolean' | 'string' | 'object';
}

/** Values of both forms; undefined when there are none. */
function merged(a: JsonForm, b: JsonForm): JsonForm | undefined {
  const types = [a.type, b.type];
  const isNarrower = types.includes('integer') && types.includes('number');
  if (a.type !== undefined && b.type !== undefined && a.type !== b.type && !isNarrower) return undefined;
  const type = isNarrower ? 'integer' : (a.type ?? b.type);
  const properties =
    a.properties === undefined && b.properties === undefined
      ? {}
      : { properties: { ...a.properties, ...b.properties } };
  return { ...b, ...a, ...properties, ...(type === undefined ? {} : { type }) };
}

function atPointer(document: JsonSchema, pointer: string): JsonSchema | undefined {
  let at: unknown = document;
  for (const step of pointer.slice(1).split('/')) {
    if (typeof at !== 'object' || at === null) return undefined;
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    at = Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : undefined;
  }
  return at as JsonSchema | undefined;
}

/** The first schema inside of a document for which `isIt` holds. */
function findIn(inside: unknown, isIt: (schema: JsonSchema) => boolean): JsonSchema | undefined {
  if (typeof inside !== 'object' || inside === null) return undefined;
  if (!Array.isArray(inside) && isIt(inside)) return inside;
  for (const each of Object.values(inside)) {
    const found = findIn(each, isIt);
    if (found !== undefined) return found;
  }
  return undefined;
}
