import { Field, type DayPeriod } from './fields.ts';

/** How long a name is. */
export type TextStyle = 'short' | 'full' | 'narrow';

const first = (names: readonly string[], length: number): string[] => names.map((name) => name.slice(0, length));
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const quarters = ['1', '2', '3', '4'];

interface Names {
  /** The value of the first name. */
  readonly base: number;
  readonly short: readonly string[];
  readonly full: readonly string[];
  readonly narrow: readonly string[];
}
const names: Readonly<Partial<Record<Field, Names>>> = {
  [Field.MONTH_OF_YEAR]: { base: 1, short: first(months, 3), full: months, narrow: first(months, 1) },
  [Field.DAY_OF_WEEK]: { base: 1, short: first(days, 3), full: days, narrow: first(days, 1) },
  [Field.QUARTER_OF_YEAR]: {
    base: 1,
    short: quarters.map((quarter) => `Q${quarter}`),
    full: ['1st quarter', '2nd quarter', '3rd quarter', '4th quarter'],
    narrow: quarters,
  },
  [Field.AMPM_OF_DAY]: { base: 0, short: ['AM', 'PM'], full: ['AM', 'PM'], narrow: ['a', 'p'] },
  [Field.ERA]: { base: 0, short: ['BC', 'AD'], full: ['Before Christ', 'Anno Domini'], narrow: ['B', 'A'] },
};

/** The English name of a field's value. */
export function nameOf(field: Field, style: TextStyle, value: number): string {
  const { base, [style]: list } = names[field]!;
  return list[value - base]!;
}

/** The names of a field, the longest first; of equal names the last value has it. */
export function namesOf(field: Field, style: TextStyle): readonly (readonly [name: string, value: number])[] {
  const { base, [style]: list } = names[field]!;
  const values = new Map(list.map((name, i) => [name, base + i]));
  return [...values].sort(([a], [b]) => b.length - a.length);
}

const hour = 60;
/** Parts of the day in English: the exact ones come first. */
export const dayPeriods: readonly DayPeriod[] = [
  { name: 'midnight', from: 0, to: 0 },
  { name: 'noon', from: 12 * hour, to: 12 * hour },
  { name: 'in the morning', from: 6 * hour, to: 12 * hour },
  { name: 'in the afternoon', from: 12 * hour, to: 18 * hour },
  { name: 'in the evening', from: 18 * hour, to: 21 * hour },
  { name: 'at night', from: 21 * hour, to: 6 * hour },
];
/** The short names of midnight and noon, where patterns ask for narrow names. */
export const narrowPeriods: Readonly<Record<string, string>> = { midnight: 'mi', noon: 'n' };

export function isWithin({ from, to }: DayPeriod, minute: number): boolean {
  if (from === to) return minute === from || (from === 0 && minute === 24 * hour);
  return from < to ? from <= minute && minute < to : from <= minute || minute < to;
}
/** The middle of a period, in minutes from midnight. */
export const middleOf = ({ from, to }: DayPeriod): number =>
  (from + Math.floor((to - from + (from > to ? 24 * hour : 0)) / 2)) % (24 * hour);
