import type { BoundOrder } from '../../bound/rows.ts';
import { printExpr } from '../../expressions/print.ts';
import type { SortOrder } from '../../types/compare.ts';

/** A sort key as text. */
export const orderText = ({ expr, ...order }: BoundOrder): string => `${printExpr(expr)}${orderWords(order)}`;

/** The words behind a sort key; nulls are told of where they do not stand as the greatest value. */
export function orderWords({ descending, nullsFirst }: SortOrder): string {
  const nulls = nullsFirst === descending ? '' : ` NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`;
  return `${descending ? ' DESC' : ''}${nulls}`;
}
