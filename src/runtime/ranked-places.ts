import type { RankKind } from '../types/rank-kind.ts';

/** How a ranked row's place is told beside its number. */
export type Place = Exclude<RankKind, 'place'>;

/** The first rows of a partition, in order, and what is known of the others. */
export interface RankedRows {
  /** How many of them are wanted. */
  readonly wanted: number;
  /** How many are at hand; those behind the wanted ones tell where equal sort keys end. */
  readonly atHand: number;
  /** Whether the row at an index and the one before it have equal sort keys. */
  readonly isTied: (index: number) => boolean;
  /** All rows of the partition, and how many of those that are not at hand have the sort keys of the last that is. */
  readonly total: number;
  readonly tiedBehind: number;
}

/** Whether a place hangs on how many rows the partition has, so that each that comes or goes may change it. */
export const countsAll = (place: Place): boolean => place !== 'rank' && place !== 'denseRank';

/** The places of the wanted rows, in their order. */
export function placesOf(kinds: readonly Place[], rows: RankedRows): number[][] {
  const found: number[][] = [];
  const tie = { first: 0, end: 0, number: 0 };
  for (let i = 0; i < rows.wanted; i++) {
    if (i === 0 || !rows.isTied(i)) {
      tie.first = i;
      tie.number++;
      if (kinds.includes('cumeDist')) tie.end = tieEnd(i, rows);
    }
    found.push(kinds.map((kind) => placeOf(kind, i, tie, rows.total)));
  }
  return found;
}

/** How many rows are before or in the tie that begins at an index. */
function tieEnd(first: number, { atHand, isTied, tiedBehind }: RankedRows): number {
  let end = first + 1;
  while (end < atHand && isTied(end)) end++;
  return end === atHand ? end + tiedBehind : end;
}

function placeOf(
  kind: Place,
  index: number,
  tie: { readonly first: number; readonly end: number; readonly number: number },
  total: number,
): number {
  switch (kind) {
    case 'rank':
      return tie.first + 1;
    case 'denseRank':
      return tie.number;
    case 'percentRank':
      return total === 1 ? 0 : tie.first / (total - 1);
    case 'cumeDist':
      return tie.end / total;
  }
  return partOf(index, total, kind.ntile);
}

/** In which of so many parts a row is: their sizes differ by one at the most, and the greater ones come first. */
function partOf(index: number, total: number, parts: number): number {
  const size = Math.floor(total / parts);
  const inGreater = (total % parts) * (size + 1);
  if (index < inGreater) return Math.floor(index / (size + 1)) + 1;
  return (total % parts) + Math.floor((index - inGreater) / size) + 1;
}
