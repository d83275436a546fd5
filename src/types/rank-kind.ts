/**
 * How a row's place in its partition is told, from 1: by its number, by the number of the first row of equal sort keys, or by the count of
 * different sort keys up to its own.
 */
export type RankKind = 'place' | 'rank' | 'denseRank';
