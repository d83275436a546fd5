import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Expr } from '../expressions/node.ts';
import { filter, foreignKeyJoin, join as joinNode, rekey } from '../plan/logical/build.ts';
import { isKeyedBy, keysOf, windowSizeOf, type JoinWindow, type LogicalNode } from '../plan/logical/node.ts';
import type { JoinNode as JoinClause } from '../syntax/query.ts';
import type { SqlType } from '../types/sql-type.ts';
import type { SelectContext } from './context.ts';
import { joinConditions } from './join-conditions.ts';
import type { Relation } from './relations.ts';

const dayMs = 86_400_000;

export interface PlannedJoins {
  readonly plan: LogicalNode;
  /** For each column of the result's key those that may serve as it, in order of preference; undefined: they are as they are. */
  readonly viableKeys: readonly (readonly string[])[] | undefined;
  /** The keys that no source has, where the join makes some. */
  readonly rowKeys: readonly { readonly name: string; readonly type: SqlType }[];
  /** The plan with the chosen key columns. */
  readonly withKeys: (plan: LogicalNode, keys: readonly string[] | undefined) => LogicalNode;
}

/** Joins from left to right: each ON relates the new source to those before it. */
export function planJoins(context: SelectContext, relations: readonly Relation[]): PlannedJoins {
  checkSources(context, relations);
  const nodes = relations.map(({ node }) => node);
  let plan: LogicalNode = nodes[0]!;
  let last = plan;
  let viable: string[][] = [];
  /** The expressions that are equal to the key so far. */
  const equal = new Set<string>();
  let rowKeys: PlannedJoins['rowKeys'] = [];
  let windowed = nodes[0]!.windowed;
  context.query.joins.forEach((clause, i) => {
    const right = nodes[i + 1]!;
    const { leftKeys, rightKeys, rest } = joinConditions(context, clause, plan, right);
    checkWindows(clause, nodes[0]!, windowed, right);
    const within = checkKind(clause, plan, relations[i + 1]!, rightKeys);
    // An inner join's rows may as well be filtered; those of an outer one that do not match come back alone.
    const matches = clause.kind === 'INNER' ? undefined : rest;
    const filtered = (node: LogicalNode): LogicalNode =>
      rest === undefined || matches !== undefined ? node : filter(node, rest);
    if (plan.shape === 'TABLE' && !isEquivalent(plan, leftKeys)) {
      checkForeignKey(clause, plan, relations[i + 1]!);
      const keys = keysOf(plan.columns).map(({ name }) => name);
      if (viable.length === 0 && keys.length === 1) viable = [keys];
      const join = clause.kind as 'INNER' | 'LEFT';
      last = foreignKeyJoin({ join, left: plan, right, foreignKeys: leftKeys, matches });
      plan = filtered(last);
      return;
    }
    if (matches !== undefined && plan.shape === 'TABLE' && clause.kind === 'FULL')
      throw new SqlError('JOIN_CONDITION', clause.on.span, {
        why: 'a full join of tables has one row for each key, so its only conditions can be those on the keys',
      });
    // ksqlDB: later joins extend the keys that are equal to the one before; an outer side that may be null is no key.
    const texts = [leftKeys, rightKeys].map((exprs) => JSON.stringify(exprs));
    const goesOn = viable.length === leftKeys.length && texts.some((text) => equal.has(text));
    const made = new Set(rowKeys.map(({ name }) => name));
    const extended = leftKeys.map((leftKey, k) => {
      const both = [leftKey, rightKeys[k]!].flatMap((expr) => (expr.kind === 'column' ? [expr.name] : []));
      return goesOn ? [...new Set([...viable[k]!.filter((name) => !made.has(name)), ...both])] : both;
    });
    if (!goesOn || clause.kind === 'FULL') equal.clear();
    if (clause.kind !== 'FULL') for (const text of texts) equal.add(text);
    rowKeys = leftKeys.flatMap(({ type }, k) =>
      clause.kind === 'FULL' || extended[k]!.length === 0 ? [{ name: context.names.unique('ROWKEY'), type }] : [],
    );
    const synthetic = rowKeys.map(({ name }) => name);
    viable = extended.map((names) => (clause.kind === 'FULL' || names.length === 0 ? [synthetic.shift()!] : names));
    const left = keyed(plan, leftKeys, clause.on.span);
    last = joinNode({
      join: clause.kind,
      left,
      right: keyed(right, rightKeys, clause.on.span),
      leftKeys,
      rightKeys,
      keyNames: viable.map(([name]) => name!),
      matches,
      within,
      shape: left.shape === 'TABLE' ? 'TABLE' : 'STREAM',
    });
    plan = filtered(last);
    windowed = plan.windowed;
  });
  return {
    plan,
    viableKeys: viable.length > 0 ? viable : undefined,
    rowKeys,
    withKeys: (input, keys) => (keys === undefined ? input : renameKeys(input, last, keys)),
  };
}

function checkWindows(
  clause: JoinClause,
  first: LogicalNode,
  windowed: LogicalNode['windowed'],
  right: LogicalNode,
): void {
  if (
    windowed !== right.windowed &&
    (windowed === undefined || right.windowed === undefined || windowed === 'SESSION' || right.windowed === 'SESSION')
  ) {
    throw new SqlError('JOIN_WINDOWED', clause.span, {
      why: 'a windowed source can only be joined with one windowed alike',
    });
  }
  if (windowed !== undefined && windowSizeOf(first) !== windowSizeOf(right))
    throw new SqlError('WINDOWED_SOURCE', clause.span, { why: 'its windows differ from those it is joined with' });
}

/** The join's key columns are what the projection selects: the last join is rebuilt with those names. */
function renameKeys(input: LogicalNode, join: LogicalNode, keyNames: readonly string[]): LogicalNode {
  if (input === join && input.kind === 'join') return joinNode({ ...input, keyNames });
  if (input.kind === 'source' || 'left' in input) return input;
  const inner = renameKeys(input.input, join, keyNames);
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

function keyed(node: LogicalNode, keys: readonly Expr[], span: Span): LogicalNode {
  if (node.shape === 'TABLE' || isKeyedBy(node, keys)) return node;
  if (node.windowed !== undefined)
    throw new SqlError('WINDOWED_SOURCE', span, { why: 'a join by another column than its key would lose the window' });
  const taken = new Set<string>();
  const named = keys.map((expr, i) => {
    const own = expr.kind === 'column' && !taken.has(expr.name) ? expr.name : undefined;
    const name = own ?? (i === 0 ? 'KSQL_INTERNAL_JOIN_KEY' : `KSQL_INTERNAL_JOIN_KEY_${i}`);
    taken.add(name);
    return { name, expr };
  });
  return rekey(node, named, 'join');
}

function checkKind(
  clause: JoinClause,
  left: LogicalNode,
  relation: Relation,
  keys: readonly Expr[],
): JoinWindow | undefined {
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
  if (!areKeys(keys, right)) {
    throw new SqlError('JOIN_NOT_PRIMARY_KEY', clause.on.span, {
      key: keysOf(right.columns)
        .map(({ name }) => `${relation.alias}.${name.slice(relation.alias.length + 1)}`)
        .join(', '),
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

/** Whether expressions are the node's key columns, or equal to them by an earlier join. */
function isEquivalent(node: LogicalNode, keys: readonly Expr[]): boolean {
  if (node.kind !== 'join') return areKeys(keys, node);
  if (node.join === 'FULL') return areNamed(keys, node.keyNames);
  const sides = [node.leftKeys, node.rightKeys];
  const isSame = (key: Expr, i: number): boolean =>
    key.kind === 'column' && sides.some((side) => side[i]?.kind === 'column' && side[i].name === key.name);
  return (keys.length === node.leftKeys.length && keys.every(isSame)) || isEquivalent(node.left, keys);
}

const areKeys = (exprs: readonly Expr[], { columns }: LogicalNode): boolean =>
  areNamed(
    exprs,
    keysOf(columns).map(({ name }) => name),
  );
const areNamed = (exprs: readonly Expr[], names: readonly string[]): boolean =>
  exprs.length === names.length && exprs.every((expr, i) => expr.kind === 'column' && expr.name === names[i]);

function checkSources(context: SelectContext, relations: readonly Relation[]): void {
  const used = [context.query.from, ...context.query.joins.map(({ source }) => source)];
  relations.forEach(({ node }, i) => {
    if (node.kind === 'source' && node.source.valueFormat.format === 'KAFKA')
      throw new SqlError('KAFKA_VALUE_FORMAT', used[i]!.span, { source: node.source.name });
  });
}
