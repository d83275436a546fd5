import { EvaluationError } from '../numbers.ts';
import {
  dateOf,
  dayOfWeek,
  dayOfYear,
  localDayOfWeek,
  weekOfMonth,
  weekOfYear,
  type CalendarDate,
} from './calendar.ts';
import { Field, fieldName } from './fields.ts';
import { dayPeriods, isWithin, nameOf, narrowPeriods, type TextStyle } from './names.ts';
import type { NumberPart, Part } from './pattern.ts';
import { namesOfZone, type Zone } from './zones.ts';

/** A date, a time, or both in a zone, to be printed. */
export class Moment {
  /** NaN where there is no date. */
  days = NaN;
  /** NaN where there is no time. */
  millis = NaN;
  zone: Zone | undefined;
  /** The instant, where there is a zone. */
  instant = 0;
  offset = 0;
  #date: CalendarDate | undefined;

  set(days: number, millis: number): this {
    this.days = days;
    this.millis = millis;
    this.zone = undefined;
    this.#date = undefined;
    return this;
  }

  get date(): CalendarDate {
    return (this.#date ??= dateOf(this.days));
  }

  /** The value of a field, or NaN. */
  get(field: Field): number {
    const { days, millis } = this;
    switch (field) {
      case Field.NANO_OF_SECOND:
        return (millis % 1000) * 1_000_000;
      case Field.NANO_OF_DAY:
        return millis * 1_000_000;
      case Field.MILLI_OF_DAY:
        return millis;
      case Field.SECOND_OF_MINUTE:
        return Math.floor(millis / 1000) % 60;
      case Field.MINUTE_OF_HOUR:
        return Math.floor(millis / 60_000) % 60;
      case Field.HOUR_OF_DAY:
        return Math.floor(millis / 3_600_000);
      case Field.HOUR_OF_AMPM:
        return Math.floor(millis / 3_600_000) % 12;
      case Field.CLOCK_HOUR_OF_AMPM:
        return ((Math.floor(millis / 3_600_000) + 11) % 12) + 1;
      case Field.CLOCK_HOUR_OF_DAY:
        return ((Math.floor(millis / 3_600_000) + 23) % 24) + 1;
      case Field.AMPM_OF_DAY:
        return Math.floor(millis / 43_200_000);
      case Field.OFFSET_SECONDS:
        return this.zone === undefined ? NaN : this.offset / 1000;
      default:
        return days === days ? this.#dateField(field) : NaN;
    }
  }

  #dateField(field: Field): number {
    const { days, date } = this;
    switch (field) {
      case Field.DAY_OF_MONTH:
        return date.day;
      case Field.MONTH_OF_YEAR:
        return date.month;
      case Field.YEAR:
        return date.year;
      case Field.YEAR_OF_ERA:
        return date.year >= 1 ? date.year : 1 - date.year;
      case Field.ERA:
        return date.year >= 1 ? 1 : 0;
      case Field.DAY_OF_WEEK:
        return dayOfWeek(days);
      case Field.LOCAL_DAY_OF_WEEK:
        return localDayOfWeek(days);
      case Field.WEEKDAY_IN_MONTH:
        return ((date.day - 1) % 7) + 1;
      case Field.DAY_OF_YEAR:
        return dayOfYear(days, date.year);
      case Field.QUARTER_OF_YEAR:
        return Math.floor((date.month + 2) / 3);
      case Field.MODIFIED_JULIAN_DAY:
        return days + 40_587;
      case Field.WEEK_OF_MONTH:
        return weekOfMonth(days);
      case Field.WEEK_OF_YEAR:
        return weekOfYear(days).week;
      case Field.WEEK_YEAR:
        return weekOfYear(days).year;
      default:
        return NaN;
    }
  }
}

/** Prints a part; undefined when the moment lacks its field. */
type Print = (moment: Moment) => string | undefined;

const zeros = '0000000000000000000';
const padded = (digits: string, width: number): string =>
  digits.length < width ? zeros.slice(0, width - digits.length) + digits : digits;

function numberPrinter(part: NumberPart): Print {
  const { field, min, max, sign, reduced, fraction } = part;
  if (fraction) {
    return (moment) => {
      const nanos = moment.get(field);
      return nanos === nanos ? padded(String(nanos), 9).slice(0, max) : undefined;
    };
  }
  return (moment) => {
    const value = moment.get(field);
    if (value !== value) return undefined;
    const size = Math.abs(value);
    const digits = String(reduced ? size % 100 : size);
    if (digits.length > max) throw new EvaluationError(`the ${fieldName(field)} ${value} has more than ${max} digits`);
    if (reduced) return padded(digits, min);
    if (value < 0) {
      if (sign === 'never') throw new EvaluationError(`the ${fieldName(field)} ${value} is negative`);
      return `-${padded(digits, min)}`;
    }
    return sign === 'exceeds' && digits.length > min ? `+${digits}` : padded(digits, min);
  };
}

function periodPrinter(style: TextStyle): Print {
  return ({ millis }) => {
    if (millis !== millis) return undefined;
    const minute = Math.floor(millis / 60_000);
    const { name } = dayPeriods.find((period) => isWithin(period, minute))!;
    return style === 'narrow' ? (narrowPeriods[name] ?? name) : name;
  };
}

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** Offsets by the number of their pattern: +HH, +HHmm, +HH:mm, +HHMM, +HH:MM, +HHMMss, +HH:MM:ss. */
function offsetText(total: number, type: number, zero: string): string {
  const size = Math.abs(total);
  const [hours, minutes, seconds] = [Math.floor(size / 3600) % 100, Math.floor(size / 60) % 60, size % 60];
  const colon = type % 2 === 0 ? ':' : '';
  let text = two(hours);
  let shown = hours;
  if (type >= 3 || (type >= 1 && minutes > 0)) {
    text += colon + two(minutes);
    shown += minutes;
    if (type >= 5 && seconds > 0) {
      text += colon + two(seconds);
      shown += seconds;
    }
  }
  return shown === 0 ? zero : (total < 0 ? '-' : '+') + text;
}

function gmtOffsetText(total: number, style: 'short' | 'full'): string {
  if (total === 0) return 'GMT';
  const size = Math.abs(total);
  const [hours, minutes, seconds] = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60];
  let text = `GMT${total < 0 ? '-' : '+'}${style === 'full' ? two(hours) : hours}`;
  if (style === 'full' || minutes !== 0 || seconds !== 0) text += `:${two(minutes)}`;
  return seconds === 0 ? text : `${text}:${two(seconds)}`;
}

function zoneName(zone: Zone, instant: number, style: 'short' | 'full', generic: boolean): string {
  if (zone.isOffset) return zone.id;
  const names = namesOfZone(zone.id);
  return names === undefined ? zone.id : names[style][generic ? 2 : zone.isSummerAt(instant) ? 1 : 0]!;
}

function printer(part: Part): Print {
  switch (part.kind) {
    case 'literal':
      return () => part.text;
    case 'number':
      return numberPrinter(part);
    case 'text':
      return (moment) => {
        const value = moment.get(part.field);
        return value === value ? nameOf(part.field, part.style, value) : undefined;
      };
    case 'period':
      return periodPrinter(part.style);
    case 'zone id':
      return ({ zone }) => zone?.id;
    case 'zone name':
      return ({ zone, instant }) => zone && zoneName(zone, instant, part.style, part.generic);
    case 'offset':
      return ({ zone, offset }) => zone && offsetText(offset / 1000, part.type, part.zero);
    case 'GMT offset':
      return ({ zone, offset }) => zone && gmtOffsetText(offset / 1000, part.style);
    case 'padded': {
      const inner = printer(part.part);
      return (moment) => {
        const text = inner(moment);
        if (text !== undefined && text.length > part.width)
          throw new EvaluationError(`"${text}" is wider than ${part.width}`);
        return text?.padStart(part.width);
      };
    }
    case 'optional': {
      const printers = part.parts.map(printer);
      return (moment) => {
        let text = '';
        for (const print of printers) {
          const next = print(moment);
          if (next === undefined) return '';
          text += next;
        }
        return text;
      };
    }
  }
}

/** What a moment must have for a part, as an error says it. */
function lacking(part: Part): string {
  if (part.kind === 'padded') return lacking(part.part);
  if (part.kind === 'number' || part.kind === 'text') return fieldName(part.field);
  return part.kind === 'period' ? 'time' : 'time zone';
}

/** Compiles a pattern to a function that prints moments. Throws `EvaluationError` where a moment lacks a part. */
export function formatterOf(parts: readonly Part[]): (moment: Moment) => string {
  const printers = parts.map(printer);
  return (moment) => {
    let text = '';
    for (let i = 0; i < printers.length; i++) {
      const next = printers[i]!(moment);
      if (next === undefined) throw new EvaluationError(`there is no ${lacking(parts[i]!)}`);
      text += next;
    }
    return text;
  };
}
