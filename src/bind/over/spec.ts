import { SqlError } from '../../diagnostics/sql-error.ts';
import { isNull, type BoundExpr } from '../../expressions/node.ts';
import type { Name, OverNode } from '../../syntax/expressions.ts';
import { printExpression } from '../../syntax/print.ts';
import type { QueryNode } from '../../syntax/query.ts';
import { contains, typeText } from '../../types/sql-type.ts';
import { closest } from '../../util/closest.ts';
import type { ExpressionTyper } from '../typing.ts';

/** The window written after OVER, or the named window of the WINDOW clause. */
export function specOf(over: Name | OverNode, { namedWindows }: QueryNode): OverNode {
  if ('kind' in over) return over;
  const named = namedWindows.find(({ name }) => name.text === over.text);
  if (named !== undefined) return named.over;
  const names = namedWindows.map(({ name }) => name.text);
  const near = closest(over.text, names) ?? names[0];
  throw new SqlError('OVER_INVALID', over.span, {
    why: `window "${over.text}" is not defined`,
    hint:
      near === undefined
        ? `Define it behind FROM and WHERE: WINDOW ${over.text} AS (PARTITION BY … ORDER BY …).`
        : `Did you mean ${near}?`,
  });
}

/** Binds PARTITION BY; each expression must be fit for a key. */
export function bindPartition({ partitionBy, span }: OverNode, typer: ExpressionTyper): BoundExpr[] {
  if (partitionBy.length === 0)
    throw new SqlError('OVER_INVALID', span, {
      why: 'PARTITION BY is needed: what it names places the rows',
      hint: "Write OVER (PARTITION BY key ORDER BY time); PARTITION BY 'all' keeps all rows on one node.",
    });
  return partitionBy.map((node) => {
    const expr = typer.type(node);
    if (isNull(expr))
      throw new SqlError('OVER_INVALID', node.span, {
        why: 'rows whose PARTITION BY is NULL are in no window',
        hint: "PARTITION BY 'all' keeps all rows together, on one node.",
      });
    if (contains(expr.type, 'MAP'))
      throw new SqlError('KEY_TYPE', node.span, {
        column: printExpression(node),
        type: typeText(expr.type),
        clause: 'PARTITION BY',
      });
    return expr;
  });
}

/** Binds ORDER BY: the event time, one ascending BIGINT or TIMESTAMP. */
export function bindOrder({ orderBy, span }: OverNode, typer: ExpressionTyper): BoundExpr {
  const [first, second] = orderBy;
  if (first === undefined)
    throw new SqlError('OVER_INVALID', span, {
      why: 'ORDER BY is needed: it says what the time of a row is',
      hint: 'Write ORDER BY ROWTIME, or a column that holds a time.',
    });
  if (second !== undefined)
    throw new SqlError('OVER_INVALID', second.span, {
      why: 'rows are ordered by their time only; those of one time stay as they arrive',
      hint: 'Leave the others out.',
    });
  if (first.descending)
    throw new SqlError('OVER_INVALID', first.span, {
      why: 'a stream goes on in time, so that its order is ascending',
      hint: 'Leave DESC out: FIRST_VALUE, LAST_VALUE and LAG choose among the rows before.',
    });
  if (first.nullsFirst !== undefined)
    throw new SqlError('OVER_INVALID', first.span, {
      why: 'a row without a time has no place among the others, neither first nor last',
      hint: 'Leave it out; WHERE … IS NOT NULL keeps such rows away.',
    });
  const expr = typer.type(first.expression);
  if (expr.type.kind !== 'BIGINT' && expr.type.kind !== 'TIMESTAMP')
    throw new SqlError('OVER_INVALID', first.span, {
      why: `ORDER BY must be a BIGINT or TIMESTAMP of milliseconds, not ${expr.type.kind}`,
      hint: 'ROWTIME is one; PARSE_TIMESTAMP and CAST make one.',
    });
  return expr;
}
