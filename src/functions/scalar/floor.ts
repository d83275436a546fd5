import { overload, scalar } from '../define.ts';
import { roundDecimal } from './round.ts';

export const floor = scalar({
  name: 'FLOOR',
  doc: 'The largest whole number that is not greater.',
  category: 'NUMERIC',
  overloads: [
    overload('value INTEGER', 'INTEGER', (value: number) => value),
    overload('value BIGINT', 'BIGINT', (value: number) => value),
    overload('value DOUBLE', 'DOUBLE', Math.floor),
    roundDecimal('value DECIMAL', 'floor'),
  ],
});
