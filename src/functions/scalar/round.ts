import { checked, powerOfTen, type DecimalType } from '../../types/decimals.ts';
import { canonical, doubleToLong, EvaluationError } from '../../types/numbers.ts';
import type { Long, SqlType } from '../../types/sql-type.ts';
import { boundOverload, overload, scalar, type ScalarOverload } from '../define.ts';

type Mode = 'floor' | 'ceil' | 'half' | 'trunc';

/** Integer division, rounded by mode; `half` rounds ties toward positive infinity, as Java's Math.round. */
function divide(value: bigint, by: bigint, mode: Mode): bigint {
  const down = value / by - (value % by < 0n ? 1n : 0n);
  const rest = value - down * by;
  if (mode === 'floor' || rest === 0n) return down;
  if (mode === 'ceil') return down + 1n;
  if (mode === 'trunc') return value < 0n ? down + 1n : down;
  return rest * 2n >= by ? down + 1n : down;
}

/** A decimal rounded to whole numbers, keeping its precision and scale. */
export function roundDecimal(params: string, mode: Mode): ScalarOverload {
  return boundOverload(params, 'DECIMAL', ({ returns }) => {
    const type = returns as DecimalType;
    const unit = powerOfTen(type.scale);
    return (value: Long) => checked(canonical(divide(BigInt(value), unit, mode) * unit), type);
  });
}

/** A decimal rounded to a number of places, keeping its precision and scale. */
export function roundDecimalPlaces(mode: Mode): ScalarOverload {
  return boundOverload('value DECIMAL, places INTEGER', 'DECIMAL', ({ returns }) => {
    const type = returns as DecimalType;
    const { scale, precision } = type;
    return (value: Long, places: number) => {
      if (places >= scale) return value;
      // Nothing is left of a value less than half the unit.
      if (scale - places > precision) return 0;
      const unit = powerOfTen(scale - places);
      return checked(canonical(divide(BigInt(value), unit, mode) * unit), type);
    };
  });
}

/** A decimal rounded to DECIMAL(p - s, 0). */
export function roundDecimalWhole(mode: Mode): ScalarOverload {
  const result = (args: readonly (SqlType | null)[]): SqlType => {
    const type = args[0];
    if (type?.kind !== 'DECIMAL') return { kind: 'DECIMAL', precision: type?.kind === 'INTEGER' ? 10 : 19, scale: 0 };
    return { kind: 'DECIMAL', precision: Math.max(1, type.precision - type.scale), scale: 0 };
  };
  return boundOverload('value DECIMAL', result, ({ args, returns }) => {
    const unit = powerOfTen(args[0]?.kind === 'DECIMAL' ? args[0].scale : 0);
    return (value: Long) => checked(canonical(divide(BigInt(value), unit, mode)), returns as DecimalType);
  });
}

function roundDouble(value: number, places: number): number {
  if (!Number.isFinite(value)) throw new EvaluationError(`${value} cannot be rounded to a number of places`);
  const factor = 10 ** places;
  return Math.floor(value * factor + 0.5) / factor;
}

export const round = scalar({
  name: 'ROUND',
  doc: 'Rounds to a whole number, or to a number of decimal places; ties go toward positive infinity.',
  category: 'NUMERIC',
  overloads: [
    overload('value INTEGER', 'BIGINT', (value: number) => value),
    overload('value BIGINT', 'BIGINT', (value: Long) => value),
    overload('value DOUBLE', 'BIGINT', (value: number) => doubleToLong(Math.floor(value + 0.5))),
    overload('value DOUBLE, places INTEGER', 'DOUBLE', roundDouble),
    roundDecimalWhole('half'),
    roundDecimalPlaces('half'),
  ],
});
