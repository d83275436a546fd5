import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import type { QueryNode } from '../syntax/query.ts';
import { compareValues } from '../types/compare.ts';
import { typeText, type Value } from '../types/sql-type.ts';
import type { ClientRow, QueryStream } from './client-rows.ts';

/** What rows are ordered by: a column of SELECT by its number, or one that was added behind them. */
interface Sort {
  readonly column: number | 'added';
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  readonly span: Span;
}

/** A pull query without its ORDER BY and LIMIT, which gives what it is ordered by too, and how its rows are then ordered. */
interface OrderedQuery {
  readonly unordered: QueryNode;
  readonly sorts: readonly Sort[];
  readonly limit: number | undefined;
}

/** ORDER BY names columns of SELECT by alias or number, or is any expression of the source's columns, as in PostgreSQL. */
export function orderedQuery(query: QueryNode): OrderedQuery {
  const added: QueryNode['select'][number][] = [];
  const sorts = query.orderBy.map(({ expression, descending, nullsFirst }): Sort => {
    const { span } = expression;
    const rest = { descending, nullsFirst: nullsFirst ?? descending, span };
    const number = columnNumber(expression);
    if (number !== undefined) return { column: number, ...rest };
    // No user can write this name, so that it is no other column's.
    const alias = { text: `\0${added.length}`, span };
    added.push({ kind: 'expression', expression: behindAlias(expression, query), alias, span });
    return { column: 'added', ...rest };
  });
  return {
    unordered: { ...query, select: [...query.select, ...added], orderBy: [], limit: undefined },
    sorts,
    limit: query.limit,
  };
}

function columnNumber(expression: ExpressionNode): number | undefined {
  if (expression.kind !== 'literal') return undefined;
  const number = expression.literal === 'integer' ? Number(expression.value) : 0;
  if (number < 1) throw new SqlError('ORDER_BY_CONSTANT', expression.span, {});
  return number - 1;
}

function behindAlias(expression: ExpressionNode, { select }: QueryNode): ExpressionNode {
  if (expression.kind !== 'column' || expression.qualifier !== undefined) return expression;
  const { text } = expression.name;
  const named = select.find((item) => item.kind === 'expression' && item.alias?.text === text);
  return named?.kind === 'expression' ? named.expression : expression;
}

/** The rows of a query that ends, in order; its columns without those that were added for it. */
export function ordered(inner: QueryStream, { sorts, limit = Infinity }: OrderedQuery): QueryStream {
  const shown = inner.columns.length - sorts.filter(({ column }) => column === 'added').length;
  let next = shown;
  const by = sorts.map(({ column, span, ...rest }) => {
    const slot = column === 'added' ? next++ : column;
    const type = column === 'added' || column < shown ? inner.columns[slot]!.type : undefined;
    if (type === undefined) throw new SqlError('ORDER_BY_COLUMN', span, { number: slot + 1, columns: shown });
    if (['ARRAY', 'MAP', 'STRUCT'].includes(type.kind))
      throw new SqlError('ORDER_BY_TYPE', span, { type: typeText(type) });
    return { slot, type, ...rest };
  });
  const compare = (a: ClientRow, b: ClientRow): number => {
    for (const { slot, type, descending, nullsFirst } of by) {
      const [left, right]: Value[] = [a.values[slot]!, b.values[slot]!];
      if (left === null && right === null) continue;
      if (left === null || right === null) return (left === null) === nullsFirst ? -1 : 1;
      const order = compareValues(type, left!, right!);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  };
  return {
    id: inner.id,
    kind: inner.kind,
    columns: inner.columns.slice(0, shown),
    get finalMessage() {
      return inner.finalMessage;
    },
    async *rows() {
      const all: ClientRow[] = [];
      for await (const rows of inner.rows()) {
        all.push(...rows);
        // A client that is gone is noticed when something is sent: nothing is a chance to look.
        yield [];
      }
      yield all
        .sort(compare)
        .slice(0, limit === Infinity ? undefined : limit)
        .map(({ values, tombstone }) => ({ values: values.slice(0, shown), tombstone }));
    },
    close: () => inner.close(),
  };
}
