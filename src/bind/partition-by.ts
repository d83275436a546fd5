import { SqlError } from '../diagnostics/sql-error.ts';
import type { NamedExpr, Rows } from '../bound/rows.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import { contains, typeText } from '../types/sql-type.ts';
import { keyNameOf, type SelectContext } from './context.ts';
import type { Typer } from './typer.ts';

export interface PartitionKey extends NamedExpr {
  /** PARTITION BY NULL: the rows have no key. */
  readonly isNull: boolean;
}

/** Binds PARTITION BY: the new key columns of a stream. */
export function bindPartitionBy(
  context: SelectContext,
  nodes: readonly ExpressionNode[],
  rows: Rows,
  typer: Typer,
): PartitionKey[] {
  const span = nodes[0]?.span ?? context.query.span;
  if (rows.shape === 'TABLE') throw new SqlError('PARTITION_BY_TABLE', span, {});
  if (rows.windowed !== undefined)
    throw new SqlError('WINDOWED_SOURCE', span, { why: 'PARTITION BY would lose the window' });
  const inner = typer.with('PARTITION BY', {});
  return nodes.map((node) => {
    const expr = inner.type(node);
    const isNull = expr.kind === 'literal' && expr.value === null;
    if (isNull && nodes.length > 1) throw new SqlError('NULL_OPERAND', node.span, { operation: 'PARTITION BY' });
    const name = keyNameOf(expr, node, context);
    if (contains(expr.type, 'MAP'))
      throw new SqlError('KEY_TYPE', node.span, { column: name, type: typeText(expr.type), clause: 'PARTITION BY' });
    return { id: expr.kind === 'column' ? expr.id : context.ids.next(), name, expr, isNull };
  });
}
