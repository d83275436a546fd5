import { SqlError } from '../diagnostics/sql-error.ts';
import type { BoundExpr } from '../expressions/node.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import { mapNodes } from '../syntax/map-nodes.ts';
import type { QueryNode } from '../syntax/query.ts';
import { selectedAs } from '../syntax/selected-as.ts';
import type { SelectContext } from './context.ts';
import { windowCalls } from './over/ranking.ts';
import type { Scope } from './scope.ts';
import type { Typer } from './typer.ts';

/** Binds QUALIFY, which may name the columns of SELECT, as in DuckDB and Snowflake. Undefined for a query without it. */
export function bindQualify({ query, scope }: SelectContext, typer: Typer): BoundExpr | undefined {
  const { qualify } = query;
  if (qualify === undefined) return undefined;
  const condition = withoutAliases(qualify, query, scope);
  if (windowCalls(query).length === 0)
    throw new SqlError('OVER_INVALID', qualify.span, {
      why: 'QUALIFY is a condition on a window function, and this SELECT has none',
      hint: 'WHERE takes conditions on the rows themselves.',
    });
  return typer.boolean(condition, 'QUALIFY');
}

/** The condition with the columns of SELECT in the place of their aliases; a source's column of the same name comes first. */
const withoutAliases = (condition: ExpressionNode, query: QueryNode, scope: Scope): ExpressionNode =>
  mapNodes(condition, (part) => {
    const node = part as ExpressionNode;
    if (node.kind !== 'column' || node.qualifier !== undefined || scope.has(node)) return undefined;
    return selectedAs(query, node.name.text);
  }) as ExpressionNode;
