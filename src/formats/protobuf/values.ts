import { dateOf, daysOf, monthLength } from '../../types/dates/calendar.ts';
import { fits, rescale, unscaledBytes, unscaledFrom } from '../../types/decimals.ts';
import type { Long, SqlType, Value } from '../../types/sql-type.ts';
import { DecodeError } from '../define.ts';
import { timeNumber } from '../time-numbers.ts';

/** How a value of a SQL type converts to the fields of its message, and back. */
interface Standing {
  readonly split: (value: Value) => readonly Value[];
  readonly join: (fields: readonly Value[]) => Value;
}

export function standingFor(type: SqlType): Standing | undefined {
  switch (type.kind) {
    case 'DECIMAL': // value, precision, scale
      return {
        split: (value) => [unscaledBytes(value as Long), type.precision, type.scale],
        join: ([bytes, , scale]) => {
          const value = rescale(unscaledFrom(bytes as Buffer), scale as number, type.scale);
          if (!fits(value, type.precision)) throw new DecodeError(`a decimal has more than ${type.precision} digits`);
          return value;
        },
      };
    case 'DATE': // year, month, day
      return {
        split: (value) => {
          const { year, month, day } = dateOf(value as number);
          return [year, month, day];
        },
        join: (parts) => {
          const [year, month, day] = parts as readonly number[];
          if (month! < 1 || month! > 12 || day! < 1 || day! > monthLength(year!, month!))
            throw new DecodeError(`${year}-${month}-${day} is not a date`);
          return timeNumber(daysOf(year!, month!, day!), 'DATE');
        },
      };
    case 'TIME': // hours, minutes, seconds, nanos
      return {
        split: (value) => {
          const ms = value as number;
          const seconds = Math.floor(ms / 1000);
          return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60, (ms % 1000) * 1_000_000];
        },
        join: (fields) => {
          const [hours, minutes, seconds, nanos] = fields as readonly number[];
          return timeNumber(((hours! * 60 + minutes!) * 60 + seconds!) * 1000 + Math.floor(nanos! / 1_000_000), 'TIME');
        },
      };
    case 'TIMESTAMP': // seconds, nanos
      return {
        split: (value) => {
          const seconds = Math.floor((value as number) / 1000);
          return [seconds, ((value as number) - seconds * 1000) * 1_000_000];
        },
        join: ([seconds, nanos]) =>
          timeNumber(Number(seconds) * 1000 + Math.floor((nanos as number) / 1_000_000), 'TIMESTAMP'),
      };
    default:
      return undefined;
  }
}
