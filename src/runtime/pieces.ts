const pieceLength = 500;

/** Splits a list into pieces: rows made piece by piece stay in the young generation of the heap. */
export function* pieces<T>(list: readonly T[], length = pieceLength): Iterable<readonly T[]> {
  for (let from = 0; from < list.length; from += length) yield list.slice(from, from + length);
}
