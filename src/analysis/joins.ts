import type { SourceObject } from '../catalog/catalog.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { columnsOf, type Expr } from '../expressions/node.ts';
import { printExpr } from '../expressions/print.ts';
import { foreignKeyJoin, join as joinNode, rekey } from '../plan/logical/build.ts';
import { keysOf, type JoinWindow, type LogicalNode, type SourceNode } from '../plan/logical/node.ts';
import type { JoinNode as JoinClause } from '../syntax/query.ts';
import { contains, sameType, typeText, type SqlType } from '../types/sql-type.ts';
import type { SelectContext } from './context.ts';
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
export function planJoins(
  context: SelectContext,
  nodes: readonly SourceNode[],
  objects: readonly SourceObject[],
): PlannedJoins {
  checkSources(context, objects);
  let plan: LogicalNode = nodes[0]!;
  let viable: string[] = [];
  /** The expressions that are equal to the key so far. */
  const equal = new Set<string>();
  let rowKey: PlannedJoins['rowKey'];
  let windowed = nodes[0]!.windowed;
  context.query.joins.forEach((clause, i) => {
    const right = nodes[i + 1]!;
    const { leftKey, rightKey } = condition(context, clause, plan, right);
    if (
      windowed !== right.windowed &&
      (windowed === undefined || right.windowed === undefined || windowed === 'SESSION' || right.windowed === 'SESSION')
    ) {
      throw new SqlError('JOIN_WINDOWED', clause.span, {
        why: 'a windowed source can only be joined with one windowed alike',
      });
    }
    const sizes = [objects[0]!, objects[i + 1]!].map(({ spec }) => spec.window?.sizeMs);
    if (windowed !== undefined && sizes[0] !== sizes[1])
      throw new SqlError('WINDOWED_SOURCE', clause.span, { why: 'its windows differ from those it is joined with' });
    const within = checkKind(clause, plan, right, rightKey);
    if (plan.shape === 'TABLE' && !isEquivalent(plan, leftKey)) {
      checkForeignKey(clause, plan, objects[i + 1]!);
      const keys = keysOf(plan.columns).map(({ name }) => name);
      if (viable.length === 0 && keys.length === 1) viable = keys;
      plan = foreignKeyJoin({ join: clause.kind as 'INNER' | 'LEFT', left: plan, right, foreignKey: leftKey });
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
    plan = joinNode({
      join: clause.kind,
      left,
      right: placed,
      leftKey,
      rightKey,
      keyName: viable[0]!,
      within,
      shape: left.shape === 'TABLE' ? 'TABLE' : 'STREAM',
    });
    windowed = plan.windowed;
  });
  return {
    plan,
    viableKeys: viable.length > 0 ? viable : undefined,
    rowKey,
    withKey: (input, key) => (key === undefined ? input : renameKey(input, plan, key)),
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
  const keys = keysOf(node.columns);
  const isKey = keys.length === 1 && key.kind === 'column' && key.name === keys[0]!.name;
  if (isKey || node.shape === 'TABLE') return node;
  if (node.windowed !== undefined)
    throw new SqlError('WINDOWED_SOURCE', span, { why: 'a join by another column than its key would lose the window' });
  return rekey(node, [{ name: key.kind === 'column' ? key.name : 'KSQL_INTERNAL_JOIN_KEY', expr: key }], 'join');
}

function condition(
  context: SelectContext,
  clause: JoinClause,
  left: LogicalNode,
  right: LogicalNode,
): { leftKey: Expr; rightKey: Expr } {
  const refuse = (why: string): never => {
    throw new SqlError('JOIN_CONDITION', clause.on.span, { why });
  };
  const { on } = clause;
  // A source that is not there is said before a name that several have.
  if (on.kind === 'compare')
    for (const side of [on.left, on.right])
      if (side.kind === 'column' && side.qualifier !== undefined) context.scope.source(side.qualifier);
  if (on.kind !== 'compare')
    return refuse(on.kind === 'logic' ? 'several conditions are not supported' : 'the condition must be an equality');
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

function checkKind(clause: JoinClause, left: LogicalNode, right: SourceNode, rightKey: Expr): JoinWindow | undefined {
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
      key: rightKeys.map(({ name }) => `${right.alias}.${name.slice(right.alias.length + 1)}`).join(', '),
    });
  }
  return undefined;
}

/** Rows of the left table keep their key, so that none is there for a right row that nobody names. */
function checkForeignKey(clause: JoinClause, left: LogicalNode, right: SourceObject): void {
  const refuse = (why: string, fix: string): never => {
    throw new SqlError('FOREIGN_KEY_JOIN', clause.span, { why, fix });
  };
  if (clause.kind === 'RIGHT' || clause.kind === 'FULL')
    refuse(
      `${clause.kind === 'RIGHT' ? 'a right' : 'a full'} join on a foreign key has no key for the rows of "${right.spec.name}" alone`,
      'Use INNER or LEFT JOIN, or put the other table first.',
    );
  if (left.windowed !== undefined || right.spec.window !== undefined)
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

function checkSources(context: SelectContext, objects: readonly SourceObject[]): void {
  const used = [context.query.from, ...context.query.joins.map(({ source }) => source)];
  objects.forEach(({ spec }, i) => {
    if (spec.valueFormat.format === 'KAFKA')
      throw new SqlError('KAFKA_VALUE_FORMAT', used[i]!.span, { source: spec.name });
  });
}
