import type { BoundSemiJoin } from '../bound/query.ts';
import { keysOf, reference, type Rows } from '../bound/rows.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { isNull, type BoundExpr } from '../expressions/node.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import { mapNodes } from '../syntax/map-nodes.ts';
import { subqueryOf } from '../syntax/query.ts';
import { implicitlyCastable } from '../types/casts.ts';
import { BOOLEAN, contains, sameType, typeText } from '../types/sql-type.ts';
import { checkJoinKeepsWindow } from './checks/join-keeps-window.ts';
import { cast } from './coerce.ts';
import type { ColumnIds, QueryBinder } from './context.ts';
import type { ExpressionTyper } from './typing.ts';

type InQuery = Extract<ExpressionNode, { kind: 'inQuery' }>;
type ColumnNode = Extract<ExpressionNode, { kind: 'column' }>;

/**
 * IN over subqueries in WHERE: the rows are joined with the table that a subquery gives, whose key tells by being NULL that there is no
 * such row. NULL is in no table, so that NOT IN keeps it.
 */
export class SemiJoins {
  readonly #rows: Rows;
  readonly #binder: QueryBinder;
  readonly #ids: ColumnIds;
  readonly all: BoundSemiJoin[] = [];
  readonly sources: string[] = [];

  constructor(rows: Rows, binder: QueryBinder) {
    this.#rows = rows;
    this.#binder = binder;
    this.#ids = binder.ids;
  }

  readonly bind = (node: InQuery, typer: ExpressionTyper): BoundExpr => {
    const operand = typer.type(node.operand);
    if (isNull(operand)) throw new SqlError('COMPARE_WITH_NULL', node.operand.span, {});
    const query = this.#table(node, typer);
    const shown = query.rows.columns.filter(({ id }) => !query.hidden.has(id));
    if (shown.length !== 1)
      throw new SqlError('SUBQUERY_INVALID', node.query.span, {
        why: `it gives one column, not ${shown.length}`,
        hint: 'Select the column that is compared: … IN (SELECT id FROM t).',
      });
    const [column] = shown;
    const keys = keysOf(query.rows.columns);
    if (query.rows.shape !== 'TABLE' || keys.length !== 1 || keys[0]!.id !== column!.id || query.rows.windowed)
      throw this.#notKeyed(node, column!.name);
    if (!sameType(operand.type, column!.type) && !implicitlyCastable(operand.type, column!.type))
      throw new SqlError('COMPARE_MISMATCH', node.span, {
        left: typeText(operand.type),
        right: typeText(column!.type),
        op: 'IN',
      });
    if (contains(column!.type, 'MAP'))
      throw new SqlError('KEY_TYPE', node.span, { column: column!.name, type: typeText(column!.type), clause: 'IN' });
    const compared = cast(operand, column!.type);
    if (this.#rows.shape === 'TABLE' && this.#rows.windowed !== undefined)
      throw new SqlError('WINDOWED_SOURCE', node.span, {
        why: 'its rows are of windows, those of the subquery are not',
      });
    checkJoinKeepsWindow(this.#rows, [compared], node.span);
    this.sources.push(...query.sources);
    this.all.push({
      right: { kind: 'subquery', alias: '', query, rows: query.rows, windowSizeMs: undefined },
      operand:
        compared.kind === 'column'
          ? { id: compared.id, name: compared.name, expr: compared }
          : { id: this.#ids.next(), name: 'KSQL_INTERNAL_JOIN_KEY', expr: compared },
      key: column!.id,
    });
    return { kind: 'isNull', operand: reference(column!), negated: !node.negated, type: BOOLEAN };
  };

  #table(node: InQuery, typer: ExpressionTyper): BoundSemiJoin['right']['query'] {
    const query = subqueryOf(node);
    const ordered = query.orderBy.length > 0 || query.limit !== undefined || query.offset !== undefined;
    if (ordered)
      throw new SqlError('SUBQUERY_INVALID', query.span, {
        why: 'it has no ORDER BY, LIMIT or OFFSET: its rows do not end',
        hint: 'Leave them out.',
      });
    try {
      return this.#binder.part(query);
    } catch (error) {
      if (error instanceof SqlError && error.code === 'KEY_MISSING') throw this.#notKeyed(node, 'column');
      if (error instanceof SqlError && error.code === 'COLUMN_NOT_FOUND' && isOuter(node, error.span, typer))
        throw new SqlError('SUBQUERY_INVALID', error.span, {
          why: 'it cannot read the columns of the query around it',
          hint: 'Join the table instead: … FROM s JOIN t ON s.column = t.key.',
        });
      throw error;
    }
  }

  #notKeyed({ query, negated }: InQuery, name: string): SqlError {
    return new SqlError('SUBQUERY_INVALID', query.span, {
      why: 'a query that goes on needs a table whose key is the column, which it looks rows up in',
      hint: `Write ${negated ? 'NOT ' : ''}IN (SELECT DISTINCT ${name === '' ? 'column' : name} FROM …), or name a table by its key.`,
    });
  }
}

/** Whether a column of a subquery that it does not have is one of the query around, whose typer this is. */
function isOuter({ query }: InQuery, { start, end }: Span, around: ExpressionTyper): boolean {
  const known = (node: ColumnNode): boolean => {
    try {
      return around.type(node).kind === 'column';
    } catch (error) {
      if (error instanceof SqlError) return false;
      throw error;
    }
  };
  let isFound = false;
  mapNodes(query, (node) => {
    const column = node as ColumnNode;
    if (column.kind !== 'column') return undefined;
    isFound ||= column.span.start <= start && column.span.end >= end && known(column);
    return column;
  });
  return isFound;
}
