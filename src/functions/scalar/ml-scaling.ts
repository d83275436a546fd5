import { EvaluationError } from '../../types/numbers.ts';
import { overload, scalar, type ScalarFunction } from '../define.ts';

/** A feature that is constant has no scale: as in scikit-learn it is divided by 1. */
const scaleOf = (spread: number, what: string): number => {
  if (!(spread >= 0)) throw new EvaluationError(`${what} must be 0 or more`);
  return spread === 0 ? 1 : spread;
};
function scaled(value: number, centre: number, scale: number, centring = true, scaling = true): number {
  const moved = centring ? value - centre : value;
  return scaling ? moved / scale : moved;
}
const standard = (value: number, mean: number, deviation: number, centring?: boolean, scaling?: boolean): number =>
  scaled(value, mean, scaleOf(deviation, 'the standard deviation'), centring, scaling);
const robust = (
  value: number,
  median: number,
  first: number,
  third: number,
  centring?: boolean,
  scaling?: boolean,
): number => scaled(value, median, scaleOf(third - first, 'the third quartile less the first'), centring, scaling);

/** Scalers with given parameters. A feature that is constant is centred, and not scaled, as in scikit-learn. */
export const mlScalers: readonly ScalarFunction[] = [
  scalar({
    name: 'ML_MIN_MAX_SCALER',
    doc: 'The value scaled to 0..1 between a minimum and a maximum, clipped at both ends.',
    category: 'MACHINE LEARNING',
    overloads: [
      overload(
        'value DOUBLE, minimum DOUBLE, maximum DOUBLE',
        'DOUBLE',
        (value: number, minimum: number, maximum: number) =>
          Math.min(1, Math.max(0, scaled(value, minimum, scaleOf(maximum - minimum, 'the maximum less the minimum')))),
      ),
    ],
  }),
  scalar({
    name: 'ML_MAX_ABS_SCALER',
    doc: 'The value divided by the greatest absolute value, clipped to -1..1.',
    category: 'MACHINE LEARNING',
    overloads: [
      overload('value DOUBLE, greatest DOUBLE', 'DOUBLE', (value: number, greatest: number) =>
        Math.min(1, Math.max(-1, scaled(value, 0, scaleOf(Math.abs(greatest), 'the greatest absolute value')))),
      ),
    ],
  }),
  scalar({
    name: 'ML_STANDARD_SCALER',
    doc: 'The z-score: the distance from the mean in standard deviations. Centring and scaling can be turned off.',
    category: 'MACHINE LEARNING',
    overloads: [
      overload('value DOUBLE, mean DOUBLE, deviation DOUBLE', 'DOUBLE', standard),
      overload('value DOUBLE, mean DOUBLE, deviation DOUBLE, centring BOOLEAN, scaling BOOLEAN', 'DOUBLE', standard),
    ],
  }),
  scalar({
    name: 'ML_ROBUST_SCALER',
    doc: 'The distance from the median in units of the distance between the quartiles. Centring and scaling can be turned off.',
    category: 'MACHINE LEARNING',
    overloads: [
      overload('value DOUBLE, median DOUBLE, first_quartile DOUBLE, third_quartile DOUBLE', 'DOUBLE', robust),
      overload(
        'value DOUBLE, median DOUBLE, first_quartile DOUBLE, third_quartile DOUBLE, centring BOOLEAN, scaling BOOLEAN',
        'DOUBLE',
        robust,
      ),
    ],
  }),
];
