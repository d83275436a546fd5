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
  const match = /^dt=[^/]+\/p(\d+)-(\d+)-(\d+)\.parquet$/.exec(name);
  return match === null ? undefined : { partition: Number(match[1]), first: Number(match[2]), last: Number(match[3]) };
}

/** The next offset of each partition that no file of these names has. */
export function nextOffsets(names: readonly string[]): Map<number, number> {
  const next = new Map<number, number>();
  for (const { partition, last } of names.flatMap((name) => rangeOf(name) ?? []))
    next.set(partition, Math.max(next.get(partition) ?? 0, last + 1));
  return next;
}

/** The day of a time in UTC. */
export const dayOf = (time: number): string => dateText(Math.floor(time / millisPerDay));
