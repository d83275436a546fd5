import type { Long } from '../types/sql-type.ts';
import { DecodeError } from './define.ts';

const int32 = 2 ** 31;
const bounds = { DATE: int32, TIME: int32, TIMESTAMP: 2 ** 53 } as const;

/** A number as days, milliseconds of the day or milliseconds since 1970; throws `DecodeError` for one that no such value has. */
export function timeNumber(value: Long, kind: keyof typeof bounds): number {
  const bound = bounds[kind];
  if (typeof value === 'bigint' || value >= bound || value < -bound)
    throw new DecodeError(`${value} is outside the range of ${kind}`);
  return value;
}
