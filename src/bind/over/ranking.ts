import type { BoundPlace, BoundRanking } from '../../bound/query.ts';
import { keysOf, reference, type BoundOrder, type NamedExpr, type Rows } from '../../bound/rows.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import { sameExprs } from '../../expressions/same.ts';
import type { RankKind } from '../../types/rank-kind.ts';
import { isRankKind } from '../../functions/over/define.ts';
import { findOverFunction } from '../../functions/over/index.ts';
import { callsIn } from '../../syntax/calls-in.ts';
import type { CallNode, OverNode } from '../../syntax/expressions.ts';
import { printExpression } from '../../syntax/print.ts';
import type { QueryNode } from '../../syntax/query.ts';
import { isWindowBound } from '../../types/schema.ts';
import { BIGINT } from '../../types/sql-type.ts';
import { sameData } from '../../util/same-data.ts';
import { keyNameOf, type SelectContext } from '../context.ts';
import { bindSortKey } from '../sort-key.ts';
import type { ExpressionTyper } from '../typing.ts';
import { bindCall } from './call.ts';
import { frameOf } from './frame.ts';
import { bindPartition, specOf } from './spec.ts';

/** How a call tells the place of rows; undefined for calls of other functions. */
function rankKind({ name, args: [parts] }: CallNode): RankKind | undefined {
  const picked = findOverFunction(name.text)?.picks(parts?.kind === 'literal' ? Number(parts.value) : undefined);
  return picked !== undefined && isRankKind(picked) ? picked : undefined;
}

/** The column of a call over ranked rows. */
export function placeOf(call: CallNode, { rank, places }: BoundRanking): BoundExpr {
  const kind = rankKind(call);
  return (places.find((place) => sameData(place.kind, kind)) ?? rank).expr;
}

/** A stream in order of time has no ranks: a row of an equal time may still come, and the rows that were answered stay. */
export function refuseRank(call: CallNode): void {
  const kind = rankKind(call);
  if (kind === undefined || kind === 'place') return;
  throw new SqlError('OVER_INVALID', call.span, {
    why: `${call.name.text} over a stream in order of time would change rows that are already answered`,
    hint: 'Use ROW_NUMBER, or rank in another order, or a table.',
  });
}

/** The calls with OVER of a query's SELECT list and QUALIFY. */
export function windowCalls({ select, qualify }: QueryNode): CallNode[] {
  const listed = select.flatMap((item) => (item.kind === 'all' ? [] : [item.expression]));
  return [...listed, ...(qualify === undefined ? [] : [qualify])]
    .flatMap((expression) => callsIn(expression, ({ over }) => over !== undefined))
    .filter(({ over }) => over !== undefined);
}

/**
 * Binds ROW_NUMBER over a table, or over a stream in another order than that of time: the result is a table of the first rows of
 * each partition, by partition and number. Undefined where a query has no such call.
 */
export function bindRanking(context: SelectContext, rows: Rows, typer: ExpressionTyper): BoundRanking | undefined {
  const calls = windowCalls(context.query);
  const inner = typer.with('OVER', {});
  const specs = calls.map(({ over }) => specOf(over!, context.query));
  const at = calls.findIndex((call, i) => rankKind(call) !== undefined && ranks(specs[i]!, rows, inner));
  if (at < 0) return undefined;
  const [call, spec] = [calls[at]!, specs[at]!];
  const parts = partsOf(spec, rows, inner);
  for (const [i, other] of calls.entries()) {
    const isSame = rankKind(other) !== undefined && sameParts(parts, partsOf(specs[i]!, rows, inner));
    if (!isSame)
      throw new SqlError('OVER_INVALID', other.span, {
        why: 'rows that are ranked have no other window function beside their places',
        hint: 'Put it in a subquery, and rank its rows.',
      });
    // It checks the parts of the call that have no meaning here.
    bindCall(other, specs[i]!, frameOf(specs[i]!), typer);
  }
  const kinds = calls.map(rankKind);
  if (!kinds.includes('place')) {
    const isOfRanks = kinds.some((kind) => kind === 'rank' || kind === 'denseRank');
    const why = isOfRanks ? 'any number of rows may have one rank' : 'a share of the rows grows with the partition';
    throw new SqlError('RANK_UNBOUNDED', call.span, { why });
  }
  const column = (kind: RankKind): NamedExpr => {
    const id = context.ids.next();
    const call = calls.find((each) => sameData(rankKind(each), kind));
    const name = nameOf(call, context.query);
    const type = (call && findOverFunction(call.name.text)?.type) ?? BIGINT;
    return { id, name, expr: reference({ id, name, type }) };
  };
  const places = placesIn(calls).map((kind): BoundPlace => ({ kind, ...column(kind) }));
  return {
    span: call.span,
    orderBy: parts.orderBy,
    identity: identityOf(rows),
    partitionBy: parts.partitionBy.map((expr, i): NamedExpr => ({
      id: expr.kind === 'column' ? expr.id : context.ids.next(),
      name: keyNameOf(expr, spec.partitionBy[i]!, context),
      expr,
    })),
    rank: column('place'),
    places,
  };
}

/** The places of calls other than the number, each once. */
function placesIn(calls: readonly CallNode[]): BoundPlace['kind'][] {
  const places: BoundPlace['kind'][] = [];
  for (const kind of calls.map(rankKind))
    if (kind !== undefined && kind !== 'place' && !places.some((known) => sameData(known, kind))) places.push(kind);
  return places;
}

/** What a column of places is called: as in SELECT, or as it is written. */
function nameOf(call: CallNode | undefined, { select }: QueryNode): string {
  if (call === undefined) return 'ROW_NUMBER() OVER (…)';
  const listed = select.find((item) => item.kind === 'expression' && item.expression === call);
  return (listed?.kind === 'expression' && listed.alias?.text) || printExpression(call);
}

/** Whether a window orders rows otherwise than by event time: a table has none, and a stream's goes on in time. */
function ranks({ orderBy }: OverNode, rows: Rows, typer: ExpressionTyper): boolean {
  const [first] = orderBy;
  if (rows.shape === 'TABLE' || orderBy.length > 1) return true;
  if (first === undefined) return false;
  const { kind } = typer.type(first.expression).type;
  return first.descending || (kind !== 'BIGINT' && kind !== 'TIMESTAMP');
}

interface Parts {
  readonly partitionBy: readonly BoundExpr[];
  readonly orderBy: readonly BoundOrder[];
}
function partsOf(spec: OverNode, rows: Rows, typer: ExpressionTyper): Parts {
  // Without PARTITION BY all rows are ranked together.
  const partitionBy = spec.partitionBy.length === 0 ? [] : bindPartition(spec, typer);
  if (spec.orderBy.length === 0)
    throw new SqlError('OVER_INVALID', spec.span, {
      why: `ORDER BY is needed: it says which rows of ${rows.shape === 'TABLE' ? 'the table' : 'the stream'} come first`,
      hint: 'Write ORDER BY score DESC, say.',
    });
  const orderBy = spec.orderBy.map((item) => bindSortKey(item, typer));
  return { partitionBy, orderBy };
}
const sameParts = (a: Parts, b: Parts): boolean =>
  sameExprs(a.partitionBy, b.partitionBy) &&
  sameExprs(
    a.orderBy.map(({ expr }) => expr),
    b.orderBy.map(({ expr }) => expr),
  ) &&
  a.orderBy.every(
    ({ descending, nullsFirst }, i) =>
      descending === b.orderBy[i]!.descending && nullsFirst === b.orderBy[i]!.nullsFirst,
  );

/** A table's rows are told apart by their keys, and by the bounds of their windows. */
const identityOf = ({ columns, windowed }: Rows): BoundExpr[] => [
  ...keysOf(columns).map(reference),
  ...(windowed === undefined ? [] : columns.filter(({ name }) => isWindowBound(name)).map(reference)),
];
