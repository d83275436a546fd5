import type { BoundExpr, ColumnId } from '../expressions/node.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { VersionsSpec } from '../specs/temporal.ts';
import type { AggregateSetName, JoinWindow, OverFrame, WindowSpec } from '../specs/window.ts';
import type { Span } from '../diagnostics/source.ts';
import type { RankKind } from '../types/rank-kind.ts';
import type { SqlType } from '../types/sql-type.ts';
import type { BoundMatchParts } from './match.ts';
import type { BoundOrder, GroupColumns, NamedExpr, Output, RowColumn, Rows } from './rows.ts';

/**
 * A query with its names and types resolved, between syntax and plan. Frozen data. Columns are known by id; names are only
 * shown to users. Ids are unique within a statement, except that the parts of UNION ALL give columns with the same ids.
 */
export interface BoundQuery {
  /** A single SELECT, or the parts of a UNION ALL. */
  readonly selects: readonly BoundSelect[];
  /** With UNION ALL: for each part, the projection that gives the common columns. */
  readonly alike: readonly (readonly Output[])[] | undefined;
  /** A projection over the whole result: the output names of a UNION ALL, or the casts to the target of INSERT … SELECT. */
  readonly result: readonly Output[] | undefined;
  /** The columns and shape of the result. */
  readonly rows: Rows;
  /**
   * For a subquery or WITH query: columns that the outer query may read although SELECT does not list them (keys, ROWTIME,
   * bounds).
   */
  readonly hidden: ReadonlySet<ColumnId>;
  /** The sources of the catalogue that it reads, by name. */
  readonly sources: readonly string[];
  /** The source whose formats and partitions a result inherits. */
  readonly leftmost: SourceSpec;
  /** The size of the windows in the result's key; undefined for session windows and for rows without windows. */
  readonly windowSizeMs: number | undefined;
  readonly limit: number | undefined;
  readonly final: boolean;
}

/** One SELECT; its clauses are listed in the order in which rows pass through them. */
export interface BoundSelect {
  readonly span: Span;
  readonly from: BoundRelation;
  readonly joins: readonly BoundJoin[];
  /** Models that FROM and WHERE invoke. */
  readonly invokes: readonly BoundInvoke[];
  /** The subqueries of IN in WHERE. */
  readonly semiJoins: readonly BoundSemiJoin[];
  readonly where: BoundExpr | undefined;
  readonly partitionBy: readonly NamedExpr[] | undefined;
  readonly grouping: BoundGrouping | undefined;
  /** Models that SELECT invokes. */
  readonly lateInvokes: readonly BoundInvoke[];
  readonly ranking: BoundRanking | undefined;
  readonly over: readonly BoundOver[];
  /** QUALIFY: a condition over the results of window functions. */
  readonly qualify: BoundExpr | undefined;
  readonly tableFunctions: readonly BoundTableFunction[];
  readonly outputs: readonly Output[];
}

/** What FROM or JOIN names. */
export type BoundRelation = BoundSource | BoundSubquery | BoundMatch;
interface RelationBase {
  readonly alias: string;
  readonly rows: Rows;
  /** The size of the windows in the key; undefined for session windows and for rows without windows. */
  readonly windowSizeMs: number | undefined;
}
/**
 * A source of the catalogue. `reads[i]` is the source column or pseudo column that the i-th column of the rows is read from.
 */
export interface BoundSource extends RelationBase {
  readonly kind: 'source';
  readonly spec: SourceSpec;
  readonly reads: readonly string[];
}
/** A subquery or WITH query in FROM; its columns keep their ids. */
export interface BoundSubquery extends RelationBase {
  readonly kind: 'subquery';
  readonly query: BoundQuery;
}

/** MATCH_RECOGNIZE: a row for each match in a stream, keyed by the partition. */
export interface BoundMatch extends RelationBase, BoundMatchParts {
  readonly kind: 'match';
  readonly input: BoundRelation;
  readonly partitionBy: readonly NamedExpr[];
  readonly orderBy: BoundExpr;
}

/** IN over a subquery: rows are joined by an expression with a table's only key column, which is NULL where the table has no such row. */
export interface BoundSemiJoin {
  readonly right: BoundSubquery;
  readonly operand: NamedExpr;
  readonly key: ColumnId;
}

export type BoundJoin = BoundKeyJoin | BoundForeignKeyJoin;
interface JoinBase {
  readonly right: BoundRelation;
  /**
   * Outer joins: a condition of ON beside the key equalities. A row of the preserved side without a match is padded with NULLs.
   */
  readonly matches: BoundExpr | undefined;
  /** Inner joins: a condition of ON beside the key equalities, applied to the joined rows. */
  readonly filter: BoundExpr | undefined;
}
/**
 * A join on equal keys: `leftKeys[i]` equals `rightKeys[i]`. A side that is not keyed by these expressions is rekeyed first, by
 * the names given here.
 */
export interface BoundKeyJoin extends JoinBase {
  readonly kind: 'key';
  readonly join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
  readonly leftKeys: readonly NamedExpr[];
  readonly rightKeys: readonly NamedExpr[];
  /** The key columns of the result: columns of the two sides, or new ones of the join. */
  readonly keys: readonly Omit<RowColumn, 'role'>[];
  readonly within: JoinWindow | undefined;
  /** A join as of a time: which versions of the right side's rows. */
  readonly versions: BoundVersions | undefined;
}
/** The versions of a side that is joined as of a time. */
export interface BoundVersions extends VersionsSpec {
  /** The time whose version is joined, over the left columns; undefined: the time of the row. */
  readonly asOf: BoundExpr | undefined;
  /** From when on a version holds, over the right columns; undefined: the time of its record. */
  readonly from: BoundExpr | undefined;
}
/** A table joined by expressions that equal the primary key of another table; the result keeps the left table's key. */
export interface BoundForeignKeyJoin extends JoinBase {
  readonly kind: 'foreignKey';
  readonly join: 'INNER' | 'LEFT';
  readonly foreignKeys: readonly BoundExpr[];
}

export interface BoundInvoke {
  readonly model: string;
  /** A number, or an alias whose version is looked up at each call; undefined for what the model's route chooses. */
  readonly version: number | string | undefined;
  readonly args: readonly BoundExpr[];
  /** The texts by which the route chooses. */
  readonly routeBy: readonly BoundExpr[];
  /** Options of this call, before those of the model. */
  readonly options: Readonly<Record<string, string>>;
  /** The model's outputs in their order, then the columns that every invocation adds. */
  readonly outputs: readonly BoundModelOutput[];
}
export interface BoundModelOutput {
  readonly id: ColumnId;
  /** The name of the model's output. */
  readonly name: string;
  readonly source?: string;
  readonly type: SqlType;
}

export interface BoundAggregate {
  readonly id: ColumnId;
  readonly name: string;
  readonly fn: string;
  readonly args: readonly BoundExpr[];
  readonly type: SqlType;
  /** FILTER (WHERE …): rows for which it is not true are passed over. */
  readonly filter?: BoundExpr | undefined;
}
export interface BoundGrouping extends GroupColumns {
  readonly keys: readonly NamedExpr[];
  readonly aggregates: readonly BoundAggregate[];
  readonly set: AggregateSetName;
  readonly window: WindowSpec | undefined;
  readonly final: boolean;
  readonly having: BoundExpr | undefined;
  /** SELECT DISTINCT: a group is told when it comes to be, and taken back when it has no row any more. */
  readonly distinct: boolean;
}

export interface BoundOverCall {
  readonly id: ColumnId;
  readonly name: string;
  readonly fn: string;
  readonly args: readonly BoundExpr[];
  readonly type: SqlType;
  readonly frame: OverFrame;
  /** FILTER (WHERE …): rows for which it is not true stay in the frame but are ignored by this call. */
  readonly filter: BoundExpr | undefined;
  readonly ignoreNulls: boolean;
}
/** The calls with one PARTITION BY and ORDER BY, which share one ordered buffer of events. */
export interface BoundOver {
  readonly partitionBy: readonly BoundExpr[];
  readonly orderBy: BoundExpr;
  readonly calls: readonly BoundOverCall[];
  readonly aggregates: AggregateSetName;
  /** How late a row may come behind the newest of its task and still be answered; later ones are dropped. */
  readonly graceMs: number;
  /** EMIT FINAL: rows are answered when stream time has passed their time and grace, in order of time. */
  readonly final: boolean;
}
/** A column that tells the place of a ranked row otherwise than by its number. */
export interface BoundPlace extends NamedExpr {
  readonly kind: Exclude<RankKind, 'place'>;
}
/** Numbers the rows of each partition from 1 in the order of the sort keys: the result is a table by partition and number. */
export interface BoundRanking {
  /** The call, for errors. */
  readonly span: Span;
  readonly partitionBy: readonly NamedExpr[];
  readonly orderBy: readonly BoundOrder[];
  /** What tells the rows of a table apart: their keys, and the bounds of their windows. */
  readonly identity: readonly BoundExpr[];
  /** The column of the numbers. */
  readonly rank: NamedExpr;
  /** Columns of the other places, such as RANK's, each kind once. */
  readonly places: readonly BoundPlace[];
}
export interface BoundTableFunction {
  readonly id: ColumnId;
  readonly name: string;
  readonly fn: string;
  readonly args: readonly BoundExpr[];
  readonly type: SqlType;
}
