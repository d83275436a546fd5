import type { Value } from '../../types/sql-type.ts';
import { tableFunction, tableOverload } from '../define.ts';

export const explode = tableFunction({
  name: 'EXPLODE',
  doc: 'One row for each element of an array; none for a null or empty one.',
  category: 'TABLE',
  overloads: [tableOverload('items ARRAY<T>', 'T', (items: readonly Value[] | null) => items ?? [])],
});
