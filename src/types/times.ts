import { dateOf, daysOf, millisPerDay as dayMs, monthLength } from './dates/calendar.ts';
import { EvaluationError } from './numbers.ts';

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

/** A year as Java's LocalDate prints it: four digits or more, with a sign before 0 and after 9999. */
const yearText = (year: number): string => (year < 0 ? `-${pad(-year, 4)}` : year > 9999 ? `+${year}` : pad(year, 4));

/** DATE as `yyyy-MM-dd`. */
export function dateText(days: number): string {
  const { year, month, day } = dateOf(days);
  return `${yearText(year)}-${pad(month, 2)}-${pad(day, 2)}`;
}
/** TIME as `HH:mm[:ss]`: milliseconds are dropped, zero seconds omitted, as java's LocalTime.toString after ksqlDB's rounding. */
export function timeText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return s === 0 ? `${pad(h, 2)}:${pad(m, 2)}` : `${pad(h, 2)}:${pad(m, 2)}:${pad(s, 2)}`;
}
/** TIME as `HH:mm:ss[.SSS]`, with all that it has. */
export function exactTimeText(ms: number): string {
  const rest = ms % 1000;
  const s = Math.floor(ms / 1000);
  const text = `${pad(Math.floor(s / 3600), 2)}:${pad(Math.floor(s / 60) % 60, 2)}:${pad(s % 60, 2)}`;
  return rest === 0 ? text : `${text}.${pad(rest, 3)}`;
}
/** TIMESTAMP as `yyyy-MM-dd'T'HH:mm:ss.SSS` in UTC, without a zone. */
export function timestampText(ms: number): string {
  const time = timeOfDay(ms);
  const [h, m, seconds] = [Math.floor(time / 3_600_000), Math.floor(time / 60_000) % 60, Math.floor(time / 1000) % 60];
  return `${dateText(startOfDay(ms))}T${pad(h, 2)}:${pad(m, 2)}:${pad(seconds, 2)}.${pad(time % 1000, 3)}`;
}

/** A TIMESTAMP of other dialects, which write a space where ksqlDB's texts have a T. */
export const withT = (text: string): string => text.trim().replace(/ +/, 'T');

/** Reads `HH:mm[:ss[.fraction]]`. */
export function parseTime(text: string): number {
  const match = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/.exec(text.trim());
  const [h, m, s] = [Number(match?.[1]), Number(match?.[2]), Number(match?.[3] ?? 0)];
  if (match === null || h > 23 || m > 59 || s > 59) throw new EvaluationError(`"${text}" is not a time`);
  return ((h * 60 + m) * 60 + s) * 1000 + Math.floor(Number(`0.${match[4] ?? '0'}`) * 1000);
}

/** Reads `yyyy[-MM[-dd]]`. As with Java's patterns, a day that its month lacks is the month's last. */
export function parseDate(text: string): number {
  const match = /^(\d{4}|[+-]\d{4,9})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$/.exec(text.trim());
  const [year, month, day] = [Number(match?.[1]), Number(match?.[2] ?? 1), Number(match?.[3] ?? 1)];
  if (match === null || month < 1 || month > 12 || day < 1 || day > 31)
    throw new EvaluationError(`"${text}" is not a date`);
  const days = daysOf(year, month, Math.min(day, monthLength(year, month)));
  if ((days | 0) !== days) throw new EvaluationError(`"${text}" is not a date`);
  return days;
}

const wholeTime = 'HH:mm:ss.SSS';
const zeroTime = '00:00:00.000';

/** ksqlDB's partial timestamps: a date of any precision, an optional `T` part completed from zero, an optional zone. */
export function parseTimestamp(text: string): number {
  const trimmed = text.trim();
  const at = trimmed.indexOf('T');
  if (at < 0) return timestampOf(parseDate(trimmed) * dayMs);
  const days = parseDate(trimmed.slice(0, at));
  let rest = trimmed.slice(at + 1);
  let offset = 0;
  const zone = /(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$/.exec(rest);
  if (zone !== null) {
    rest = rest.slice(0, zone.index);
    offset = zoneOffset(zone[1]!);
  }
  if (rest.length > wholeTime.length) throw new EvaluationError(`"${text}" is not a timestamp`);
  const complete = rest + zeroTime.slice(rest.length);
  const match = /^(\d{2}):(\d{2}):(\d{2})\.(\d{3})$/.exec(complete);
  const [h, m, s] = [Number(match?.[1]), Number(match?.[2]), Number(match?.[3])];
  const time = ((h * 60 + m) * 60 + s) * 1000 + Number(match?.[4]);
  // 24:00 is the next day's midnight.
  if (match === null || time > dayMs || m > 59 || s > 59) throw new EvaluationError(`"${text}" is not a timestamp`);
  return timestampOf(days * dayMs + time - offset);
}

/** Milliseconds if a TIMESTAMP can be so far away. */
export function timestampOf(ms: number): number {
  if (!Number.isSafeInteger(ms)) throw new EvaluationError(`${ms} ms since 1970 is too far away for a TIMESTAMP`);
  return ms;
}
/** Days if a DATE can be so far away. */
export function dateOfDays(days: number): number {
  if ((days | 0) !== days) throw new EvaluationError(`${days} days since 1970 is too far away for a DATE`);
  return days;
}

function zoneOffset(zone: string): number {
  if (zone === 'Z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0);
  return (zone.startsWith('-') ? -1 : 1) * minutes * 60_000;
}

export const startOfDay = (ms: number): number => Math.floor(ms / dayMs);
export const timeOfDay = (ms: number): number => ((ms % dayMs) + dayMs) % dayMs;
export const millisPerDay = dayMs;
