import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { columnsOf, conjunction, type Expr } from '../expressions/node.ts';
import { printExpr } from '../expressions/print.ts';
import { filter, foreignKeyJoin, join as joinNode, rekey } from '../plan/logical/build.ts';
import { isKeyedBy, keysOf, windowSizeOf, type JoinWindow, type LogicalNode } from '../plan/logical/node.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import type { JoinNode as JoinClause } from '../syntax/query.ts';
import { contains, sameType, typeText, type SqlType } from '../types/sql-type.ts';
import type { SelectContext } from './context.ts';
import type { Relation } from './relations.ts';
import { Typer } from './typer.ts';

const dayMs = 86_400_000;

export interface PlannedJoins {
  readonly plan: LogicalNode;
  /** Columns that may serve as the result's key, in order of preference; undefined where all of several must. */
  readonly viableKeys: readonly string[] | undefined;
  /** The key that no source has, where the join makes one. */
  readonly rowKey: { readonly name: string; readonly type: SqlType } | undefined;
  /** The plan with the chosen key column. */
  readonly withKey: (plan: LogicalNode, key: string | undefined) => LogicalNode;
}

/** Joins from left to right: each ON relates the new source to those before it by one equality. */
export function planJoins(context: SelectContext, relations: readonly Relation[]): PlannedJoins {
  checkSources(context, relations);
  const nodes = relations.map(({ node }) => node);
  let plan: LogicalNode = nodes[0]!;
  let last = plan;
  let viable: string[] = [];
  /** The expressions that are equal to the key so far. */
  const equal = new Set<string>();
  let rowKey: PlannedJoins['rowKey'];
  let windowed = nodes[0]!.windowed;
  context.query.joins.forEach((clause, i) => {
    const right = nodes[i + 1]!;
    const { leftKey, rightKey, others } = conditions(context, clause, plan, right);
    if (
      windowed !== right.windowed &&
      (windowed === undefined || right.windowed === undefined || windowed === 'SESSION' || right.windowed === 'SESSION')
    ) {
      throw new SqlError('JOIN_WINDOWED', clause.span, {
        why: 'a windowed source can only be joined with one windowed alike',
      });
    }
    const sizes = [nodes[0]!, right].map(windowSizeOf);
    if (windowed !== undefined && sizes[0] !== sizes[1])
      throw new SqlError('WINDOWED_SOURCE', clause.span, { why: 'its windows differ from those it is joined with' });
    const within = checkKind(clause, plan, relations[i + 1]!, rightKey);
    if (plan.shape === 'TABLE' && !isEquivalent(plan, leftKey)) {
      checkForeignKey(clause, plan, relations[i + 1]!);
      const keys = keysOf(plan.columns).map(({ name }) => name);
      if (viable.length === 0 && keys.length === 1) viable = keys;
      last = foreignKeyJoin({ join: clause.kind as 'INNER' | 'LEFT', left: plan, right, foreignKey: leftKey });
      plan = others(last);
      return;
    }
    // ksqlDB: later joins extend the keys that are equal to the one before; an outer side that may be null is no key.
    const both = [leftKey, rightKey].filter((expr) => expr.kind === 'column').map((expr) => expr.name);
    const texts = [leftKey, rightKey].map((expr) => JSON.stringify(expr));
    const goesOn = viable.length > 0 && texts.some((text) => equal.has(text));
    const extended = goesOn ? [...new Set([...viable.filter((name) => name !== rowKey?.name), ...both])] : both;
    if (!goesOn || clause.kind === 'FULL') equal.clear();
    if (clause.kind !== 'FULL') for (const text of texts) equal.add(text);
    const synthetic = clause.kind === 'FULL' || extended.length === 0;
    rowKey = synthetic ? { name: context.names.unique('ROWKEY'), type: leftKey.type } : undefined;
    viable = rowKey === undefined ? extended : [rowKey.name];
    const left = keyed(plan, leftKey, clause.on.span);
    const placed = keyed(right, rightKey, clause.on.span);
    last = joinNode({
      join: clause.kind,
      left,
      right: placed,
      leftKey,
      rightKey,
      keyName: viable[0]!,
      within,
      shape: left.shape === 'TABLE' ? 'TABLE' : 'STREAM',
    });
    plan = others(last);
    windowed = plan.windowed;
  });
  return {
    plan,
    viableKeys: viable.length > 0 ? viable : undefined,
    rowKey,
    withKey: (input, key) => (key === undefined ? input : renameKey(input, last, key)),
  };
}

/** The join's key column is what the projection selects: the last join is rebuilt with that name. */
function renameKey(input: LogicalNode, join: LogicalNode, key: string): LogicalNode {
  if (input === join && input.kind === 'join') {
    return joinNode({ ...input, keyName: key });
  }
  if (input.kind === 'source' || 'left' in input) return input;
  const inner = renameKey(input.input, join, key);
  const keys = new Set(keysOf(inner.columns).map(({ name }) => name));
  // Nodes above the join keep their columns; only which of them is the key changes.
  if (input.kind === 'rekey') return { ...input, input: inner };
  const known = input.columns.some(({ name }) => keys.has(name));
  const columns =
    input.kind === 'filter'
      ? inner.columns
      : known
        ? input.columns.map((each) => ({ ...each, role: keys.has(each.name) ? ('key' as const) : ('value' as const) }))
        : input.columns;
  return { ...input, input: inner, columns };
}

function keyed(node: LogicalNode, key: Expr, span: Span): LogicalNode {
  if (node.shape === 'TABLE' || isKeyedBy(node, [key])) return node;
  if (node.windowed !== undefined)
    throw new SqlError('WINDOWED_SOURCE', span, { why: 'a join by another column than its key would lose the window' });
  return rekey(node, [{ name: key.kind === 'column' ? key.name : 'KSQL_INTERNAL_JOIN_KEY', expr: key }], 'join');
}

/**
 * The equality that the rows are joined by, that of a key where there is one, and what keeps the rows that satisfy the other
 * conditions too. Only an inner join may have others: the rows of an outer one would have to come back alone.
 */
function conditions(
  context: SelectContext,
  clause: JoinClause,
  left: LogicalNode,
  right: LogicalNode,
): { leftKey: Expr; rightKey: Expr; others: (plan: LogicalNode) => LogicalNode } {
  const parts = conjunctsOf(clause.on);
  if (parts.length === 1) return { ...condition(context, clause.on, left, right), others: (plan) => plan };
  if (clause.kind !== 'INNER')
    throw new SqlError('JOIN_CONDITION', clause.on.span, { why: 'several conditions are for INNER JOIN only' });
  const found = parts.flatMap((on) => {
    try {
      return [{ on, ...condition(context, on, left, right) }];
    } catch (error) {
      // Not what relates the two sides, but it may be a condition on one of them.
      if (error instanceof SqlError && error.code === 'JOIN_CONDITION') return [];
      throw error;
    }
  });
  const isKeyOf = (expr: Expr, side: LogicalNode): boolean =>
    expr.kind === 'column' && expr.name === keysOf(side.columns)[0]?.name;
  // Rows that are placed by what they are joined by need not be moved.
  const chosen =
    found.find(({ rightKey }) => isKeyOf(rightKey, right)) ??
    found.find(({ leftKey }) => isKeyOf(leftKey, left)) ??
    found[0];
  if (chosen === undefined)
    throw new SqlError('JOIN_CONDITION', clause.on.span, {
      why: 'one of the conditions must be an equality of the joined source and one before it',
    });
  const typer = new Typer(context.scope, context.catalog.types, 'JOIN');
  const rest = parts.filter((part) => part !== chosen.on).map((part) => typer.boolean(part, 'ON'));
  const known = new Set([...left.columns, ...right.columns].map(({ name }) => name));
  if ([...columnsOf(rest)].some((name) => !known.has(name)))
    throw new SqlError('JOIN_CONDITION', clause.on.span, { why: 'a condition names a source that is joined later' });
  return { ...chosen, others: (plan) => filter(plan, conjunction(rest)) };
}

/** Without recursion: a chain of ANDs may be deeper than the stack. */
function conjunctsOf(root: ExpressionNode): ExpressionNode[] {
  const left = [root];
  const found: ExpressionNode[] = [];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (node.kind === 'logic' && node.op === 'AND') left.push(node.right, node.left);
    else found.push(node);
  }
  return found;
}

function condition(
  context: SelectContext,
  on: ExpressionNode,
  left: LogicalNode,
  right: LogicalNode,
): { leftKey: Expr; rightKey: Expr } {
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
  const [leftKey, rightKey] =
    within(a, left) && within(b, right)
      ? [a, b]
      : within(b, left) && within(a, right)
        ? [b, a]
        : refuse('the equality must relate the joined source to one before it');
  if (!sameType(leftKey.type, rightKey.type))
    throw new SqlError('JOIN_TYPES', on.span, { left: typeText(leftKey.type), right: typeText(rightKey.type) });
  for (const { type } of [leftKey, rightKey])
    if (contains(type, 'MAP'))
      throw new SqlError('KEY_TYPE', on.span, { column: printExpr(leftKey), type: typeText(type), clause: 'JOIN' });
  return { leftKey, rightKey };
}

function checkKind(clause: JoinClause, left: LogicalNode, relation: Relation, rightKey: Expr): JoinWindow | undefined {
  const right = relation.node;
  const kinds = { kind: clause.kind, left: left.shape, right: right.shape };
  if (left.shape === 'STREAM' && right.shape === 'STREAM') {
    const { within } = clause;
    if (within === undefined) throw new SqlError('JOIN_WITHIN_MISSING', clause.span, {});
    const { before, after, grace } = within;
    return {
      beforeMs: before.ms,
      afterMs: after.ms,
      graceMs: grace?.ms ?? Math.max(dayMs - before.ms - after.ms, 0),
      eager: grace === undefined,
    };
  }
  if (clause.within !== undefined) throw new SqlError('JOIN_WITHIN_MISPLACED', clause.span, {});
  if (left.shape === 'TABLE' && right.shape === 'STREAM')
    throw new SqlError('JOIN_KIND', clause.span, { ...kinds, fix: 'Put the stream first: FROM stream JOIN table.' });
  if (left.shape === 'STREAM' && (clause.kind === 'RIGHT' || clause.kind === 'FULL')) {
    throw new SqlError('JOIN_KIND', clause.span, {
      ...kinds,
      fix: 'A stream and a table can be joined by INNER or LEFT JOIN.',
    });
  }
  const rightKeys = keysOf(right.columns);
  const isKey = (expr: Expr, names: readonly { readonly name: string }[]): boolean =>
    names.length === 1 && expr.kind === 'column' && expr.name === names[0]!.name;
  if (!isKey(rightKey, rightKeys)) {
    throw new SqlError('JOIN_NOT_PRIMARY_KEY', clause.on.span, {
      key: rightKeys.map(({ name }) => `${relation.alias}.${name.slice(relation.alias.length + 1)}`).join(', '),
    });
  }
  return undefined;
}

/** Rows of the left table keep their key, so that none is there for a right row that nobody names. */
function checkForeignKey(clause: JoinClause, left: LogicalNode, right: Relation): void {
  const refuse = (why: string, fix: string): never => {
    throw new SqlError('FOREIGN_KEY_JOIN', clause.span, { why, fix });
  };
  if (clause.kind === 'RIGHT' || clause.kind === 'FULL')
    refuse(
      `${clause.kind === 'RIGHT' ? 'a right' : 'a full'} join on a foreign key has no key for the rows of "${right.scope.name}" alone`,
      'Use INNER or LEFT JOIN, or put the other table first.',
    );
  if (left.windowed !== undefined || right.node.windowed !== undefined)
    refuse('a windowed table cannot be joined on a foreign key', 'Join tables without windows.');
}

/** Whether an expression is the node's key column, or equal to it by an earlier join. */
function isEquivalent(node: LogicalNode, key: Expr): boolean {
  if (key.kind !== 'column') return false;
  if (node.kind === 'join') {
    const same = [node.leftKey, node.rightKey].some((each) => each.kind === 'column' && each.name === key.name);
    return node.join === 'FULL' ? key.name === node.keyName : same || isEquivalent(node.left, key);
  }
  const keys = keysOf(node.columns);
  return keys.length === 1 && keys[0]!.name === key.name;
}

function checkSources(context: SelectContext, relations: readonly Relation[]): void {
  const used = [context.query.from, ...context.query.joins.map(({ source }) => source)];
  relations.forEach(({ node }, i) => {
    if (node.kind === 'source' && node.source.valueFormat.format === 'KAFKA')
      throw new SqlError('KAFKA_VALUE_FORMAT', used[i]!.span, { source: node.source.name });
  });
}
