import { identity } from '../../types/compare.ts';
import { EvaluationError } from '../../types/numbers.ts';
import type { Value } from '../../types/sql-type.ts';
import { overload, scalar, type ScalarFunction } from '../define.ts';

function bucketize(
  value: number | null,
  splits: readonly number[] | null,
  names: readonly string[] | null | undefined,
): string | null {
  if (splits === null || names === null) return null;
  if (splits.some((split, i) => i > 0 && !(split > splits[i - 1]!)))
    throw new EvaluationError('the split points must ascend');
  if (names !== undefined && names.length !== splits.length + 1)
    throw new EvaluationError('there must be one name more than split points');
  if (value === null || Number.isNaN(value)) return 'bin_NULL';
  const at = splits.findIndex((split) => value < split);
  const index = at < 0 ? splits.length : at;
  return names?.[index] ?? `bin_${index + 1}`;
}

const bucketizer = scalar({
  name: 'ML_BUCKETIZE',
  doc: 'The bucket of a value among ascending split points: bin_1 below the first, bin_2 from the first up to the second, and so on, or the names given; NaN and null have the bucket bin_NULL.',
  category: 'MACHINE LEARNING',
  overloads: [
    overload(
      'value DOUBLE, splits ARRAY<DOUBLE>',
      'STRING',
      (value: number | null, splits: readonly number[] | null) => bucketize(value, splits, undefined),
      { acceptsNull: true },
    ),
    overload('value DOUBLE, splits ARRAY<DOUBLE>, names ARRAY<STRING>', 'STRING', bucketize, { acceptsNull: true }),
  ],
});

/** The place of a value among the categories, -1 for none of them. */
function placeOf(value: Value, categories: readonly Value[]): number {
  const wanted = identity(value);
  return categories.findIndex((category) => identity(category) === wanted);
}

const oneHot = (value: Value, categories: readonly Value[], dropLast = false): number[] => {
  const place = placeOf(value, categories);
  return (dropLast ? categories.slice(0, -1) : categories).map((_, i) => (i === place ? 1 : 0));
};
const oneHotEncoder = scalar({
  name: 'ML_ONE_HOT_ENCODER',
  doc: 'One 1 at the place of the value among the categories, 0 elsewhere; all 0 when it is none of them, or the last where that has no place of its own.',
  category: 'MACHINE LEARNING',
  overloads: [
    overload('value T, categories ARRAY<T>', 'ARRAY<DOUBLE>', oneHot),
    overload('value T, categories ARRAY<T>, drop_last BOOLEAN', 'ARRAY<DOUBLE>', oneHot),
  ],
});

const label = (value: Value, categories: readonly Value[] | null, zero: boolean | null): number | null =>
  categories === null || zero === null ? null : placeOf(value, categories) + (zero ? 0 : 1);
const labelEncoder = scalar({
  name: 'ML_LABEL_ENCODER',
  doc: 'The number of the value among the categories, from 1, with 0 for null and for what is none of them; or from 0, with -1 for those.',
  category: 'MACHINE LEARNING',
  overloads: [
    overload(
      'value T, categories ARRAY<T>',
      'INTEGER',
      (value: Value, categories: readonly Value[] | null) => label(value, categories, false),
      { acceptsNull: true },
    ),
    overload('value T, categories ARRAY<T>, from_zero BOOLEAN', 'INTEGER', label, { acceptsNull: true }),
  ],
});

/** What makes numbers and names of categories. */
export const mlEncoders: readonly ScalarFunction[] = [bucketizer, oneHotEncoder, labelEncoder];
