import type { Rows } from '../bound/rows.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { count } from '../functions/aggregate/count.ts';
import { findAggregate } from '../functions/registry.ts';
import { callsIn } from '../syntax/calls-in.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import { printExpression } from '../syntax/print.ts';
import type { SelectItem } from '../syntax/query.ts';
import { isWindowBound } from '../types/schema.ts';
import type { SelectContext } from './context.ts';
import { translated } from './other-dialects.ts';

/**
 * SELECT DISTINCT as a grouping by all that is selected. The bounds of the query's own window are not grouped by: they are of the
 * window, and each window has its groups.
 */
export function distinctAsGroups(context: SelectContext, { shape }: Rows): SelectContext {
  const { query } = context;
  if (query.distinct === undefined) return context;
  const other = ([['GROUP BY', query.groupBy], ['HAVING', query.having], ['PARTITION BY', query.partitionBy]] as const) // prettier-ignore
    .find(([, clause]) => clause !== undefined);
  if (other !== undefined)
    throw new SqlError('DISTINCT_INVALID', query.distinct, {
      why: `it has no ${other[0]}`,
      hint,
    });
  const aggregate = query.select.find((item) => item.kind === 'expression' && hasAggregate(item.expression));
  if (aggregate !== undefined)
    throw new SqlError('DISTINCT_INVALID', aggregate.span, { why: 'it has no aggregates', hint });
  const select = query.select.flatMap((item) => itemsOf(item, context));
  const groupBy = new Map<string, ExpressionNode>();
  for (const { expression } of select)
    if (query.window === undefined || !isBound(expression)) groupBy.set(printExpression(expression), expression);
  if (groupBy.size === 0)
    throw new SqlError('DISTINCT_INVALID', query.distinct, {
      why: 'a window has no rows by itself',
      hint: 'Select a column beside the bounds of the window.',
    });
  // A row of a table that changes may have been the last of its group.
  const having = shape === 'TABLE' ? hasRows(query.distinct) : undefined;
  return { ...context, query: { ...query, select, groupBy: [...groupBy.values()], having } };
}

const hint =
  'Groups are distinct: leave DISTINCT out. Or take it of a subquery: SELECT DISTINCT c FROM (SELECT a, COUNT(*) AS c …).';

const hasRows = (span: Span): ExpressionNode => ({
  kind: 'compare',
  op: '>',
  left: {
    kind: 'call',
    name: { text: count.name, span },
    star: true,
    args: [],
    distinct: undefined,
    filter: undefined,
    ignoreNulls: undefined,
    over: undefined,
    span,
  },
  right: { kind: 'literal', literal: 'integer', value: '0', span },
  span,
});

/** Whether an expression calls an aggregate that is not one with OVER. */
export const hasAggregate = (root: ExpressionNode): boolean =>
  callsIn(root, ({ over }) => over !== undefined)
    .map(translated)
    .flatMap((call) => callsIn(call, ({ over }) => over !== undefined))
    .some(({ name, over }) => over === undefined && findAggregate(name.text) !== undefined);

type Item = Extract<SelectItem, { kind: 'expression' }>;

function itemsOf(item: SelectItem, { scope, joined }: SelectContext): Item[] {
  const { span } = item;
  if (item.kind === 'expression') return [item];
  if (item.kind === 'allFields')
    throw new SqlError('DISTINCT_INVALID', span, {
      why: 'it has no ->*',
      hint: 'Write the fields: SELECT DISTINCT s->a, s->b.',
    });
  const sources = item.source === undefined ? scope.sources : [scope.source(item.source)];
  return sources.flatMap(({ alias, columns }) =>
    columns
      .filter(({ hidden }) => !hidden)
      .map(({ column: { name } }): Item => ({
        kind: 'expression',
        expression: {
          kind: 'column',
          qualifier: joined ? { text: alias, span } : undefined,
          name: { text: name, span },
          span,
        },
        alias: { text: joined ? `${alias}_${name}` : name, span },
        span,
      })),
  );
}

/** A bound of the query's own window, as ksqlDB's column or one of Flink's. */
const isBound = (node: ExpressionNode): boolean =>
  (node.kind === 'column' && isWindowBound(node.name.text)) ||
  (node.kind === 'call' && node.args.length === 0 && /^WINDOW_(START|END|TIME)$/.test(node.name.text));
