import { millisPerDay } from '../types/dates/calendar.ts';
import { dateText } from '../types/times.ts';

/** The rows of a partition of a topic that a file holds: from the first offset to the last. */
export interface FileRange {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
}

/** The ending of data files. */
export const fileEnding = '.parquet';

/** The name of a file with rows of one day: readers that know folders as partitions find a column `dt` in it. */
export const fileName = (day: string, { partition, first, last }: FileRange): string =>
  `dt=${day}/p${partition}-${first}-${last}${fileEnding}`;

/** What a name says of its file; undefined for a name that is not of this form, such as a source's in a folder below. */
export function rangeOf(name: string): FileRange | undefined {
  return rangeIn(/^dt=[^/]+\/p(\d+)-(\d+)-(\d+)\.parquet$/.exec(name));
}
const rangeIn = (match: RegExpExecArray | null): FileRange | undefined =>
  match === null ? undefined : { partition: Number(match[1]), first: Number(match[2]), last: Number(match[3]) };

/** The ending of files with deletions: readers of Parquet do not take them for rows. */
export const deletedEnding = '.deleted';
const deletedFolder = '_deleted';

/** The name of a file with the deletions among the rows of a range. */
export const deletedName = ({ partition, first, last }: FileRange): string =>
  `${deletedFolder}/p${partition}-${first}-${last}${deletedEnding}`;

/** What a name says of its file of deletions; undefined for a name that is not of this form. */
export function deletedRangeOf(name: string): FileRange | undefined {
  return rangeIn(/^_deleted\/p(\d+)-(\d+)-(\d+)\.deleted$/.exec(name));
}

/** The next offset of each partition that no file of these names has. */
export const nextOffsets = (names: readonly string[]): Map<number, number> => nextIn(names, rangeOf);
/** The same, of files of either kind. */
export const nextOfAll = (names: readonly string[]): Map<number, number> => nextIn(names, anyRangeOf);

/** What a name says of its file, be it of rows or of deletions. */
export const anyRangeOf = (name: string): FileRange | undefined => rangeOf(name) ?? deletedRangeOf(name);

function nextIn(names: readonly string[], of: (name: string) => FileRange | undefined): Map<number, number> {
  const next = new Map<number, number>();
  for (const { partition, last } of names.flatMap((name) => of(name) ?? []))
    next.set(partition, Math.max(next.get(partition) ?? 0, last + 1));
  return next;
}

/** The day of a time in UTC. */
export const dayOf = (time: number): string => dateText(Math.floor(time / millisPerDay));
