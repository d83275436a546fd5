import { EvaluationError } from '../numbers.ts';
import { millisPerDay } from './calendar.ts';
import { Field, Fields } from './fields.ts';
import { formatterOf, Moment } from './format.ts';
import { readerOf } from './parse.ts';
import { parsePattern, type Part } from './pattern.ts';
import { completed, partialDate, resolve, type Resolved } from './resolve.ts';
import { zoneOf } from './zones.ts';

/** A pattern that was compiled, for printing and for reading. */
interface DatePattern {
  readonly parts: readonly Part[];
  print?: (moment: Moment) => string;
  read?: (text: string, fields: Fields) => boolean;
}

const patterns = new Map<string, DatePattern>();
let lastText: string | undefined;
let lastPattern: DatePattern | undefined;

function patternOf(text: string): DatePattern {
  if (text === lastText) return lastPattern!;
  let pattern = patterns.get(text);
  if (pattern === undefined) {
    pattern = { parts: checkedPattern(text) };
    if (patterns.size > 1000) patterns.clear();
    patterns.set(text, pattern);
  }
  lastText = text;
  lastPattern = pattern;
  return pattern;
}

/** The parts of a pattern; throws an `EvaluationError` that names a pattern which Java refuses. */
function checkedPattern(text: string): readonly Part[] {
  try {
    return parsePattern(text);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    throw new EvaluationError(`"${text}" is not a date pattern: ${error.message}`);
  }
}

/** Why a text is no pattern of java.time, or undefined when it is one. */
export function patternFault(text: string): string | undefined {
  try {
    parsePattern(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return error.message;
  }
}

const moment = new Moment();
const fields = new Fields();

function print(pattern: string): string {
  const compiled = patternOf(pattern);
  compiled.print ??= formatterOf(compiled.parts);
  try {
    return compiled.print(moment);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    throw new EvaluationError(`cannot format with "${pattern}": ${error.message}`);
  }
}

/** Prints days since 1970. */
export function formatDate(days: number, pattern: string): string {
  moment.set(days, NaN);
  return print(pattern);
}
/** Prints milliseconds of a day. */
export function formatTime(millis: number, pattern: string): string {
  moment.set(NaN, millis);
  return print(pattern);
}
/** Prints milliseconds since 1970 as a zone's clocks show them. */
export function formatTimestamp(ms: number, pattern: string, zoneName = 'GMT'): string {
  const zone = zoneOf(zoneName);
  const offset = zone.offsetAt(ms);
  const days = Math.floor((ms + offset) / millisPerDay);
  moment.set(days, ms + offset - days * millisPerDay);
  moment.zone = zone;
  moment.instant = ms;
  moment.offset = offset;
  return print(pattern);
}

/** Reads a text and gives what `finish` makes of it. */
function parse(text: string, pattern: string, finish: (resolved: Resolved) => number): number {
  const compiled = patternOf(pattern);
  compiled.read ??= readerOf(compiled.parts);
  fields.clear();
  try {
    if (!compiled.read(text, fields)) throw new EvaluationError('it does not match');
    return finish(resolve(fields));
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    throw new EvaluationError(`cannot parse "${text}" with "${pattern}": ${error.message}`);
  }
}

/**
 * Reads milliseconds since 1970; parts that the pattern lacks are those of 1970-01-01T00:00. A zone in the text overrides
 * `zoneName`.
 */
export function parseTimestampText(text: string, pattern: string, zoneName = 'GMT'): number {
  const zone = zoneOf(zoneName);
  return parse(text, pattern, (resolved) => completed(resolved, zone));
}

const inRangeOfDates = (days: number): number => {
  if ((days | 0) !== days) throw new EvaluationError('its year is too far away');
  return days;
};

/** Reads days since 1970; a month or day that the pattern lacks is the first. */
export function parseDateText(text: string, pattern: string): number {
  return parse(text, pattern, ({ days, millis, fields: rest }) => {
    if (millis !== undefined && millis > 0) throw new EvaluationError('it has a time, which a DATE cannot hold');
    if (days !== undefined) return inRangeOfDates(days);
    if (hasOther(rest, partOfDate)) throw new EvaluationError('it is no whole date');
    return inRangeOfDates(partialDate(rest));
  });
}
const partOfDate: readonly Field[] = [Field.YEAR, Field.MONTH_OF_YEAR, Field.DAY_OF_MONTH, Field.OFFSET_SECONDS];
const hasOther = (rest: Fields, allowed: readonly Field[]): boolean =>
  rest.values.some((value, field) => value === value && !allowed.includes(field as Field));

/** Reads days since 1970 from a text with a whole date. */
export function parseWholeDate(text: string, pattern: string): number {
  return parse(text, pattern, ({ days }) => {
    if (days === undefined) throw new EvaluationError('it is no whole date');
    return inRangeOfDates(days);
  });
}

/** Reads milliseconds of the day from a text with a whole time. */
export function parseTimeText(text: string, pattern: string): number {
  return parse(text, pattern, ({ days, millis, fields: rest }) => {
    if (days !== undefined || dateFields.some((field) => rest.has(field)))
      throw new EvaluationError('it has a date, which a TIME cannot hold');
    if (millis === undefined) throw new EvaluationError('it is no whole time');
    return millis;
  });
}
const dateFields: readonly Field[] = [
  Field.DAY_OF_WEEK,
  Field.WEEKDAY_IN_MONTH,
  Field.DAY_OF_MONTH,
  Field.DAY_OF_YEAR,
  Field.MONTH_OF_YEAR,
  Field.YEAR,
  Field.ERA,
];

/** How far a zone is ahead of UTC at an instant, in milliseconds. */
export const zoneOffset = (ms: number, name: string): number => zoneOf(name).offsetAt(ms);
