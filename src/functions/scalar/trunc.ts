import { doubleToLong } from '../../types/numbers.ts';
import type { Long } from '../../types/sql-type.ts';
import { overload, scalar } from '../define.ts';
import { roundDecimalPlaces, roundDecimalWhole } from './round.ts';

export const trunc = scalar({
  name: 'TRUNC',
  doc: 'Cuts off decimal places, toward zero.',
  category: 'NUMERIC',
  overloads: [
    overload('value INTEGER', 'BIGINT', (value: number) => value),
    overload('value BIGINT', 'BIGINT', (value: Long) => value),
    overload('value DOUBLE', 'BIGINT', doubleToLong),
    overload(
      'value DOUBLE, places INTEGER',
      'DOUBLE',
      (value: number, places: number) => Math.trunc(value * 10 ** places) / 10 ** places,
    ),
    roundDecimalWhole('trunc'),
    roundDecimalPlaces('trunc'),
  ],
});
