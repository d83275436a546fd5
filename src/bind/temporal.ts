import type { BoundVersions } from '../bound/query.ts';
import { idsOf, type RowColumn, type Rows } from '../bound/rows.ts';
import { isEvaluatedAtRead, type SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { idsIn, type BoundExpr } from '../expressions/node.ts';
import { versionOrder } from '../specs/row-order.ts';
import { defaultHistoryMs } from '../specs/temporal.ts';
import { conjunctsOf, type ExpressionNode } from '../syntax/expressions.ts';
import type { JoinNode as JoinClause } from '../syntax/query.ts';
import { typeText } from '../types/sql-type.ts';
import type { Relation, SelectContext } from './context.ts';
import { joinConditions, type JoinConditions } from './join-conditions.ts';
import { Typer } from './typer.ts';

type CompareNode = Extract<ExpressionNode, { readonly kind: 'compare' }>;

const refuse = (span: Span, why: string, fix: string): never => {
  throw new SqlError('TEMPORAL_JOIN', span, { why, fix });
};

/** Whether a join is as of a time. */
export const isTemporal = ({ source, isAsOf }: JoinClause): boolean => source.asOf !== undefined || isAsOf === true;

/** A join as of a time: the conditions of ON, and which versions of the right side are joined. */
export function bindTemporal(context: SelectContext, clause: JoinClause, left: Rows, right: Relation): TemporalJoin {
  if (clause.isAsOf === true && (context.options.purpose === 'pull' || context.options.ofOneTime === true))
    throw new SqlError('NOT_SUPPORTED_YET', clause.span, { what: 'ASOF JOIN in a pull query' });
  const join =
    clause.isAsOf === true ? asOfJoin(context, clause, left, right) : versionJoin(context, clause, left, right);
  const { waitMs, historyMs } = join.versions;
  if (waitMs > historyMs)
    refuse(
      clause.source.span,
      `JOIN_WAIT is longer than ${right.scope.name} is kept (${historyMs} ms)`,
      'Wait less, or create it with a longer HISTORY.',
    );
  return join;
}
interface TemporalJoin {
  readonly conditions: JoinConditions;
  readonly versions: BoundVersions;
}

/** JOIN … FOR SYSTEM_TIME AS OF. */
function versionJoin(context: SelectContext, clause: JoinClause, left: Rows, right: Relation): TemporalJoin {
  const object = versioned(clause, right);
  checkSides(clause, left, right);
  if (clause.within !== undefined)
    refuse(
      clause.span,
      'WITHIN is for joins of two streams',
      'How old a row may be is the TTL of its feature view; how far back it is found, HISTORY.',
    );
  const conditions = keyConditions(context, clause, left, right, object);
  const ttlMs = object.featureView?.ttlMs;
  const versions = {
    asOf: timeOf(context, clause.source.asOf!, left),
    from: startOf(object, right),
    historyMs: object.historyMs ?? ttlMs ?? defaultHistoryMs,
    ttlMs,
    // The rows of a stream's view are read as a table's here.
    order: versionOrder(context.catalog.sources.get(object.spec.name)!),
    orRecordTime: true,
    waitMs: context.options.joinWaitMs ?? 0,
  };
  return { conditions, versions };
}

function checkSides(clause: JoinClause, left: Rows, { bound, scope }: Relation): void {
  if (left.shape === 'TABLE')
    refuse(
      clause.span,
      'the rows that are joined as of a time are those of a stream',
      'Put a stream first: FROM stream JOIN table FOR SYSTEM_TIME AS OF …',
    );
  if (clause.kind === 'RIGHT' || clause.kind === 'FULL')
    refuse(
      clause.span,
      `a join as of a time is INNER or LEFT, not ${clause.kind}`,
      'Every row of the stream has one time: say JOIN or LEFT JOIN.',
    );
  if (bound.rows.windowed !== undefined)
    refuse(
      clause.source.span,
      `${scope.name} is windowed: it has several rows of a key at a time`,
      'Join a table or feature view without windows.',
    );
}

/** ASOF JOIN: the newest row of a stream at or before a time. */
function asOfJoin(context: SelectContext, clause: JoinClause, left: Rows, right: Relation): TemporalJoin {
  if (clause.source.asOf !== undefined || right.bound.rows.shape === 'TABLE')
    refuse(
      clause.source.span,
      'ASOF JOIN is for a stream: the rows of a table and of a feature view hold for a time',
      'Say JOIN table FOR SYSTEM_TIME AS OF time AS alias ON …',
    );
  checkSides(clause, left, right);
  const { within } = clause;
  if (within !== undefined && (within.grace !== undefined || within.before !== within.after))
    refuse(
      clause.span,
      'WITHIN of ASOF JOIN says how old the row may be, and nothing else',
      'Say WITHIN and one duration; JOIN_WAIT is for rows that are late.',
    );
  const times = asOfTimes(context, clause, left, right.bound.rows);
  const conditions = joinConditions(context, { ...clause, on: times.rest }, left, right.bound.rows, true);
  const historyMs = right.object?.historyMs ?? defaultHistoryMs;
  const versions = {
    asOf: times.left,
    from: times.right,
    historyMs,
    ttlMs: within?.before.ms ?? historyMs,
    order: 'time' as const,
    orRecordTime: false,
    waitMs: context.options.joinWaitMs ?? 0,
    ...(times.isStrict ? { isStrict: true as const } : {}),
  };
  return { conditions, versions };
}

interface AsOfTimes {
  readonly left: BoundExpr | undefined;
  readonly right: BoundExpr | undefined;
  readonly isStrict: boolean;
  /** What else is in ON. */
  readonly rest: ExpressionNode;
}

/** The condition of the times in ON, such as `a.time >= b.time`; without one they are those of the records. */
function asOfTimes(context: SelectContext, { on }: JoinClause, left: Rows, right: Rows): AsOfTimes {
  const parts = conjunctsOf(on);
  const isOrder = (part: ExpressionNode): part is CompareNode =>
    part.kind === 'compare' && ['>=', '>', '<=', '<'].includes(part.op) && relates(part);
  const typer = new Typer(context.scope, context.catalog.types, 'ON');
  const sides = [idsOf(left.columns), idsOf(right.columns)] as const;
  const sideOf = (expr: BoundExpr): 0 | 1 | undefined => {
    const ids = [...idsIn([expr])];
    if (ids.length === 0) return undefined;
    return sides[0].has(ids[0]!) && ids.every((id) => sides[0].has(id))
      ? 0
      : ids.every((id) => sides[1].has(id))
        ? 1
        : undefined;
  };
  function relates({ left: a, right: b }: CompareNode): boolean {
    const [one, other] = [sideOf(typer.type(a)), sideOf(typer.type(b))];
    return one !== undefined && other !== undefined && one !== other;
  }
  const [order, second] = parts.filter(isOrder);
  if (second !== undefined) refuse(second.span, 'ASOF JOIN has one condition of times', 'The others are equalities.');
  const rest = parts.filter((part) => part !== order);
  if (order === undefined || rest.length === 0) return { left: undefined, right: undefined, isStrict: false, rest: on };
  const [a, b] = [typer.type(order.left), typer.type(order.right)];
  const isForward = sideOf(a) === 0;
  if (order.op.startsWith('>') !== isForward)
    refuse(
      order.span,
      'ASOF JOIN finds the newest row before a time, not one after it',
      'Say left.time >= right.time.',
    );
  for (const time of [a, b])
    if (time.type.kind !== 'BIGINT' && time.type.kind !== 'TIMESTAMP')
      refuse(
        order.span,
        `the times are BIGINT or TIMESTAMP, and this is ${typeText(time.type)}`,
        'Conditions of other columns are equalities.',
      );
  const all = rest.reduce((one, other): ExpressionNode => ({
    kind: 'logic',
    op: 'AND',
    left: one,
    right: other,
    span: on.span,
  }));
  return { left: isForward ? a : b, right: isForward ? b : a, isStrict: order.op.length === 1, rest: all };
}

/** What is joined: a table or feature view of the catalogue. */
function versioned({ source }: JoinClause, { object }: Relation): SourceObject {
  if (object === undefined)
    return refuse(
      source.span,
      'what is joined as of a time is a table or a feature view',
      'Create a table of the query first: CREATE TABLE … AS SELECT …',
    );
  if (object.spec.kind === 'STREAM' && object.featureView === undefined)
    return refuse(
      source.span,
      `${object.spec.name} is a stream, which has no rows that hold for a time`,
      'For the newest row before a time say ASOF JOIN; or join a table or a feature view.',
    );
  if (isEvaluatedAtRead(object.featureView))
    throw new SqlError('NOT_SUPPORTED_YET', source.span, { what: "FOR SYSTEM_TIME AS OF a view with EVAL='AT_READ'" });
  return object;
}

/** ON has an equality for each column of the key. */
function keyConditions(
  context: SelectContext,
  clause: JoinClause,
  left: Rows,
  right: Relation,
  { spec, featureView }: SourceObject,
): JoinConditions {
  const names = featureView?.entityKey ?? spec.schema.filter(({ role }) => role === 'key').map(({ name }) => name);
  const rows: Rows = {
    ...right.bound.rows,
    columns: right.bound.rows.columns.map((column): RowColumn => ({
      ...column,
      role: names.includes(column.name) ? 'key' : 'value',
    })),
    shape: 'TABLE',
  };
  const conditions = joinConditions(context, clause, left, rows);
  const keyIds = rows.columns.filter(({ role }) => role === 'key').map(({ id }) => id);
  const isWhole =
    conditions.rightKeys.length === keyIds.length &&
    conditions.rightKeys.every((expr) => expr.kind === 'column' && keyIds.includes(expr.id));
  if (!isWhole)
    throw new SqlError('JOIN_NOT_PRIMARY_KEY', clause.on.span, {
      key: names.map((name) => `${right.scope.alias}.${name}`).join(', '),
    });
  return conditions;
}

/** A time of the left row. */
function timeOf(context: SelectContext, node: ExpressionNode, left: Rows): BoundExpr {
  const time = new Typer(context.scope, context.catalog.types, 'AS OF').type(node);
  if (time.type.kind !== 'BIGINT' && time.type.kind !== 'TIMESTAMP')
    refuse(
      node.span,
      `AS OF is a BIGINT or a TIMESTAMP, and this is ${typeText(time.type)}`,
      'Say a time of the stream, such as its ROWTIME.',
    );
  const known = idsOf(left.columns);
  if ([...idsIn([time])].some((id) => !known.has(id)))
    refuse(
      node.span,
      'AS OF is a time of the rows before it',
      'Name a column of the stream that the join begins with.',
    );
  return time;
}

/** From when on a row holds: a feature view may name the column. */
function startOf({ featureView }: SourceObject, { bound }: Relation): BoundExpr | undefined {
  const column = bound.rows.columns.find(({ name }) => name === featureView?.timestamp);
  return (
    column && {
      kind: 'column',
      id: column.id,
      name: column.name,
      type: column.type,
    }
  );
}
