/** Values in order with how often each came, and those that are not sorted in yet. Above a bound neighbours are merged. */
export type Digest = [values: number[], weights: number[], pending: number[]];

/**
 * What is known of the values of a column. Plain data, because state and plans store it: how many were null, how many were not, their
 * mean and the sum of squared distances from it, how many fell into each bin, the values themselves, and how often each category came.
 */
export type ColumnStats = [
  nulls: number,
  count: number,
  mean: number,
  squares: number,
  bins: number[] | null,
  digest: Digest | null,
  categories: [string, number][] | null,
];
