import type { NullableFields, RegisteredSchema } from '../formats/define.ts';
import type { WindowSpec } from './window.ts';
import type { Schema } from '../types/schema.ts';

/** A format and its settings, as a plan stores them. */
export interface FormatSpec {
  readonly format: string;
  readonly wrap: boolean;
  readonly delimiter: string;
  readonly nullable?: NullableFields;
  /** For formats with a schema registry: the full name of the record or message in the schema to read and write. */
  readonly fullName?: string | undefined;
  /** The id of the registered schema, when the statement names one. */
  readonly schemaId?: number | undefined;
  readonly schema?: RegisteredSchema | undefined;
}

/** The column that holds the event time, with the java.time pattern of a STRING column. */
export interface TimestampSpec {
  readonly column: string;
  readonly format: string | undefined;
}

/** A source as plans store it: self-contained, so that later changes of the catalogue do not change a running query. */
export interface SourceSpec {
  readonly name: string;
  readonly kind: 'STREAM' | 'TABLE';
  readonly topic: string;
  readonly schema: Schema;
  readonly keyFormat: FormatSpec;
  readonly valueFormat: FormatSpec;
  /** Set when the keys of the topic's records hold window bounds. */
  readonly window: KeyWindow | undefined;
  readonly timestamp: TimestampSpec | undefined;
  readonly partitions: number;
}

/** How a record key holds window bounds: the start only for windows of a fixed size, start and end for sessions and CUMULATE. */
export interface KeyWindow {
  readonly type: WindowSpec['type'];
  readonly sizeMs: number | undefined;
}
