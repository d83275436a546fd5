import { EvaluationError } from '../../types/numbers.ts';
import type { Value } from '../../types/sql-type.ts';
import { tableFunction, tableOverload } from '../define.ts';

export const cubeExplode = tableFunction({
  name: 'CUBE_EXPLODE',
  doc: 'One row for each way to keep or null the elements of an array: first all null, last all kept.',
  category: 'TABLE',
  overloads: [
    tableOverload('columns ARRAY<T>', 'ARRAY<T>', (columns: readonly Value[] | null) => {
      if (columns === null) return [];
      const places = columns.flatMap((value, i) => (value === null ? [] : [i]));
      if (places.length > 20) throw new EvaluationError(`CUBE_EXPLODE of ${places.length} columns: 20 at most`);
      return Array.from({ length: 2 ** places.length }, (_, bits) =>
        columns.map((value, i) => {
          const bit = places.length - 1 - places.indexOf(i);
          return value !== null && ((bits >> bit) & 1) === 1 ? value : null;
        }),
      );
    }),
  ],
});
