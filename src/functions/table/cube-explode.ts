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
      const kept = columns.reduce<number>((count, value) => count + Number(value !== null), 0);
      if (kept > 20) throw new EvaluationError(`CUBE_EXPLODE of ${kept} columns: 20 at most`);
      const rows: Value[][] = [];
      for (let bits = 0; bits < 2 ** kept; bits++) {
        // The first element that is no null goes by the highest bit; a null has none.
        let bit = kept;
        rows.push(columns.map((value) => (value !== null && ((bits >> --bit) & 1) === 1 ? value : null)));
      }
      return rows;
    }),
  ],
});
