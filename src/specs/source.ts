import type { NullableFields, RegisteredSchema } from '../formats/define.ts';
import type { WindowSpec } from './window.ts';
import type { Schema } from '../types/schema.ts';

/** A format with the choices that a plan fixes. */
export interface FormatSpec {
  readonly format: string;
  readonly wrap: boolean;
  readonly delimiter: string;
  readonly nullable?: NullableFields;
  /** Of formats with a registry: which record or message of the schema is meant, and what is written with. */
  readonly fullName?: string | undefined;
  /** The schema that a statement names by its id. */
  readonly schemaId?: number | undefined;
  readonly schema?: RegisteredSchema | undefined;
}

/** Which column holds the event time; a STRING column has a java.time pattern. */
export interface TimestampSpec {
  readonly column: string;
  readonly format: string | undefined;
}

/** A source as a plan reads it: self-contained, so that a later change of the catalogue never changes a running query. */
export interface SourceSpec {
  readonly name: string;
  readonly kind: 'STREAM' | 'TABLE';
  readonly topic: string;
  readonly schema: Schema;
  readonly keyFormat: FormatSpec;
  readonly valueFormat: FormatSpec;
  /** Set when the topic's keys carry window bounds. */
  readonly window: KeyWindow | undefined;
  readonly timestamp: TimestampSpec | undefined;
  readonly partitions: number;
}

/** How window bounds are held in a record key: time windows by start, of a known size; sessions by both bounds. */
export interface KeyWindow {
  readonly type: WindowSpec['type'];
  readonly sizeMs: number | undefined;
}
