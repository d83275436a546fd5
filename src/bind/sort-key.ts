import type { BoundOrder } from '../bound/rows.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { OrderItem } from '../syntax/expressions.ts';
import { hasOrder } from '../types/compare.ts';
import { typeText } from '../types/sql-type.ts';
import type { ExpressionTyper } from './typing.ts';

/** Binds an item of ORDER BY whose type can be sorted; nulls are greater than all values unless it says otherwise. */
export function bindSortKey({ expression, descending, nullsFirst }: OrderItem, typer: ExpressionTyper): BoundOrder {
  const expr = typer.type(expression);
  if (!hasOrder(expr.type)) throw new SqlError('ORDER_BY_TYPE', expression.span, { type: typeText(expr.type) });
  return { expr, descending, nullsFirst: nullsFirst ?? descending };
}
