import { dateOf, dayOfWeek, dayOfYear, daysOf } from '../../types/dates/calendar.ts';
import { EvaluationError } from '../../types/numbers.ts';
import { millisPerDay, startOfDay, timeOfDay, timestampOf } from '../../types/times.ts';
import { overload, scalar, type ScalarFunction } from '../define.ts';

const floorTo = (ms: number, size: number): number => Math.floor(ms / size) * size;
const date = (ms: number): ReturnType<typeof dateOf> => dateOf(startOfDay(ms));
const quarter = (month: number): number => Math.floor((month - 1) / 3);
/** The day, in days since 1970, on which a week of ISO 8601 begins. */
const monday = (ms: number): number => startOfDay(ms) - (dayOfWeek(startOfDay(ms)) - 1);
/** The Thursday of a week tells which year ISO 8601 counts the week to. */
const thursday = (ms: number): number => monday(ms) + 3;
const isoYear = (ms: number): number => dateOf(thursday(ms)).year;
const firstOf = (year: number, month: number): number => daysOf(year, month, 1) * millisPerDay;

const starts: Readonly<Record<string, (ms: number) => number>> = {
  MILLISECOND: (ms) => ms,
  SECOND: (ms) => floorTo(ms, 1000),
  MINUTE: (ms) => floorTo(ms, 60_000),
  HOUR: (ms) => floorTo(ms, 3_600_000),
  DAY: (ms) => floorTo(ms, millisPerDay),
  WEEK: (ms) => monday(ms) * millisPerDay,
  MONTH: (ms) => firstOf(date(ms).year, date(ms).month),
  QUARTER: (ms) => firstOf(date(ms).year, 3 * quarter(date(ms).month) + 1),
  YEAR: (ms) => firstOf(date(ms).year, 1),
};
const parts: Readonly<Record<string, (ms: number) => number>> = {
  YEAR: (ms) => date(ms).year,
  ISOYEAR: isoYear,
  QUARTER: (ms) => quarter(date(ms).month) + 1,
  MONTH: (ms) => date(ms).month,
  WEEK: (ms) => Math.floor((thursday(ms) - daysOf(isoYear(ms), 1, 1)) / 7) + 1,
  DAY: (ms) => date(ms).day,
  DOY: (ms) => dayOfYear(startOfDay(ms), date(ms).year),
  DOW: (ms) => dayOfWeek(startOfDay(ms)) % 7,
  ISODOW: (ms) => dayOfWeek(startOfDay(ms)),
  HOUR: (ms) => Math.floor(timeOfDay(ms) / 3_600_000),
  MINUTE: (ms) => Math.floor(timeOfDay(ms) / 60_000) % 60,
  SECOND: (ms) => Math.floor(timeOfDay(ms) / 1000) % 60,
  MILLISECOND: (ms) => timeOfDay(ms) % 1000,
  EPOCH: (ms) => Math.floor(ms / 1000),
};
function pick(table: typeof starts, unit: string): (ms: number) => number {
  const word = unit.toUpperCase().replace(/S$/, '');
  const found = Object.hasOwn(table, word) ? table[word] : undefined;
  if (found === undefined) throw new EvaluationError(`"${unit}" is none of ${Object.keys(table).join(', ')}`);
  return found;
}

const truncated = (ms: number, unit: string): number => timestampOf(pick(starts, unit)(ms));

/** The parts of dates and timestamps as PostgreSQL and Flink name them, in UTC. */
export const datePartFunctions: readonly ScalarFunction[] = [
  scalar({
    name: 'DATE_TRUNC',
    doc: 'The beginning of the second, minute, hour, day, week (Monday), month, quarter or year that a time is in, in UTC.',
    category: 'DATE / TIME',
    overloads: [
      overload('unit STRING, timestamp TIMESTAMP', 'TIMESTAMP', (unit: string, ms: number) => truncated(ms, unit)),
      overload('unit STRING, date DATE', 'TIMESTAMP', (unit: string, days: number) =>
        truncated(days * millisPerDay, unit),
      ),
    ],
  }),
  scalar({
    name: 'DATE_PART',
    doc: 'A part of a date or time in UTC: year, isoyear, quarter, month, week (ISO 8601), day, doy, dow (Sunday is 0), isodow, hour, minute, second, millisecond, epoch (seconds). EXTRACT(part FROM time) is the same.',
    category: 'DATE / TIME',
    overloads: [
      overload('part STRING, timestamp TIMESTAMP', 'BIGINT', (part: string, ms: number) => pick(parts, part)(ms)),
      overload('part STRING, date DATE', 'BIGINT', (part: string, days: number) =>
        pick(parts, part)(days * millisPerDay),
      ),
      overload('part STRING, time TIME', 'BIGINT', (part: string, ms: number) => pick(parts, part)(ms)),
    ],
  }),
];
