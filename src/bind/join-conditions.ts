import { SqlError } from '../diagnostics/sql-error.ts';
import { idsOf, keysOf, type Rows } from '../bound/rows.ts';
import { conjunction, idsIn, type BoundExpr, type ColumnId } from '../expressions/node.ts';
import { printExpr } from '../expressions/print.ts';
import { conjunctsOf, type ExpressionNode } from '../syntax/expressions.ts';
import type { JoinNode as JoinClause } from '../syntax/query.ts';
import { contains, sameType, typeText } from '../types/sql-type.ts';
import type { SelectContext } from './context.ts';
import { Typer } from './typer.ts';

/** The parts of ON: the pairs of key expressions, and the remaining condition. */
export interface JoinConditions {
  readonly leftKeys: readonly BoundExpr[];
  readonly rightKeys: readonly BoundExpr[];
  readonly rest: BoundExpr | undefined;
}
interface Equality {
  readonly on: ExpressionNode;
  readonly left: BoundExpr;
  readonly right: BoundExpr;
}

/**
 * Splits ON into key equalities and a remaining condition. The equalities that cover all columns of a table's key are used
 * where there are any; otherwise one equality, preferably with a key column, since rows keyed by it need no repartition. `all`: every
 * equality is one of the key.
 */
export function joinConditions(
  context: SelectContext,
  clause: JoinClause,
  left: Rows,
  right: Rows,
  all = false,
): JoinConditions {
  const parts = conjunctsOf(clause.on);
  if (parts.length === 1) {
    const only = equality(context, clause.on, left, right);
    return { leftKeys: [only.left], rightKeys: [only.right], rest: undefined };
  }
  const equalities = parts.flatMap((on) => {
    try {
      return [equality(context, on, left, right)];
    } catch (error) {
      // Not an equality between the two sides: it may still be part of the remaining condition.
      if (error instanceof SqlError && error.code === 'JOIN_CONDITION') return [];
      throw error;
    }
  });
  const chosen = all ? equalities : choose(equalities, left, right);
  if (chosen.length === 0)
    throw new SqlError('JOIN_CONDITION', clause.on.span, {
      why: 'one of the conditions must be an equality of the joined source and one before it',
    });
  const typer = new Typer(context.scope, context.catalog.types, 'JOIN');
  const used = new Set(chosen.map(({ on }) => on));
  const rest = parts.filter((part) => !used.has(part)).map((part) => typer.boolean(part, 'ON'));
  const known = idsOf([...left.columns, ...right.columns]);
  if ([...idsIn(rest)].some((id) => !known.has(id)))
    throw new SqlError('JOIN_CONDITION', clause.on.span, { why: 'a condition names a source that is joined later' });
  return {
    leftKeys: chosen.map((equality) => equality.left),
    rightKeys: chosen.map((equality) => equality.right),
    rest: rest.length === 0 ? undefined : conjunction(rest),
  };
}

function choose(equalities: readonly Equality[], left: Rows, right: Rows): readonly Equality[] {
  const isColumn = (expr: BoundExpr, id: ColumnId | undefined): boolean => expr.kind === 'column' && expr.id === id;
  const keys = keysOf(right.columns).map(({ id }) => equalities.find((equality) => isColumn(equality.right, id)));
  const whole = keys.filter((equality) => equality !== undefined);
  if (whole.length > 0 && whole.length === keys.length && (right.shape === 'TABLE' || keys.length === 1)) return whole;
  const first = keysOf(left.columns)[0]?.id;
  const chosen = equalities.find((equality) => isColumn(equality.left, first)) ?? equalities[0];
  return chosen === undefined ? [] : [chosen];
}

function equality(context: SelectContext, on: ExpressionNode, left: Rows, right: Rows): Equality {
  const refuse = (why: string): never => {
    throw new SqlError('JOIN_CONDITION', on.span, { why });
  };
  // An unknown source is reported before an ambiguous column.
  if (on.kind === 'compare')
    for (const side of [on.left, on.right])
      if (side.kind === 'column' && side.qualifier !== undefined) context.scope.source(side.qualifier);
  if (on.kind !== 'compare') return refuse('the condition must be an equality');
  if (on.op !== '=') return refuse('only equality is supported');
  const typer = new Typer(context.scope, context.catalog.types, 'JOIN');
  const a = typer.type(on.left);
  const b = typer.type(on.right);
  const within = (expr: BoundExpr, rows: Rows): boolean => {
    const known = idsOf(rows.columns);
    const used = [...idsIn([expr])];
    return used.length > 0 && used.every((id) => known.has(id));
  };
  const oneSource = (expr: BoundExpr): boolean =>
    new Set([...idsIn([expr])].map((id) => context.scope.find(id)?.source.alias)).size === 1;
  if (!oneSource(a) || !oneSource(b)) return refuse('each side of the equality must name exactly one source');
  const [own, other] =
    within(a, left) && within(b, right)
      ? [a, b]
      : within(b, left) && within(a, right)
        ? [b, a]
        : refuse('the equality must relate the joined source to one before it');
  if (!sameType(own.type, other.type))
    throw new SqlError('JOIN_TYPES', on.span, { left: typeText(own.type), right: typeText(other.type) });
  if (contains(own.type, 'MAP'))
    throw new SqlError('KEY_TYPE', on.span, { column: printExpr(own), type: typeText(own.type), clause: 'JOIN' });
  return { on, left: own, right: other };
}
