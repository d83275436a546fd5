import type { BoundForeignKeyJoin, BoundJoin, BoundKeyJoin } from '../bound/query.ts';
import { areColumns, joined, joinedByForeignKey, keysOf, reference, type NamedExpr, type Rows } from '../bound/rows.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { BoundColumn, BoundExpr, ColumnId } from '../expressions/node.ts';
import { sameExprs } from '../expressions/same.ts';
import type { JoinWindow } from '../specs/window.ts';
import type { JoinNode as JoinClause } from '../syntax/query.ts';
import { checkForeignKeyJoin } from './checks/foreign-key-join.ts';
import { checkJoinKeepsWindow } from './checks/join-keeps-window.ts';
import { checkJoinKind } from './checks/join-kind.ts';
import { checkJoinWindows } from './checks/join-windows.ts';
import { checkJoinedFormats } from './checks/combines.ts';
import type { ColumnIds, Relation, SelectContext } from './context.ts';
import { joinConditions, type JoinConditions } from './join-conditions.ts';

const dayMs = 86_400_000;

export interface BoundJoins {
  readonly joins: readonly BoundJoin[];
  readonly rows: Rows;
  /** For each column of the result's key those that may serve as it, in order of preference; undefined: they are as they are. */
  readonly viableKeys: readonly (readonly BoundColumn[])[] | undefined;
  /** The keys that no source has, where the join makes some. */
  readonly rowKeys: readonly BoundColumn[];
}

/** Joins from left to right: each ON relates the new source to those before it. */
export function bindJoins(context: SelectContext, relations: readonly Relation[]): BoundJoins {
  const { query } = context;
  checkJoinedFormats(relations, [query.from, ...query.joins.map(({ source }) => source)]);
  const first = relations[0]!.bound;
  const keys = new JoinKeys(context);
  const all: Joined[] = [];
  let { rows } = first;
  let { windowed } = rows;
  query.joins.forEach((clause, i) => {
    const right = relations[i + 1]!;
    const conditions = joinConditions(context, clause, rows, right.bound.rows);
    checkJoinWindows(clause, windowed, first, right.bound);
    checkJoinKind(clause, rows, right, conditions.rightKeys);
    const isForeign = rows.shape === 'TABLE' && !isEquivalent(first.rows, all, conditions.leftKeys);
    const made = isForeign
      ? foreignKeyJoin(clause, rows, right, conditions, keys)
      : keyJoin(clause, rows, right, conditions, keys, context.ids);
    all.push(made);
    ({ rows } = made);
    if (!isForeign) ({ windowed } = rows);
  });
  const joins = all.map(({ join }) => join);
  return { joins, rows, viableKeys: keys.viable.length > 0 ? keys.viable : undefined, rowKeys: keys.made };
}

/** The joins with the key columns that SELECT has chosen among the viable ones. */
export function withKeys(joins: readonly BoundJoin[], keys: readonly BoundColumn[] | undefined): readonly BoundJoin[] {
  const last = joins.at(-1);
  return keys === undefined || last?.kind !== 'key' ? joins : [...joins.slice(0, -1), { ...last, keys }];
}

/** A join with the rows that it gives. */
interface Joined<J extends BoundJoin = BoundJoin> {
  readonly join: J;
  readonly rows: Rows;
}

/** The columns that may be the key of the joins so far. */
class JoinKeys {
  readonly #context: SelectContext;
  viable: readonly (readonly BoundColumn[])[] = [];
  made: readonly BoundColumn[] = [];
  /** The expressions that are equal to the key so far. */
  #equal: (readonly BoundExpr[])[] = [];

  constructor(context: SelectContext) {
    this.#context = context;
  }

  /** ksqlDB: later joins extend the keys that are equal to the one before; an outer side that may be null is no key. */
  extend(isFull: boolean, leftKeys: readonly BoundExpr[], rightKeys: readonly BoundExpr[]): void {
    const both = [leftKeys, rightKeys];
    const goesOn =
      this.viable.length === leftKeys.length &&
      both.some((exprs) => this.#equal.some((equal) => sameExprs(equal, exprs)));
    const made = new Set(this.made.map(({ id }) => id));
    const extended = leftKeys.map((leftKey, k) => {
      const own = [leftKey, rightKeys[k]!].filter((expr) => expr.kind === 'column');
      return goesOn ? unique([...this.viable[k]!.filter(({ id }) => !made.has(id)), ...own]) : own;
    });
    if (!goesOn || isFull) this.#equal = [];
    if (!isFull) this.#equal.push(...both);
    this.made = leftKeys.flatMap(({ type }, k): BoundColumn[] =>
      isFull || extended[k]!.length === 0 ? [this.#make(type)] : [],
    );
    const left = [...this.made];
    this.viable = extended.map((columns) => (isFull || columns.length === 0 ? [left.shift()!] : columns));
  }

  #make(type: BoundColumn['type']): BoundColumn {
    const { ids, names } = this.#context;
    return { kind: 'column', id: ids.next(), name: names.unique('ROWKEY'), type };
  }

  /** Rows that keep the key of the left table. */
  keep(rows: Rows): void {
    const keys = keysOf(rows.columns);
    if (this.viable.length === 0 && keys.length === 1) this.viable = [keys.map(reference)];
  }
}

const unique = (columns: readonly BoundColumn[]): BoundColumn[] => [
  ...new Map(columns.map((column) => [column.id, column])).values(),
];

/** An inner join's rows may as well be filtered; those of an outer one that do not match come back alone. */
const placesOf = ({ kind }: JoinClause, rest: BoundExpr | undefined): Pick<BoundJoin, 'matches' | 'filter'> => ({
  matches: kind === 'INNER' ? undefined : rest,
  filter: kind === 'INNER' ? rest : undefined,
});

function foreignKeyJoin(
  clause: JoinClause,
  left: Rows,
  right: Relation,
  { leftKeys, rest }: JoinConditions,
  keys: JoinKeys,
): Joined<BoundForeignKeyJoin> {
  checkForeignKeyJoin(clause, left, right);
  keys.keep(left);
  const join = clause.kind as 'INNER' | 'LEFT';
  return {
    join: { kind: 'foreignKey', join, right: right.bound, foreignKeys: leftKeys, ...placesOf(clause, rest) },
    rows: joinedByForeignKey(left, right.bound.rows),
  };
}

function keyJoin(
  clause: JoinClause,
  left: Rows,
  { bound: right }: Relation,
  { leftKeys, rightKeys, rest }: JoinConditions,
  keys: JoinKeys,
  ids: ColumnIds,
): Joined<BoundKeyJoin> {
  if (rest !== undefined && left.shape === 'TABLE' && clause.kind === 'FULL')
    throw new SqlError('JOIN_CONDITION', clause.on.span, {
      why: 'a full join of tables has one row for each key, so its only conditions can be those on the keys',
    });
  keys.extend(clause.kind === 'FULL', leftKeys, rightKeys);
  checkJoinKeepsWindow(left, leftKeys, clause.on.span);
  checkJoinKeepsWindow(right.rows, rightKeys, clause.on.span);
  const columns = keys.viable.map(([column]) => column!);
  return {
    join: {
      kind: 'key',
      join: clause.kind,
      right,
      leftKeys: named(leftKeys, ids),
      rightKeys: named(rightKeys, ids),
      keys: columns,
      ...placesOf(clause, rest),
      within: withinOf(clause),
    },
    rows: joined(left, right.rows, columns),
  };
}

/** Join keys as the columns that rows are keyed by: a column is itself, another expression or the same column again is a new one. */
function named(keys: readonly BoundExpr[], ids: ColumnIds): NamedExpr[] {
  const taken = new Set<ColumnId>();
  return keys.map((expr): NamedExpr => {
    if (expr.kind === 'column' && !taken.has(expr.id)) {
      taken.add(expr.id);
      return { id: expr.id, name: expr.name, expr };
    }
    return { id: ids.next(), name: 'KSQL_INTERNAL_JOIN_KEY', expr };
  });
}

function withinOf({ within }: JoinClause): JoinWindow | undefined {
  if (within === undefined) return undefined;
  const { before, after, grace } = within;
  return {
    beforeMs: before.ms,
    afterMs: after.ms,
    graceMs: grace?.ms ?? Math.max(dayMs - before.ms - after.ms, 0),
    eager: grace === undefined,
  };
}

/** Whether expressions are the key columns of the rows so far, or equal to them by an earlier join. */
function isEquivalent(first: Rows, all: readonly Joined[], keys: readonly BoundExpr[]): boolean {
  const last = all.at(-1);
  if (last?.join.kind !== 'key') return areColumns(keys, keysOf((last?.rows ?? first).columns));
  const { join } = last;
  if (join.join === 'FULL') return areColumns(keys, join.keys);
  const sides = [join.leftKeys, join.rightKeys];
  const isSame = (key: BoundExpr, i: number): boolean =>
    key.kind === 'column' &&
    sides.some((side) => {
      const other = side[i]?.expr;
      return other?.kind === 'column' && other.id === key.id;
    });
  return (keys.length === join.leftKeys.length && keys.every(isSame)) || isEquivalent(first, all.slice(0, -1), keys);
}
