import { fits, rescale, unscaledBytes, unscaledFrom } from '../../types/decimals.ts';
import type { Long, SqlType, Value } from '../../types/sql-type.ts';
import { DecodeError } from '../define.ts';

const dayMs = 86_400_000;

/** How a value of a SQL type is split into the fields of the message that stands for it, and comes back. */
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
          const date = new Date((value as number) * dayMs);
          return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
        },
        join: ([year, month, day]) => {
          const date = new Date(0);
          date.setUTCFullYear(year as number, (month as number) - 1, day as number);
          return Math.floor(date.getTime() / dayMs);
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
          return ((hours! * 60 + minutes!) * 60 + seconds!) * 1000 + Math.floor(nanos! / 1_000_000);
        },
      };
    case 'TIMESTAMP': // seconds, nanos
      return {
        split: (value) => {
          const seconds = Math.floor((value as number) / 1000);
          return [seconds, ((value as number) - seconds * 1000) * 1_000_000];
        },
        join: ([seconds, nanos]) => Number(seconds) * 1000 + Math.floor((nanos as number) / 1_000_000),
      };
    default:
      return undefined;
  }
}
