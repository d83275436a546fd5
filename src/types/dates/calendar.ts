/** The proleptic Gregorian calendar on days since 1970-01-01, for any year that a number counts exactly. */

export const millisPerDay = 86_400_000;

export const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
export const monthLength = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : monthLengths[month - 1]!;

/** Days since 1970-01-01 of a date whose fields are valid. */
export function daysOf(year: number, month: number, day: number): number {
  // Years begin in March, so that the leap day is the last one.
  const y = month > 2 ? year : year - 1;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const leaps = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * 146_097 + yearOfEra * 365 + leaps + dayOfYear - 719_468;
}

/** A date of the calendar. */
export interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export function dateOf(days: number): CalendarDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

const floorMod = (value: number, by: number): number => ((value % by) + by) % by;

/** Monday is 1. */
export const dayOfWeek = (days: number): number => floorMod(days + 3, 7) + 1;
export const dayOfYear = (days: number, year: number): number => days - daysOf(year, 1, 1) + 1;

/** Weeks of the United States: they begin on Sunday, and the week of 1 January is the year's first. Sunday is 1. */
export const localDayOfWeek = (days: number): number => (dayOfWeek(days) % 7) + 1;

/** The number of a week by the day's number in its month or year, of which the first day is in week 1. */
const weekAt = (day: number, localDay: number): number => Math.floor((day - localDay + 13) / 7);
export const weekOfMonth = (days: number): number => weekAt(dateOf(days).day, localDayOfWeek(days));

/** The year and number of a week. The days at a year's end that share a week with 1 January are in week 1 of the next year. */
export function weekOfYear(days: number): { readonly year: number; readonly week: number } {
  const { year } = dateOf(days);
  const nextYear = daysOf(year + 1, 1, 1);
  if (days >= nextYear - (localDayOfWeek(nextYear) - 1)) return { year: year + 1, week: 1 };
  return { year, week: weekAt(dayOfYear(days, year), localDayOfWeek(days)) };
}

/** The day of a week; a week after the year's last one is its last. */
export function dayOfWeekYear(year: number, week: number, localDay: number): number {
  const first = daysOf(year, 1, 1);
  const start = first - (localDayOfWeek(first) - 1);
  const nextFirst = daysOf(year + 1, 1, 1);
  const weeks = (nextFirst - (localDayOfWeek(nextFirst) - 1) - start) / 7;
  return start + (Math.min(week, weeks) - 1) * 7 + localDay - 1;
}
