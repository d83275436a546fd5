import type { ReadPart } from '../types/read-part.ts';
import type { Column } from '../types/schema.ts';
import type { SqlType, Value } from '../types/sql-type.ts';
import type { Bytes } from '../util/bytes.ts';

/** A column with its slot in the row to decode into; -1 when nothing reads it. */
export interface DecodeColumn extends Pick<Column, 'name' | 'type'> {
  readonly slot: number;
  /** What is read of a nested value, unless all of it; a format may decode more. */
  readonly part?: ReadPart | undefined;
  /** The value is decoded only when `late` is called; a format without `late` decodes it at once. */
  readonly late?: boolean;
}

/** The field with exactly this name, else one whose name in upper case is the column's. */
export function fieldNamed<F extends { readonly name: string }>(fields: readonly F[], column: string): F | undefined {
  return fields.find(({ name }) => name === column) ?? fields.find(({ name }) => name.toUpperCase() === column);
}

/** The bytes do not fit the format and columns: the error goes to the processing log. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

export interface Decode {
  /**
   * Decodes `bytes[start, end)` into the columns' slots of `row`; false when the bytes stand for a null payload. Throws
   * `DecodeError`.
   */
  (bytes: Buffer, start: number, end: number, row: Value[]): boolean;
  /** Decodes the late columns of the last record; cannot fail, because the bytes were checked. */
  readonly late?: (row: Value[]) => void;
}

/** Appends the payload with the row's columns, taken from fixed slots; returns false for a null payload. */
export type Encode = (row: readonly Value[], out: Bytes) => boolean;

/** How Protobuf represents NULL fields (`nullable.representation`); undefined: NULL becomes the field's default. */
export type NullableFields = 'OPTIONAL' | 'WRAPPER' | undefined;

/** A schema's text, with the schemas that it references. */
export interface SchemaText {
  readonly text: string;
  readonly references?: readonly { readonly name: string; readonly text: string }[] | undefined;
}

/** A schema with its id, which is written before each payload. */
export interface RegisteredSchema extends SchemaText {
  readonly id: number;
}

/** The schemas that have been fetched from the registry. */
export interface SchemaSource {
  /** The schema with this id. Throws `UnknownSchema` when it was not fetched yet, `DecodeError` when the registry has none. */
  get(id: number): SchemaText;
}

/** The schema must be fetched from the registry before the bytes can be decoded. */
export class UnknownSchema extends Error {
  override readonly name = 'UnknownSchema';
  readonly id: number;

  constructor(id: number) {
    super(`schema ${id} was not fetched`);
    this.id = id;
  }
}

export interface FormatOptions {
  /** Whether a single column is a field of an object (true) or the whole payload. Several columns are always wrapped. */
  readonly wrap: boolean;
  readonly delimiter: string;
  readonly nullable?: NullableFields;
  /** The schema to write with, for formats of the registry. */
  readonly schema?: RegisteredSchema | undefined;
  /** The full name of the record or message to use, when the schema has several. */
  readonly fullName?: string | undefined;
  /** The source of the schemas that records were written with. */
  readonly schemas?: SchemaSource | undefined;
}

/** A column inferred from a schema; without a name when the schema is that of a single unwrapped value. */
export type InferredColumn = Pick<Column, 'type'> & { readonly name: string | undefined };

/** Takes a field of a schema that becomes no column, and why. */
export type LeftOut = (path: string, why: string) => undefined;

/** How a format works with a schema registry: its records carry the id of their schema. */
export interface SchemaFormat {
  readonly type: 'AVRO' | 'JSON' | 'PROTOBUF';
  /** The schema for these columns; `name` is the default for the name of its record. */
  readonly schemaOf: (
    columns: readonly DecodeColumn[],
    options: Pick<FormatOptions, 'wrap' | 'nullable' | 'fullName'>,
    name: string,
  ) => string;
  /**
   * The columns of a schema; `named` converts their names and those of nested fields. Fields without a SQL type are left out, and told to
   * `leftOut`.
   * Throws `DecodeError` for an invalid schema; undefined when it has no record or message of the requested full name.
   */
  readonly columnsOf: (
    schema: SchemaText,
    options: Pick<FormatOptions, 'wrap' | 'fullName'>,
    named: (name: string) => string,
    leftOut?: LeftOut,
  ) => readonly InferredColumn[] | undefined;
  /**
   * The schema with a nullable field for each column that it lacks, so that it holds these columns too; undefined when it needs none, or
   * cannot be extended. Throws `DecodeError` for an invalid schema.
   */
  readonly extended: (
    schema: SchemaText,
    columns: readonly DecodeColumn[],
    options: Pick<FormatOptions, 'wrap' | 'nullable' | 'fullName'>,
  ) => string | undefined;
  /** Whether a number is read for any type of numbers, whatever the schema says. */
  readonly readsNumbers?: true;
  /** Throws for an invalid schema. */
  readonly check: (schema: SchemaText) => void;
  /** Why the newer schema cannot read data of the older one; undefined when it can, or when that is unknown for this type. */
  readonly cannotRead: (newer: SchemaText, older: SchemaText) => string | undefined;
  /** For types whose schemas also have a binary form: converts text to it, and either form to text. */
  readonly serialized?: { readonly of: (text: string) => string; readonly toText: (given: string) => string };
}

export interface Format {
  readonly name: string;
  readonly supportsKey: boolean;
  readonly supportsValue: boolean;
  /** How a single column can be held; `both`: wrapped is the default for values. */
  readonly singles: 'wrap' | 'unwrap' | 'both' | 'none';
  readonly usesDelimiter: boolean;
  /** Whether the representation of NULL can be chosen. */
  readonly usesNullable?: boolean;
  /** Whether a source with values in this format can be joined and grouped (ksqlDB's rule). */
  readonly combines: boolean;
  /** Whether a value without columns is one, and not null. */
  readonly holdsKeysOnly?: true;
  /** Whether the bytes of wrapped columns depend on the columns' names. */
  readonly writesNames: boolean;
  /** Whether a single column of this type is written as plain text. */
  readonly writesBareText?: (type: SqlType) => boolean;
  /** For formats without NULL: replaces NULLs in a row by what they would be read as; undefined for formats that hold NULLs. */
  readonly fillNulls?: (
    columns: readonly DecodeColumn[],
    options: Pick<FormatOptions, 'nullable'>,
  ) => ((row: Value[]) => void) | undefined;
  /** Whether a value may be read as another one than was written, as a NULL as the default of its type. */
  readonly losesValues?: true;
  /** Why the format cannot hold these columns, naming the first such column; undefined when it can. */
  readonly refuses: (
    columns: readonly Pick<Column, 'name' | 'type'>[],
    role: 'key' | 'value',
  ) => { column: string; type: string } | { why: string } | undefined;
  readonly registered?: SchemaFormat;
  readonly decoder: (columns: readonly DecodeColumn[], options: FormatOptions) => Decode;
  readonly encoder: (columns: readonly DecodeColumn[], options: FormatOptions) => Encode;
}
