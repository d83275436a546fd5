import { EvaluationError } from '../numbers.ts';
import {
  daysOf,
  dateOf,
  dayOfWeek,
  dayOfWeekYear,
  isLeap,
  localDayOfWeek,
  millisPerDay,
  monthLength,
} from './calendar.ts';
import { Field, fieldName, inRange, type Fields } from './fields.ts';
import { Moment } from './format.ts';
import { isWithin, middleOf } from './names.ts';
import { instantOf, offsetZone, type Zone } from './zones.ts';

/** What the fields of a text say together. What makes no whole date or time is left in the fields. */
export interface Resolved {
  /** Days since 1970, when there is a whole date. */
  readonly days: number | undefined;
  /** Milliseconds of the day, when there is a whole time. */
  readonly millis: number | undefined;
  readonly zone: Zone | undefined;
  readonly fields: Fields;
}

/** The whole date that the fields give, and NaN without one. Takes what it uses. */
function dateIn(fields: Fields): number {
  const yearOfEra = fields.take(Field.YEAR_OF_ERA);
  if (yearOfEra === yearOfEra) {
    inRange(Field.YEAR_OF_ERA, yearOfEra);
    const era = fields.take(Field.ERA);
    const isBefore = era === 0 || (era !== era && fields.has(Field.YEAR) && fields.get(Field.YEAR) <= 0);
    fields.set(Field.YEAR, isBefore ? 1 - yearOfEra : yearOfEra);
  }
  if (!fields.has(Field.YEAR)) return NaN;
  if (fields.has(Field.MONTH_OF_YEAR) && fields.has(Field.DAY_OF_MONTH)) {
    const year = inRange(Field.YEAR, fields.take(Field.YEAR));
    const month = inRange(Field.MONTH_OF_YEAR, fields.take(Field.MONTH_OF_YEAR));
    const day = inRange(Field.DAY_OF_MONTH, fields.take(Field.DAY_OF_MONTH));
    // A day that its month lacks is the month's last.
    return daysOf(year, month, Math.min(day, monthLength(year, month)));
  }
  if (!fields.has(Field.DAY_OF_YEAR)) return NaN;
  const year = inRange(Field.YEAR, fields.take(Field.YEAR));
  const day = inRange(Field.DAY_OF_YEAR, fields.take(Field.DAY_OF_YEAR));
  if (day === 366 && !isLeap(year)) throw new EvaluationError(`the year ${year} has no day 366`);
  return daysOf(year, 1, 1) + day - 1;
}

/** A date from weeks or a day number. */
function dateOfWeeks(fields: Fields): number {
  const julian = fields.take(Field.MODIFIED_JULIAN_DAY);
  if (julian === julian) return julian - 40_587;
  const local = fields.take(Field.LOCAL_DAY_OF_WEEK);
  if (local === local) fields.set(Field.DAY_OF_WEEK, ((inRange(Field.LOCAL_DAY_OF_WEEK, local) + 5) % 7) + 1);
  if (!fields.has(Field.DAY_OF_WEEK)) return NaN;
  if (fields.has(Field.YEAR)) {
    if (!fields.has(Field.WEEK_OF_MONTH) || !fields.has(Field.MONTH_OF_YEAR)) return NaN;
    const year = inRange(Field.YEAR, fields.take(Field.YEAR));
    const month = inRange(Field.MONTH_OF_YEAR, fields.take(Field.MONTH_OF_YEAR));
    const week = inRange(Field.WEEK_OF_MONTH, fields.take(Field.WEEK_OF_MONTH));
    const first = daysOf(year, month, 1);
    return first + (week - 1) * 7 + weekday(fields) - localDayOfWeek(first);
  }
  if (!fields.has(Field.WEEK_YEAR) || !fields.has(Field.WEEK_OF_YEAR)) return NaN;
  const year = inRange(Field.WEEK_YEAR, fields.take(Field.WEEK_YEAR));
  return dayOfWeekYear(year, inRange(Field.WEEK_OF_YEAR, fields.take(Field.WEEK_OF_YEAR)), weekday(fields));
}
const weekday = (fields: Fields): number => (inRange(Field.DAY_OF_WEEK, fields.take(Field.DAY_OF_WEEK)) % 7) + 1;

/** Reduces the fields of a time to hour, minute, second and fraction. */
function simplifyTime(fields: Fields): void {
  let clock = fields.take(Field.CLOCK_HOUR_OF_DAY);
  if (clock === clock) fields.set(Field.HOUR_OF_DAY, clock === 0 ? 0 : inRange(Field.CLOCK_HOUR_OF_DAY, clock) % 24);
  clock = fields.take(Field.CLOCK_HOUR_OF_AMPM);
  if (clock === clock) fields.set(Field.HOUR_OF_AMPM, clock === 0 ? 0 : inRange(Field.CLOCK_HOUR_OF_AMPM, clock) % 12);
  if (fields.has(Field.AMPM_OF_DAY) && fields.has(Field.HOUR_OF_AMPM)) {
    const half = fields.take(Field.AMPM_OF_DAY);
    fields.set(Field.HOUR_OF_DAY, half * 12 + inRange(Field.HOUR_OF_AMPM, fields.take(Field.HOUR_OF_AMPM)));
  }
  const nanos = fields.take(Field.NANO_OF_DAY);
  if (nanos === nanos) {
    setTime(fields, Math.floor(inRange(Field.NANO_OF_DAY, nanos) / 1e9));
    fields.set(Field.NANO_OF_SECOND, nanos % 1e9);
  }
  const millis = fields.take(Field.MILLI_OF_DAY);
  if (millis === millis) {
    setTime(fields, Math.floor(inRange(Field.MILLI_OF_DAY, millis) / 1000));
    const own = fields.get(Field.NANO_OF_SECOND);
    const finer = own === own ? own % 1_000_000 : 0;
    fields.set(Field.NANO_OF_SECOND, (millis % 1000) * 1_000_000 + finer);
  }
  if (fields.has(Field.NANO_OF_SECOND)) inRange(Field.NANO_OF_SECOND, fields.get(Field.NANO_OF_SECOND));
  if (fields.period !== undefined && fields.has(Field.HOUR_OF_AMPM)) {
    const hour = inRange(Field.HOUR_OF_AMPM, fields.take(Field.HOUR_OF_AMPM));
    const minute = fields.get(Field.MINUTE_OF_HOUR);
    const isLater = isWithin(fields.period, (hour + 12) * 60 + (minute === minute ? minute % 60 : 0));
    fields.set(Field.HOUR_OF_DAY, isLater ? hour + 12 : hour);
    fields.period = undefined;
  }
}

function setTime(fields: Fields, seconds: number): void {
  fields.set(Field.HOUR_OF_DAY, Math.floor(seconds / 3600));
  fields.set(Field.MINUTE_OF_HOUR, Math.floor(seconds / 60) % 60);
  fields.set(Field.SECOND_OF_MINUTE, seconds % 60);
}

const timeFields: readonly Field[] = [
  Field.HOUR_OF_DAY,
  Field.MINUTE_OF_HOUR,
  Field.SECOND_OF_MINUTE,
  Field.NANO_OF_SECOND,
];

/** The milliseconds of the day of a whole time, a whole day for 24:00, and NaN without one. Takes what it uses. */
function timeIn(fields: Fields): number {
  if (!timeFields.some((field) => fields.has(field))) {
    const middle = halfOrPeriod(fields);
    if (middle === middle) return middle * 60_000;
  }
  const [hour, minute, second, nanos] = [
    fields.get(Field.HOUR_OF_DAY),
    fields.get(Field.MINUTE_OF_HOUR),
    fields.get(Field.SECOND_OF_MINUTE),
    fields.get(Field.NANO_OF_SECOND),
  ];
  const [hasMinute, hasSecond, hasNanos] = [minute === minute, second === second, nanos === nanos];
  if (hour !== hour || (!hasMinute && (hasSecond || hasNanos)) || (hasMinute && !hasSecond && hasNanos)) return NaN;
  if (fields.period !== undefined && !isWithin(fields.period, hour * 60 + (hasMinute ? minute : 0)))
    throw new EvaluationError(`${hour} o'clock is not ${fields.period.name}`);
  for (const field of timeFields) fields.remove(field);
  const isMidnight = hour === 24 && !(minute > 0) && !(second > 0) && !(nanos > 0);
  if (isMidnight) return millisPerDay;
  inRange(Field.HOUR_OF_DAY, hour);
  if (hasMinute) inRange(Field.MINUTE_OF_HOUR, minute);
  if (hasSecond) inRange(Field.SECOND_OF_MINUTE, second);
  return (
    ((hour * 60 + (hasMinute ? minute : 0)) * 60 + (hasSecond ? second : 0)) * 1000 +
    (hasNanos ? Math.floor(nanos / 1_000_000) : 0)
  );
}

/** The minute of the day that stands for "in the morning" or AM where a text says no more of the time. */
function halfOrPeriod(fields: Fields): number {
  const { period } = fields;
  fields.period = undefined;
  if (period !== undefined) return middleOf(period);
  return fields.take(Field.AMPM_OF_DAY) * 720 + 360;
}

const check = new Moment();

/** Resolves the fields of a text by Java's rules (its style SMART). Throws `EvaluationError` where they contradict each other. */
export function resolve(fields: Fields): Resolved {
  const simple = dateIn(fields);
  simplifyTime(fields);
  const other = dateOfWeeks(fields);
  if (simple === simple && other === other && simple !== other)
    throw new EvaluationError('its parts say different dates');
  let days = simple === simple ? simple : other;
  let millis = timeIn(fields);
  for (let field = 0; field < fields.values.length; field++) {
    const value = fields.values[field]!;
    if (value !== value) continue;
    if (field < Field.QUARTER_OF_YEAR) inRange(field as Field, value);
    const own = field === Field.OFFSET_SECONDS ? NaN : check.set(days, millis % millisPerDay).get(field as Field);
    if (own !== own) continue;
    if (own !== value)
      throw new EvaluationError(`its ${fieldName(field as Field)} is ${value} where the rest says ${own}`);
    fields.remove(field as Field);
  }
  if (millis === millisPerDay) {
    millis = 0;
    days++;
  }
  // Checked where the instant follows from it.
  if (fields.has(Field.OFFSET_SECONDS) && days === days && millis === millis)
    offsetZone(fields.get(Field.OFFSET_SECONDS));
  return {
    days: days === days ? days : undefined,
    millis: millis === millis ? millis : undefined,
    zone: fields.zone,
    fields,
  };
}

/** As ksqlDB's timestamps: what the text did not say is that of 1970-01-01T00:00. */
export function completed({ days, millis, zone, fields }: Resolved, otherwise: Zone): number {
  const day = days ?? partialDate(fields);
  const time = millis ?? partialTime(fields);
  const local = day * millisPerDay + time;
  if (!Number.isSafeInteger(local)) throw new EvaluationError('its year is too far away');
  const offset = fields.get(Field.OFFSET_SECONDS);
  // An offset says more than a zone, when the text has both and the whole time.
  if (offset === offset && days !== undefined && millis !== undefined) return local - offset * 1000;
  if (zone !== undefined) return instantOf(local, zone, undefined);
  if (offset === offset) return local - offsetZone(offset).offsetAt(local);
  // Java sets the fields one by one: an hour that clocks show twice has the offset that the same day of 1970 has, if it can.
  const { year } = dateOf(day);
  const model = day - daysOf(year, 1, 1);
  return instantOf(local, otherwise, model * millisPerDay + time);
}

function partialTime(fields: Fields): number {
  const value = (field: Field): number => (fields.has(field) ? fields.get(field) : 0);
  const hour = fields.has(Field.HOUR_OF_DAY) ? fields.get(Field.HOUR_OF_DAY) : value(Field.HOUR_OF_AMPM);
  const hourOfDay = fields.has(Field.AMPM_OF_DAY) ? (hour % 12) + fields.get(Field.AMPM_OF_DAY) * 12 : hour;
  return (
    ((hourOfDay * 60 + value(Field.MINUTE_OF_HOUR)) * 60 + value(Field.SECOND_OF_MINUTE)) * 1000 +
    Math.floor(value(Field.NANO_OF_SECOND) / 1_000_000)
  );
}

/** Sets the fields one after the other, from the smallest to the largest, in 1970-01-01. */
export function partialDate(fields: Fields): number {
  let days = 0;
  if (fields.has(Field.DAY_OF_WEEK)) days += fields.get(Field.DAY_OF_WEEK) - dayOfWeek(days);
  if (fields.has(Field.WEEKDAY_IN_MONTH))
    days += fields.get(Field.WEEKDAY_IN_MONTH) - (((dateOf(days).day - 1) % 7) + 1);
  let { year, month, day } = dateOf(days);
  if (fields.has(Field.DAY_OF_MONTH)) {
    day = fields.get(Field.DAY_OF_MONTH);
    if (day > monthLength(year, month)) throw new EvaluationError(`there is no day ${day} without its month`);
  }
  if (fields.has(Field.DAY_OF_YEAR)) {
    const number = fields.get(Field.DAY_OF_YEAR);
    if (number === 366) throw new EvaluationError('there is no day 366 without its year');
    ({ year, month, day } = dateOf(daysOf(year, 1, 1) + number - 1));
  }
  if (fields.has(Field.MONTH_OF_YEAR)) month = fields.get(Field.MONTH_OF_YEAR);
  day = Math.min(day, monthLength(year, month));
  if (fields.has(Field.YEAR)) year = fields.get(Field.YEAR);
  if (fields.has(Field.ERA) && fields.get(Field.ERA) !== (year >= 1 ? 1 : 0)) year = 1 - year;
  return daysOf(year, month, Math.min(day, monthLength(year, month)));
}
