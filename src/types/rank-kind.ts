/**
 * How a row's place in its partition is told, from 1: by its number, by the number of the first row of equal sort keys, or by the count of
 * different sort keys up to its own. Among all rows of the partition: by the share of the other rows that come before those of its sort keys,
 * by the share of rows up to those of its sort keys, or by which of so many equal parts it is in.
 */
export type RankKind = 'place' | 'rank' | 'denseRank' | 'percentRank' | 'cumeDist' | { readonly ntile: number };
