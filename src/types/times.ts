import { EvaluationError } from './numbers.ts';

const dayMs = 86_400_000;

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

/** DATE as `yyyy-MM-dd`. */
export function dateText(days: number): string {
  return new Date(days * dayMs).toISOString().replace(/T.*$/, '');
}
/** TIME as `HH:mm[:ss]`: milliseconds are dropped, zero seconds omitted, as java's LocalTime.toString after ksqlDB's rounding. */
export function timeText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return s === 0 ? `${pad(h, 2)}:${pad(m, 2)}` : `${pad(h, 2)}:${pad(m, 2)}:${pad(s, 2)}`;
}
/** TIMESTAMP as `yyyy-MM-dd'T'HH:mm:ss.SSS` in UTC, without a zone. */
export function timestampText(ms: number): string {
  return new Date(ms).toISOString().slice(0, -1);
}

/** Reads `HH:mm[:ss[.fraction]]`. */
export function parseTime(text: string): number {
  const match = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/.exec(text.trim());
  const [h, m, s] = [Number(match?.[1]), Number(match?.[2]), Number(match?.[3] ?? 0)];
  if (match === null || h > 23 || m > 59 || s > 59) throw new EvaluationError(`"${text}" is not a time`);
  return ((h * 60 + m) * 60 + s) * 1000 + Math.floor(Number(`0.${match[4] ?? '0'}`) * 1000);
}

/** Reads `yyyy[-MM[-dd]]`. */
export function parseDate(text: string): number {
  const match = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$/.exec(text.trim());
  if (match === null) throw new EvaluationError(`"${text}" is not a date`);
  const [year, month, day] = [Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1)];
  const ms = Date.UTC(year, month - 1, day);
  const date = new Date(ms);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    throw new EvaluationError(`"${text}" is not a date`);
  return ms / dayMs;
}

const wholeTime = 'HH:mm:ss.SSS';
const zeroTime = '00:00:00.000';

/** ksqlDB's partial timestamps: a date of any precision, an optional `T` part completed from zero, an optional zone. */
export function parseTimestamp(text: string): number {
  const trimmed = text.trim();
  const at = trimmed.indexOf('T');
  if (at < 0) return parseDate(trimmed) * dayMs;
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
  if (match === null || h > 23 || m > 59 || s > 59) throw new EvaluationError(`"${text}" is not a timestamp`);
  return days * dayMs + ((h * 60 + m) * 60 + s) * 1000 + Number(match[4]) - offset;
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
