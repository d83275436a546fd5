import { overload, scalar } from '../define.ts';
import { roundDecimal } from './round.ts';

export const ceil = scalar({
  name: 'CEIL',
  doc: 'The smallest whole number that is not less.',
  category: 'NUMERIC',
  overloads: [
    overload('value INTEGER', 'INTEGER', (value: number) => value),
    overload('value BIGINT', 'BIGINT', (value: number) => value),
    overload('value DOUBLE', 'DOUBLE', Math.ceil),
    roundDecimal('value DECIMAL', 'ceil'),
  ],
});
