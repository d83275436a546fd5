import { SqlError } from '../diagnostics/sql-error.ts';
import { columnsOf, conjunction, type Expr } from '../expressions/node.ts';
import { printExpr } from '../expressions/print.ts';
import { keysOf, type LogicalNode } from '../plan/logical/node.ts';
import { conjunctsOf, type ExpressionNode } from '../syntax/expressions.ts';
import type { JoinNode as JoinClause } from '../syntax/query.ts';
import { contains, sameType, typeText } from '../types/sql-type.ts';
import type { SelectContext } from './context.ts';
import { Typer } from './typer.ts';

/** What ON says: the expressions that rows are joined by, side by side, and what joined rows have to satisfy besides. */
export interface JoinConditions {
  readonly leftKeys: readonly Expr[];
  readonly rightKeys: readonly Expr[];
  readonly rest: Expr | undefined;
}
interface Equality {
  readonly on: ExpressionNode;
  readonly left: Expr;
  readonly right: Expr;
}

/**
 * Reads ON. Rows are joined by the equalities with all columns of a table's key where ON has those, else by one equality: that of
 * a key where there is one, since rows that are placed by it need not be moved.
 */
export function joinConditions(
  context: SelectContext,
  clause: JoinClause,
  left: LogicalNode,
  right: LogicalNode,
): JoinConditions {
  const parts = conjunctsOf(clause.on);
  if (parts.length === 1) {
    const only = equality(context, clause.on, left, right);
    return { leftKeys: [only.left], rightKeys: [only.right], rest: undefined };
  }
  const found = parts.flatMap((on) => {
    try {
      return [equality(context, on, left, right)];
    } catch (error) {
      // Not what relates the two sides, but it may be a condition on one of them.
      if (error instanceof SqlError && error.code === 'JOIN_CONDITION') return [];
      throw error;
    }
  });
  const chosen = choose(found, left, right);
  if (chosen.length === 0)
    throw new SqlError('JOIN_CONDITION', clause.on.span, {
      why: 'one of the conditions must be an equality of the joined source and one before it',
    });
  const typer = new Typer(context.scope, context.catalog.types, 'JOIN');
  const used = new Set(chosen.map(({ on }) => on));
  const rest = parts.filter((part) => !used.has(part)).map((part) => typer.boolean(part, 'ON'));
  const known = new Set([...left.columns, ...right.columns].map(({ name }) => name));
  if ([...columnsOf(rest)].some((name) => !known.has(name)))
    throw new SqlError('JOIN_CONDITION', clause.on.span, { why: 'a condition names a source that is joined later' });
  return {
    leftKeys: chosen.map((each) => each.left),
    rightKeys: chosen.map((each) => each.right),
    rest: rest.length === 0 ? undefined : conjunction(rest),
  };
}

function choose(found: readonly Equality[], left: LogicalNode, right: LogicalNode): readonly Equality[] {
  const isColumn = (expr: Expr, name: string | undefined): boolean => expr.kind === 'column' && expr.name === name;
  const keys = keysOf(right.columns).map(({ name }) => found.find((each) => isColumn(each.right, name)));
  const whole = keys.filter((each) => each !== undefined);
  if (whole.length > 0 && whole.length === keys.length && (right.shape === 'TABLE' || keys.length === 1)) return whole;
  const one = found.find((each) => isColumn(each.left, keysOf(left.columns)[0]?.name)) ?? found[0];
  return one === undefined ? [] : [one];
}

function equality(context: SelectContext, on: ExpressionNode, left: LogicalNode, right: LogicalNode): Equality {
  const refuse = (why: string): never => {
    throw new SqlError('JOIN_CONDITION', on.span, { why });
  };
  // A source that is not there is said before a name that several have.
  if (on.kind === 'compare')
    for (const side of [on.left, on.right])
      if (side.kind === 'column' && side.qualifier !== undefined) context.scope.source(side.qualifier);
  if (on.kind !== 'compare') return refuse('the condition must be an equality');
  if (on.op !== '=') return refuse('only equality is supported');
  const typer = new Typer(context.scope, context.catalog.types, 'JOIN');
  const a = typer.type(on.left);
  const b = typer.type(on.right);
  const within = (expr: Expr, node: LogicalNode): boolean => {
    const names = new Set(node.columns.map(({ name }) => name));
    const used = [...columnsOf([expr])];
    return used.length > 0 && used.every((name) => names.has(name));
  };
  const oneSource = (expr: Expr): boolean =>
    new Set([...columnsOf([expr])].map((name) => context.scope.find(name)?.source.alias)).size === 1;
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
