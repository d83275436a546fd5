/** Which row of a frame a call gives: its first, its last (the current one), or the one so many rows before the current one. */
export type PickedRow = 'first' | 'last' | { readonly lag: number };

/** A function that exists only with OVER: the value of its first argument in one row of the frame. */
export interface OverFunction {
  readonly name: string;
  /** What its arguments are, for the error of a call that has others. */
  readonly takes: string;
  /** Whether a second argument says how many rows back: a literal whole number. */
  readonly takesRows: boolean;
  /** `rows` is the second argument where there is one. */
  readonly picks: (rows: number | undefined) => PickedRow;
}
