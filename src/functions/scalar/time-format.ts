import type { DateTimeFormatter } from '@js-joda/core';
import { createRequire } from 'node:module';
import {
  ChronoField,
  DateTimeFormatterBuilder,
  Instant,
  LocalDate,
  LocalDateTime,
  LocalTime,
  ResolverStyle,
  TemporalQueries,
  ZoneId,
  ZoneOffset,
  type TemporalAccessor,
} from '@js-joda/core';
import '@js-joda/timezone';
import { EvaluationError } from '../../types/numbers.ts';

const cache = new Map<string, DateTimeFormatter>();

/** A java.time pattern as a formatter; built once and kept. A pattern that java.time refuses throws `EvaluationError`. */
function formatter(pattern: string, ignoreCase = false): DateTimeFormatter {
  const key = `${ignoreCase}${pattern}`;
  let found = cache.get(key);
  if (found === undefined) {
    try {
      // First of all: without it a pattern with names cannot even be built.
      const english = tokensOf(pattern).some((token) => textToken.test(token)) ? loadEnglish() : undefined;
      const builder = new DateTimeFormatterBuilder();
      if (ignoreCase) builder.parseCaseInsensitive();
      found = builder.appendPattern(pattern).toFormatter(ResolverStyle.SMART);
      if (english !== undefined) found = english(found);
    } catch (error) {
      throw new EvaluationError(`"${pattern}" is not a date pattern: ${(error as Error).message}`);
    }
    if (cache.size > 1000) cache.clear();
    cache.set(key, found);
  }
  return found;
}

/** The tokens of a pattern: quoted text, runs of one letter, and what stands between them. */
const tokensOf = (pattern: string): readonly string[] =>
  pattern.match(/'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+/g) ?? [];
/** Letters that stand for names: days, months, AM and PM, eras, zones. */
const textToken = /^(?:[Eaz]+|[ML]{3,}|G+|c{3,})$/;

/** Names in English come from a large package, which is loaded when a pattern first asks for them. */
function loadEnglish(): (plain: DateTimeFormatter) => DateTimeFormatter {
  const { Locale } = createRequire(import.meta.url)('@js-joda/locale_en') as { Locale: { ENGLISH: unknown } };
  return (plain) =>
    (plain as unknown as { withLocale: (locale: unknown) => DateTimeFormatter }).withLocale(Locale.ENGLISH);
}

/** A pattern with its `z` replaced by the zone's short name at an instant, such as PDT, which the package does not know. */
function withZoneNames(pattern: string, ms: number, zoneName: string): string {
  if (!pattern.includes('z')) return pattern;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zoneName, timeZoneName: 'short' });
  const name = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? zoneName;
  return tokensOf(pattern)
    .map((token) => (/^z+$/.test(token) ? `'${name}'` : token))
    .join('');
}

export function zone(name: string): ZoneId {
  try {
    return name === 'GMT' || name === 'UTC' ? ZoneOffset.UTC : ZoneId.of(name);
  } catch {
    throw new EvaluationError(`"${name}" is not a time zone`);
  }
}

function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof EvaluationError) throw error;
    throw new EvaluationError(`${what}: ${(error as Error).message}`);
  }
}

export function formatTimestamp(ms: number, pattern: string, zoneName = 'GMT'): string {
  return attempt(`cannot format with "${pattern}"`, () =>
    formatter(withZoneNames(pattern, ms, zoneName)).format(Instant.ofEpochMilli(ms).atZone(zone(zoneName))),
  );
}

const isoMillis = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?Z?$/;
const isoPatterns = new Set([
  "yyyy-MM-dd'T'HH:mm:ss.SSS",
  "yyyy-MM-dd'T'HH:mm:ss",
  'yyyy-MM-dd HH:mm:ss',
  'yyyy-MM-dd HH:mm:ss.SSS',
  "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'",
  "yyyy-MM-dd'T'HH:mm:ss'Z'",
]);

/** Milliseconds of a text; parts that the pattern lacks are those of 1970-01-01T00:00. A zone in the text wins over `zoneName`. */
export function parseTimestampText(text: string, pattern: string, zoneName = 'GMT'): number {
  if ((zoneName === 'GMT' || zoneName === 'UTC') && isoPatterns.has(pattern) && isoMillis.test(text)) {
    const ms = Date.parse(`${text.replace(' ', 'T').replace('Z', '')}Z`);
    if (!Number.isNaN(ms)) return ms;
  }
  return attempt(`cannot parse "${text}" with "${pattern}"`, () => {
    const parsed = formatter(pattern, true).parse(text);
    const date = parsed.query(TemporalQueries.localDate()) ?? partialDate(parsed);
    const time = parsed.query(TemporalQueries.localTime()) ?? partialTime(parsed);
    const own = parsed.query(TemporalQueries.zone());
    return LocalDateTime.of(date, time)
      .atZone(own ?? zone(zoneName))
      .toInstant()
      .toEpochMilli();
  });
}

const field = (parsed: TemporalAccessor, name: ChronoField, otherwise: number): number =>
  parsed.isSupported(name) ? parsed.get(name) : otherwise;

function partialDate(parsed: TemporalAccessor): LocalDate {
  const year = field(parsed, ChronoField.YEAR, field(parsed, ChronoField.YEAR_OF_ERA, 1970));
  return LocalDate.of(year, field(parsed, ChronoField.MONTH_OF_YEAR, 1), field(parsed, ChronoField.DAY_OF_MONTH, 1));
}
function partialTime(parsed: TemporalAccessor): LocalTime {
  return LocalTime.of(
    field(parsed, ChronoField.HOUR_OF_DAY, 0),
    field(parsed, ChronoField.MINUTE_OF_HOUR, 0),
    field(parsed, ChronoField.SECOND_OF_MINUTE, 0),
  );
}

export function formatDate(days: number, pattern: string): string {
  return attempt(`cannot format with "${pattern}"`, () => formatter(pattern).format(LocalDate.ofEpochDay(days)));
}
export function formatTime(ms: number, pattern: string): string {
  return attempt(`cannot format with "${pattern}"`, () =>
    formatter(pattern).format(LocalTime.ofNanoOfDay(ms * 1_000_000)),
  );
}
export function parseDateText(text: string, pattern: string): number {
  return attempt(`cannot parse "${text}" with "${pattern}"`, () => {
    const parsed = formatter(pattern).parse(text);
    if (parsed.isSupported(ChronoField.HOUR_OF_DAY))
      throw new EvaluationError(`"${pattern}" has a time part, which a DATE cannot hold`);
    return (parsed.query(TemporalQueries.localDate()) ?? partialDate(parsed)).toEpochDay();
  });
}
export function parseTimeText(text: string, pattern: string): number {
  return attempt(`cannot parse "${text}" with "${pattern}"`, () => {
    const parsed = formatter(pattern, true).parse(text);
    if (
      parsed.isSupported(ChronoField.DAY_OF_MONTH) ||
      parsed.isSupported(ChronoField.MONTH_OF_YEAR) ||
      parsed.isSupported(ChronoField.YEAR)
    ) {
      throw new EvaluationError(`"${pattern}" has a date part, which a TIME cannot hold`);
    }
    const time = parsed.query(TemporalQueries.localTime()) ?? partialTime(parsed);
    return Math.floor(time.toNanoOfDay() / 1_000_000);
  });
}
