import type { RankKind } from '../../types/rank-kind.ts';
import type { SqlType } from '../../types/sql-type.ts';

/**
 * The row whose value a call gives: the first of the frame, the last, the one `lag` rows before the current row, the nth of the
 * frame; or a row's place in its partition.
 */
export type PickedRow = 'first' | 'last' | { readonly lag: number } | { readonly nth: number } | RankKind;

/** Whether a call tells a row's place, and takes no row's value. */
export const isRankKind = (picked: PickedRow): picked is RankKind =>
  typeof picked === 'object' ? 'ntile' in picked : picked !== 'first' && picked !== 'last';

/** A parameter: a value of each row; a literal whole number of rows of at least `least`; a constant of the value's type. */
export type OverParam =
  { readonly kind: 'value' } | { readonly kind: 'rows'; readonly least: number } | { readonly kind: 'default' };

/** A function that exists only with OVER. */
export interface OverFunction {
  readonly name: string;
  /** The arguments in words, for the error of a call with others. */
  readonly takes: string;
  readonly params: readonly OverParam[];
  /** The number of arguments that a call must have. */
  readonly required: number;
  /** The result's type; undefined for the type of the first argument. */
  readonly type: SqlType | undefined;
  /** Whether IGNORE NULLS is allowed. */
  readonly passesNulls: boolean;
  /** Whether it reads the frame; otherwise a window with a frame is refused. */
  readonly seesFrame: boolean;
  /** Whether it can be computed from tiles, which hold no single rows. */
  readonly fitsTiles: boolean;
  /** The row to take; `rows` is the call's literal number of rows, undefined if omitted. */
  readonly picks: (rows: number | undefined) => PickedRow;
}
