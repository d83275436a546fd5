import { SqlError } from '../../diagnostics/sql-error.ts';
import type { Rows } from '../../bound/rows.ts';
import { isPseudoColumn } from '../../types/schema.ts';
import type { SelectContext } from '../context.ts';
import type { Selected } from '../selected.ts';

/** Output names are unique and not those of pseudo columns, except for a key that PARTITION BY made from a pseudo column. */
export function checkOutputNames(
  selected: readonly Selected[],
  rows: Rows,
  { options: { purpose } }: SelectContext,
): void {
  const seen = new Set<string>();
  for (const { name, span, expr, starred } of selected) {
    if (seen.has(name)) throw new SqlError('DUPLICATE_COLUMN', span, { column: name });
    seen.add(name);
    if ((purpose !== 'persistent' && purpose !== 'part') || !isPseudoColumn(name)) continue;
    const itself = expr.kind === 'column' && expr.source === undefined && expr.name === name ? expr : undefined;
    const isKey = rows.columns.some(({ role, id }) => role === 'key' && id === itself?.id);
    if (itself === undefined || !(starred === true || isKey || purpose === 'part'))
      throw new SqlError('RESERVED_COLUMN', span, { column: name });
  }
}
