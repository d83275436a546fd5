import { SqlError } from '../../diagnostics/sql-error.ts';
import type { BoundColumn } from '../../expressions/node.ts';
import { printExpression } from '../../syntax/print.ts';
import type { SelectContext } from '../context.ts';
import type { Selected, ViableKeys } from '../selected.ts';

/** A persistent result must contain each key column exactly once. */
export function checkOutputKeys(
  selected: readonly Selected[],
  keys: readonly BoundColumn[],
  { query, scope, joined }: SelectContext,
  viableKeys: ViableKeys | undefined,
): void {
  const isOf = (key: BoundColumn) => (item: Selected) => item.expr.kind === 'column' && item.expr.id === key.id;
  const made = query.groupBy ?? query.partitionBy;
  const written = (key: BoundColumn): string => {
    // What is grouped by has a name of its own only where it is a column.
    const by = made?.[keys.indexOf(key)];
    if (by !== undefined && by.kind !== 'column') return printExpression(by);
    const origin = joined ? scope.find(key.id) : undefined;
    return origin === undefined ? key.name : `${origin.source.alias}.${key.name}`;
  };
  const missing = keys.flatMap((key, i) => (selected.some(isOf(key)) ? [] : [{ key, i }]));
  if (missing.length > 0) {
    const choices = missing.map(({ key, i }) => (viableKeys?.[i] ?? [key]).map(written));
    throw new SqlError('KEY_MISSING', query.span, {
      keys: choices.map((names) => names.join(' or ')).join(', '),
      example: choices[0]![0]!,
    });
  }
  for (const key of keys) {
    const twice = selected.filter(isOf(key));
    if (twice.length > 1) throw new SqlError('KEY_TWICE', twice[1]!.span, { key: written(key) });
  }
}
