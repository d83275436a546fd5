import { equalValues } from '../../types/compare.ts';
import type { Value } from '../../types/sql-type.ts';
import { overload, scalar } from '../define.ts';

export const coalesce = scalar({
  name: 'COALESCE',
  doc: 'The first value that is not null.',
  category: 'NULL',
  overloads: [
    overload('first T, others T...', 'T', (...values: Value[]) => values.find((value) => value !== null) ?? null, {
      acceptsNull: true,
    }),
  ],
});
export const ifnull = scalar({
  name: 'IFNULL',
  doc: 'The value, or the alternative when the value is null.',
  category: 'NULL',
  overloads: [
    overload('value T, alternative T', 'T', (value: Value, alternative: Value) => value ?? alternative, {
      acceptsNull: true,
    }),
  ],
});
export const nullif = scalar({
  name: 'NULLIF',
  doc: 'Null when both values are equal, else the first.',
  category: 'NULL',
  overloads: [
    overload(
      'value T, other T',
      'T',
      (value: Value, other: Value) => (value === null || (other !== null && equalValues(value, other)) ? null : value),
      { acceptsNull: true },
    ),
  ],
});
export const asValue = scalar({
  name: 'AS_VALUE',
  doc: 'The value itself: copies a key column into the value.',
  category: 'OTHER',
  overloads: [overload('value T', 'T', (value: Value) => value)],
});
