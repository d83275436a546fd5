/** An entity that was erased from a feature view. Plain JSON, as the command log keeps it. */
export interface Erasure {
  /** The entity's values in the order of the view's entity columns, encoded as state is, in base64. */
  readonly key: string;
  /** The offset in each partition of the view's topic before which its rows are gone; until it is known, all of them are. */
  readonly ends?: readonly number[];
}

/** What a query must not have or read any more. */
export interface ErasedSpec {
  /** Of the view that the query fills, or writes elsewhere. */
  readonly own: Erasures | undefined;
  /** Of the views that it reads, by their names. */
  readonly reads: Readonly<Record<string, Erasures>>;
}

/** The entities that were erased from a view, in order, and the columns that their values are of. */
export interface Erasures {
  readonly columns: readonly string[];
  readonly list: readonly Erasure[];
}
