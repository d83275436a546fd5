/** Pseudo columns that say where a row stands; the bounds of a window are columns of what is kept outside. */
const places: readonly string[] = ['ROWTIME', 'ROWPARTITION', 'ROWOFFSET'];

export const isPlace = (name: string): boolean => places.includes(name);
