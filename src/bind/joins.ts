import type { BoundForeignKeyJoin, BoundJoin, BoundKeyJoin, BoundVersions } from '../bound/query.ts';
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
import { bindTemporal, isTemporal } from './temporal.ts';

const dayMs = 86_400_000;

export interface BoundJoins {
  readonly joins: readonly BoundJoin[];
  readonly rows: Rows;
  /**
   * For each key column of the result, the columns that SELECT may choose as it, in order of preference; undefined when the
   * keys are fixed.
   */
  readonly viableKeys: readonly (readonly BoundColumn[])[] | undefined;
  /** Key columns that belong to no source: made by the join itself. */
  readonly rowKeys: readonly BoundColumn[];
}

/** Binds joins from left to right: each ON relates the new source to the sources before it. */
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
    const { conditions, versions } = isTemporal(clause)
      ? bindTemporal(context, clause, rows, right)
      : { conditions: joinConditions(context, clause, rows, right.bound.rows), versions: undefined };
    checkJoinWindows(clause, windowed, first, right.bound);
    if (versions === undefined) checkJoinKind(clause, rows, right, conditions.rightKeys);
    const isForeign = rows.shape === 'TABLE' && !isEquivalent(first.rows, all, conditions.leftKeys);
    const made = isForeign
      ? foreignKeyJoin(clause, rows, right, conditions, keys)
      : keyJoin(clause, rows, right, { ...conditions, versions }, keys, context.ids);
    all.push(made);
    ({ rows } = made);
    if (!isForeign) ({ windowed } = rows);
  });
  const joins = all.map(({ join }) => join);
  return { joins, rows, viableKeys: keys.viable.length > 0 ? keys.viable : undefined, rowKeys: keys.made };
}

/** The joins with the key columns that SELECT chose among the viable ones. */
export function withKeys(joins: readonly BoundJoin[], keys: readonly BoundColumn[] | undefined): readonly BoundJoin[] {
  const last = joins.at(-1);
  return keys === undefined || last?.kind !== 'key' ? joins : [...joins.slice(0, -1), { ...last, keys }];
}

/** A join and its rows. */
interface Joined<J extends BoundJoin = BoundJoin> {
  readonly join: J;
  readonly rows: Rows;
}

/** Tracks which columns may serve as the key of the joins so far. */
class JoinKeys {
  readonly #context: SelectContext;
  viable: readonly (readonly BoundColumn[])[] = [];
  made: readonly BoundColumn[] = [];
  /** The expressions that equal the key of the joins so far. */
  #equal: (readonly BoundExpr[])[] = [];
  readonly #names: string[] = [];

  constructor(context: SelectContext) {
    this.#context = context;
  }

  /**
   * ksqlDB's rule: a later join adds its keys when they equal the key so far; a side that may be padded with NULLs is no key.
   */
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
    let count = 0;
    this.made = leftKeys.flatMap(({ type }, k): BoundColumn[] =>
      isFull || extended[k]!.length === 0 ? [this.#make(type, count++)] : [],
    );
    const left = [...this.made];
    this.viable = extended.map((columns) => (isFull || columns.length === 0 ? [left.shift()!] : columns));
  }

  /** The nth made key of a join has the name that it had in the join before, whose key nobody can read any more. */
  #make(type: BoundColumn['type'], n: number): BoundColumn {
    const { ids, names } = this.#context;
    const name = (this.#names[n] ??= names.unique('ROWKEY'));
    return { kind: 'column', id: ids.next(), name, type };
  }

  /** Keeps the key of the left table. */
  keep(rows: Rows): void {
    const keys = keysOf(rows.columns);
    if (this.viable.length === 0 && keys.length === 1) this.viable = [keys.map(reference)];
  }
}

const unique = (columns: readonly BoundColumn[]): BoundColumn[] => [
  ...new Map(columns.map((column) => [column.id, column])).values(),
];

/** The remaining condition of ON is a filter for an inner join; for an outer join it decides whether rows match. */
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
  { leftKeys, rightKeys, rest, versions }: JoinConditions & { readonly versions: BoundVersions | undefined },
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
      versions,
    },
    rows: joined(left, right.rows, columns),
  };
}

/**
 * Join keys as columns to key rows by: a plain column is itself; another expression, or a column used twice, becomes a new
 * column.
 */
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
