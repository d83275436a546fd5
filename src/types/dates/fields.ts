import { EvaluationError } from '../numbers.ts';
import type { Zone } from './zones.ts';

/** The fields of a date and time that pattern letters name, and those that they resolve to. */
export const Field = {
  NANO_OF_SECOND: 0,
  NANO_OF_DAY: 1,
  MILLI_OF_DAY: 2,
  SECOND_OF_MINUTE: 3,
  MINUTE_OF_HOUR: 4,
  HOUR_OF_AMPM: 5,
  CLOCK_HOUR_OF_AMPM: 6,
  HOUR_OF_DAY: 7,
  CLOCK_HOUR_OF_DAY: 8,
  AMPM_OF_DAY: 9,
  DAY_OF_WEEK: 10,
  WEEKDAY_IN_MONTH: 11,
  DAY_OF_MONTH: 12,
  DAY_OF_YEAR: 13,
  MONTH_OF_YEAR: 14,
  YEAR_OF_ERA: 15,
  YEAR: 16,
  ERA: 17,
  OFFSET_SECONDS: 18,
  QUARTER_OF_YEAR: 19,
  MODIFIED_JULIAN_DAY: 20,
  LOCAL_DAY_OF_WEEK: 21,
  WEEK_OF_MONTH: 22,
  WEEK_OF_YEAR: 23,
  WEEK_YEAR: 24,
} as const;
export type Field = (typeof Field)[keyof typeof Field];

const fieldNames = Object.keys(Field);
/** As people write it: day of month. */
export const fieldName = (field: Field): string => fieldNames[field]!.toLowerCase().replaceAll('_', ' ');
const fieldCount = fieldNames.length;

const maxYear = 999_999_999;
const ranges: Readonly<Partial<Record<Field, readonly [number, number]>>> = {
  [Field.NANO_OF_SECOND]: [0, 999_999_999],
  [Field.NANO_OF_DAY]: [0, 86_399_999_999_999],
  [Field.MILLI_OF_DAY]: [0, 86_399_999],
  [Field.SECOND_OF_MINUTE]: [0, 59],
  [Field.MINUTE_OF_HOUR]: [0, 59],
  [Field.HOUR_OF_AMPM]: [0, 11],
  [Field.CLOCK_HOUR_OF_AMPM]: [1, 12],
  [Field.HOUR_OF_DAY]: [0, 23],
  [Field.CLOCK_HOUR_OF_DAY]: [1, 24],
  [Field.AMPM_OF_DAY]: [0, 1],
  [Field.DAY_OF_WEEK]: [1, 7],
  [Field.WEEKDAY_IN_MONTH]: [1, 7],
  [Field.DAY_OF_MONTH]: [1, 31],
  [Field.DAY_OF_YEAR]: [1, 366],
  [Field.MONTH_OF_YEAR]: [1, 12],
  [Field.YEAR_OF_ERA]: [1, maxYear + 1],
  [Field.YEAR]: [-maxYear, maxYear],
  [Field.ERA]: [0, 1],
  [Field.LOCAL_DAY_OF_WEEK]: [1, 7],
  [Field.WEEK_OF_MONTH]: [0, 6],
  [Field.WEEK_OF_YEAR]: [1, 53],
  [Field.WEEK_YEAR]: [-maxYear, maxYear],
};

export function inRange(field: Field, value: number): number {
  const range = ranges[field];
  if (range !== undefined && (value < range[0] || value > range[1]))
    throw new EvaluationError(`${value} is no ${fieldName(field)}`);
  return value;
}

/** A part of the day, such as "in the morning": minutes from midnight. */
export interface DayPeriod {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** What a text said: a number for each field that its pattern has, NaN for the others. */
export class Fields {
  readonly values = new Float64Array(fieldCount).fill(NaN);
  zone: Zone | undefined;
  period: DayPeriod | undefined;

  clear(): void {
    this.values.fill(NaN);
    this.zone = undefined;
    this.period = undefined;
  }

  copy(): Fields {
    const copy = new Fields();
    copy.restore(this);
    return copy;
  }

  restore(saved: Fields): void {
    this.values.set(saved.values);
    this.zone = saved.zone;
    this.period = saved.period;
  }

  has(field: Field): boolean {
    const value = this.values[field]!;
    return value === value;
  }

  get(field: Field): number {
    return this.values[field]!;
  }

  /** Takes a value from the fields: NaN when there is none. */
  take(field: Field): number {
    const value = this.values[field]!;
    this.values[field] = NaN;
    return value;
  }

  remove(field: Field): void {
    this.values[field] = NaN;
  }

  /** Sets a field; false when it has another value already. */
  offer(field: Field, value: number): boolean {
    const old = this.values[field]!;
    this.values[field] = value;
    return old !== old || old === value;
  }

  set(field: Field, value: number): void {
    if (!this.offer(field, value))
      throw new EvaluationError(`its parts contradict each other in the ${fieldName(field)}`);
  }
}
