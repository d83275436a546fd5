import { canonical } from '../../types/numbers.ts';
import type { Long } from '../../types/sql-type.ts';
import { overload, scalar } from '../define.ts';

const absLong = (value: Long): Long =>
  value < 0 ? (typeof value === 'number' ? -value : canonical(BigInt.asIntN(64, -value))) : value;

export const abs = scalar({
  name: 'ABS',
  doc: 'The absolute value.',
  category: 'NUMERIC',
  overloads: [
    overload('value INTEGER', 'INTEGER', (value: number) => Math.abs(value) | 0),
    overload('value BIGINT', 'BIGINT', absLong),
    overload('value DOUBLE', 'DOUBLE', Math.abs),
    overload('value DECIMAL', 'DECIMAL', absLong),
  ],
});
