import { EvaluationError } from '../../types/numbers.ts';
import type { Value } from '../../types/sql-type.ts';
import { overload, scalar } from '../define.ts';

function bucketize(
  value: number | null,
  splits: readonly number[],
  names: readonly string[] | undefined,
): string | null {
  if (splits.some((split, i) => i > 0 && !(split > splits[i - 1]!)))
    throw new EvaluationError('the split points must ascend');
  if (names !== undefined && names.length !== splits.length + 1)
    throw new EvaluationError('there must be one name more than split points');
  if (value === null || Number.isNaN(value)) return 'bin_NULL';
  const at = splits.findIndex((split) => value < split);
  const index = at < 0 ? splits.length : at;
  return names?.[index] ?? `bin_${index + 1}`;
}

export const mlBucketize = scalar({
  name: 'ML_BUCKETIZE',
  doc: 'The bucket of a value among ascending split points: bin_1 below the first, bin_2 from the first up to the second, and so on, or the names given; NaN and null have the bucket bin_NULL.',
  category: 'MACHINE LEARNING',
  overloads: [
    overload(
      'value DOUBLE, splits ARRAY<DOUBLE>',
      'STRING',
      (value: number | null, splits: readonly number[]) => bucketize(value, splits, undefined),
      { acceptsNull: true },
    ),
    overload('value DOUBLE, splits ARRAY<DOUBLE>, names ARRAY<STRING>', 'STRING', bucketize, { acceptsNull: true }),
  ],
});

export const mlOneHotEncoder = scalar({
  name: 'ML_ONE_HOT_ENCODER',
  doc: 'One 1 at the place of the value among the categories, 0 elsewhere; all 0 when it is none of them.',
  category: 'MACHINE LEARNING',
  overloads: [
    overload('value STRING, categories ARRAY<STRING>', 'ARRAY<DOUBLE>', (value: Value, categories: readonly Value[]) =>
      categories.map((category) => (category === value ? 1 : 0)),
    ),
  ],
});

export const mlMinMaxScaler = scalar({
  name: 'ML_MIN_MAX_SCALER',
  doc: 'The value scaled to 0..1 between a minimum and a maximum, clipped at both ends.',
  category: 'MACHINE LEARNING',
  overloads: [
    overload(
      'value DOUBLE, minimum DOUBLE, maximum DOUBLE',
      'DOUBLE',
      (value: number, minimum: number, maximum: number) => {
        if (!(maximum > minimum)) throw new EvaluationError('the maximum must be greater than the minimum');
        return Math.min(1, Math.max(0, (value - minimum) / (maximum - minimum)));
      },
    ),
  ],
});

export const mlStandardScaler = scalar({
  name: 'ML_STANDARD_SCALER',
  doc: 'The z-score: the distance from the mean in standard deviations.',
  category: 'MACHINE LEARNING',
  overloads: [
    overload(
      'value DOUBLE, mean DOUBLE, deviation DOUBLE',
      'DOUBLE',
      (value: number, mean: number, deviation: number) => {
        if (!(deviation > 0)) throw new EvaluationError('the standard deviation must be greater than 0');
        return (value - mean) / deviation;
      },
    ),
  ],
});
