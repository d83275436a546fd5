import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { FirstRows } from '../plan/rules/nearest.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import type { QueryNode } from '../syntax/query.ts';
import { selectedAs } from '../syntax/selected-as.ts';
import { hasOrder, orderOf, type SortOrder } from '../types/compare.ts';
import { typeText } from '../types/sql-type.ts';
import type { ClientRow, QueryStream } from './client-rows.ts';
import { sizeOf } from './computed-pull.ts';

/** A sort key: a column of SELECT by number, or an expression that was added behind the columns of SELECT. */
interface Sort extends SortOrder {
  readonly column: number | 'added';
  readonly span: Span;
}

/** A pull query without its ORDER BY and LIMIT but with the sort keys as columns, and how to sort its rows. */
interface OrderedQuery {
  readonly unordered: QueryNode;
  readonly sorts: readonly Sort[];
  readonly limit: number | undefined;
  readonly offset: number | undefined;
  /** The rows that are shown or skipped; undefined when all are. */
  readonly first: FirstRows | undefined;
}

/**
 * Splits ORDER BY off a query. Sort keys are columns of SELECT (by alias or number) or any expression over the source, as in
 * PostgreSQL.
 */
export function orderedQuery(query: QueryNode): OrderedQuery {
  const added: QueryNode['select'][number][] = [];
  const sorts = query.orderBy.map(({ expression, descending, nullsFirst }): Sort => {
    const { span } = expression;
    const rest = { descending, nullsFirst: nullsFirst ?? descending, span };
    const number = columnNumber(expression);
    if (number !== undefined) return { column: number, ...rest };
    const selected = placeOf(expression, query);
    if (selected !== undefined) return { column: selected, ...rest };
    // No user can write this name, so it cannot collide with another column.
    const alias = { text: `\0ORDER BY ${added.length + 1}`, span };
    added.push({ kind: 'expression', expression: behindAlias(expression, query), alias, span });
    return { column: 'added', ...rest };
  });
  return {
    first: firstRows(query, sorts[0], added.length),
    unordered: { ...query, select: [...query.select, ...added], orderBy: [], limit: undefined, offset: undefined },
    sorts,
    limit: query.limit,
    offset: query.offset,
  };
}

function firstRows({ limit, offset = 0 }: QueryNode, sort: Sort | undefined, added: number): FirstRows | undefined {
  if (sort === undefined || limit === undefined) return undefined;
  const { column, descending, nullsFirst } = sort;
  return { column: column === 'added' ? -added : column, descending, nullsFirst, limit: limit + offset };
}

/** The place of the column of SELECT that an alias names, where it is known before `*` is. */
function placeOf(expression: ExpressionNode, { select }: QueryNode): number | undefined {
  if (expression.kind !== 'column' || expression.qualifier !== undefined) return undefined;
  const place = select.findIndex((item) => item.kind === 'expression' && item.alias?.text === expression.name.text);
  const isKnown = place >= 0 && select.slice(0, place).every(({ kind }) => kind === 'expression');
  return isKnown ? place : undefined;
}

function columnNumber(expression: ExpressionNode): number | undefined {
  if (expression.kind !== 'literal') return undefined;
  const number = expression.literal === 'integer' ? Number(expression.value) : 0;
  if (number < 1) throw new SqlError('ORDER_BY_CONSTANT', expression.span, {});
  return number - 1;
}

const behindAlias = (expression: ExpressionNode, query: QueryNode): ExpressionNode =>
  (expression.kind === 'column' && expression.qualifier === undefined
    ? selectedAs(query, expression.name.text)
    : undefined) ?? expression;

/** Sorts the rows of a query that ends, applies LIMIT and removes the columns that were added for sorting. */
export function ordered(
  inner: QueryStream,
  { sorts, limit = Infinity, offset = 0, unordered: { span } }: OrderedQuery,
  bytes: number,
): QueryStream {
  const shown = inner.columns.length - sorts.filter(({ column }) => column === 'added').length;
  let next = shown;
  const by = sorts.map(({ column, span, ...rest }) => {
    const slot = column === 'added' ? next++ : column;
    const type = column === 'added' || column < shown ? inner.columns[slot]!.type : undefined;
    if (type === undefined) throw new SqlError('ORDER_BY_COLUMN', span, { number: slot + 1, columns: shown });
    if (!hasOrder(type)) throw new SqlError('ORDER_BY_TYPE', span, { type: typeText(type) });
    return { slot, order: orderOf(type, rest) };
  });
  const compare = (a: ClientRow, b: ClientRow): number => {
    for (const { slot, order } of by) {
      const result = order(a.values[slot]!, b.values[slot]!);
      if (result !== 0) return result;
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
      let all: ClientRow[] = [];
      let held = 0;
      const shownRows = offset + limit;
      for await (const rows of inner.rows()) {
        all.push(...rows);
        for (const { values } of rows) held += sizeOf(values);
        // LIMIT keeps the first rows only, so the others need not be held.
        if (all.length > 2 * shownRows + 1000) {
          all = all.sort(compare).slice(0, shownRows);
          held = all.reduce((sum, { values }) => sum + sizeOf(values), 0);
        }
        if (held > bytes) throw new SqlError('PULL_TOO_LARGE', span, { bytes });
        // A client that has disconnected is only noticed on a write: an empty batch gives the occasion.
        yield [];
      }
      yield all
        .sort(compare)
        .slice(offset, limit === Infinity ? undefined : offset + limit)
        .map(({ values, tombstone }) => ({ values: values.slice(0, shown), tombstone }));
    },
    close: () => inner.close(),
  };
}
