import type { SqlType } from '../types/sql-type.ts';

/** How the values of a column are made. */
export type Generated =
  /** Uniform between these, both included; of DECIMALs they are without their point. */
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  | { readonly kind: 'boolean' }
  /** So many hexadecimal digits, or so many bytes. */
  | { readonly kind: 'text' | 'bytes'; readonly length: number }
  /** One of these texts. */
  | { readonly kind: 'oneOf'; readonly values: readonly string[] }
  /** The time of the row, or one up to so many milliseconds before. */
  | { readonly kind: 'time'; readonly maxPastMs: number }
  /** The first value, the next and so on; in the units of the type, which for a TIMESTAMP are milliseconds. */
  | { readonly kind: 'sequence'; readonly start: number; readonly step: number }
  | { readonly kind: 'list'; readonly length: number; readonly element: Generated }
  | { readonly kind: 'entries'; readonly length: number; readonly value: Generated }
  | { readonly kind: 'fields'; readonly fields: readonly GeneratedField[] };

export interface GeneratedField {
  readonly type: SqlType;
  readonly values: Generated;
  /** The share of NULLs, from 0 to 1. */
  readonly nullRate: number;
}

/** What a source whose rows are generated holds; the same spec gives the same rows but for times that are of now. */
export interface DatagenSpec {
  readonly rowsPerSecond: number;
  /** How many rows there are in all; undefined for no end. */
  readonly rows: number | undefined;
  readonly seed: number;
  readonly fields: readonly GeneratedField[];
  /** How often rows are made. */
  readonly tickMs: number;
}
