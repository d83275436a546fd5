import type { Column } from '../types/schema.ts';
import type { SqlType, Value } from '../types/sql-type.ts';
import type { Bytes } from '../util/bytes.ts';

/** A column with its slot in the row that is decoded into; -1 when nobody reads it. */
export interface DecodeColumn extends Pick<Column, 'name' | 'type'> {
  readonly slot: number;
  /** The value may wait until `late` asks for it; a format that cannot wait decodes it at once. */
  readonly late?: boolean;
}

/** Bytes that are not what the format and columns say: the record goes to the processing log. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

export interface Decode {
  /** Reads `bytes[start, end)` into the columns' slots of `row`; false when the bytes stand for null. Throws `DecodeError`. */
  (bytes: Buffer, start: number, end: number, row: Value[]): boolean;
  /** Fills the slots that waited, from the bytes that were read last; cannot fail: those were checked. */
  readonly late?: (row: Value[]) => void;
}

/** Puts the payload of a row's columns, taken from these slots, behind what was written; false stands for a null payload. */
export type Encode = (row: readonly Value[], out: Bytes) => boolean;

/** How a format whose fields cannot be null holds nulls all the same; undefined where they become defaults. */
export type NullableFields = 'OPTIONAL' | 'WRAPPER' | undefined;

/** A schema as a registry holds it, with the schemas that it names. */
export interface SchemaText {
  readonly text: string;
  readonly references?: readonly { readonly name: string; readonly text: string }[] | undefined;
}

/** A schema of the registry: its id stands before what is written with it. */
export interface RegisteredSchema extends SchemaText {
  readonly id: number;
}

/** The registry's schemas as far as they are known here. */
export interface SchemaSource {
  /** A schema; throws `UnknownSchema` when it has to be fetched, `DecodeError` when the registry has none. */
  get(id: number): SchemaText;
}

/** A schema that was never asked for: it must be fetched before the bytes can be read. */
export class UnknownSchema extends Error {
  override readonly name = 'UnknownSchema';
  readonly id: number;

  constructor(id: number) {
    super(`schema ${id} was not fetched`);
    this.id = id;
  }
}

export interface FormatOptions {
  /** Whether a single column is held in an object (true) or stands alone. Several columns are always wrapped. */
  readonly wrap: boolean;
  readonly delimiter: string;
  readonly nullable?: NullableFields;
  /** What is written with, for formats of the registry. */
  readonly schema?: RegisteredSchema | undefined;
  /** Which of a schema's records or messages is meant, where it has several. */
  readonly fullName?: string | undefined;
  /** Where the schemas of records are found. */
  readonly schemas?: SchemaSource | undefined;
}

/** What a schema says of columns; without a name where a single value stands bare. */
export type InferredColumn = Pick<Column, 'type'> & { readonly name: string | undefined };

/** A format whose records carry the id of a schema of the registry. */
export interface SchemaFormat {
  readonly type: 'AVRO' | 'JSON' | 'PROTOBUF';
  /** The schema that these columns are written with; `name` is what its record is called where `fullName` gives no other. */
  readonly schemaOf: (
    columns: readonly DecodeColumn[],
    options: Pick<FormatOptions, 'wrap' | 'nullable' | 'fullName'>,
    name: string,
  ) => string;
  /**
   * The columns that a schema describes, their names and those of nested fields as `named` makes them; what SQL has no type for is
   * left out. Throws `DecodeError` for what is no schema; undefined when it has nothing of the full name that is wanted.
   */
  readonly columnsOf: (
    schema: SchemaText,
    options: Pick<FormatOptions, 'wrap' | 'fullName'>,
    named: (name: string) => string,
  ) => readonly InferredColumn[] | undefined;
  /** Throws where a text is no schema of this type. */
  readonly check: (schema: SchemaText) => void;
  /** Why a newer schema could not read what was written by an older one; undefined when it can, or when nobody can tell. */
  readonly cannotRead: (newer: SchemaText, older: SchemaText) => string | undefined;
  /** Of a type whose schemas have a binary form too: that form of a text, and the text of what a client gives in either form. */
  readonly serialized?: { readonly of: (text: string) => string; readonly toText: (given: string) => string };
}

export interface Format {
  readonly name: string;
  readonly supportsKey: boolean;
  readonly supportsValue: boolean;
  /** How a single column may be held: `both` has the wrapped form as its default for values. */
  readonly singles: 'wrap' | 'unwrap' | 'both' | 'none';
  readonly usesDelimiter: boolean;
  /** Whether a nullable representation can be chosen. */
  readonly usesNullable?: boolean;
  /** Whether a source can be joined and grouped whose values are held so. */
  readonly combines: boolean;
  /** Whether the bytes of wrapped columns hang on the columns' names. */
  readonly writesNames: boolean;
  /** Whether a single column of this type is written as its text and nothing else. */
  readonly writesBareText?: (type: SqlType) => boolean;
  /** Of a format that holds no nulls: puts into a row's slots what its nulls are when they are read again; undefined where they stay. */
  readonly fillNulls?: (
    columns: readonly DecodeColumn[],
    options: Pick<FormatOptions, 'nullable'>,
  ) => ((row: Value[]) => void) | undefined;
  /** Why these columns cannot be held, naming the first that cannot; undefined when they can. */
  readonly refuses: (
    columns: readonly Pick<Column, 'name' | 'type'>[],
    role: 'key' | 'value',
  ) => { column: string; type: string } | { why: string } | undefined;
  readonly registered?: SchemaFormat;
  readonly decoder: (columns: readonly DecodeColumn[], options: FormatOptions) => Decode;
  readonly encoder: (columns: readonly DecodeColumn[], options: FormatOptions) => Encode;
}
