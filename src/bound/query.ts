import type { BoundExpr, ColumnId } from '../expressions/node.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { JoinWindow, OverFrame, WindowSpec } from '../specs/window.ts';
import type { Span } from '../diagnostics/source.ts';
import type { SqlType } from '../types/sql-type.ts';
import type { GroupColumns, NamedExpr, Output, RowColumn, Rows } from './rows.ts';

/**
 * A query whose names and types are resolved: what stands between syntax and plan. Frozen data; columns are ids, and names are kept
 * for people. A column's id is unique in a statement, but for UNION ALL, whose parts give the same columns.
 */
export interface BoundQuery {
  /** One, or those that UNION ALL puts together. */
  readonly selects: readonly BoundSelect[];
  /** With UNION ALL: how each part becomes rows with the common columns. */
  readonly alike: readonly (readonly Output[])[] | undefined;
  /** A last projection over all of it: what UNION ALL shows, what INSERT converts. */
  readonly result: readonly Output[] | undefined;
  /** The rows that it gives. */
  readonly rows: Rows;
  /** Columns that a query that is part of another gives though SELECT does not name them. */
  readonly hidden: ReadonlySet<ColumnId>;
  /** The sources of the catalogue that it reads, by name. */
  readonly sources: readonly string[];
  /** The source whose formats and partitions a result inherits. */
  readonly leftmost: SourceSpec;
  /** The size of the windows that rows carry; undefined for sessions and without windows. */
  readonly windowSizeMs: number | undefined;
  readonly limit: number | undefined;
  readonly final: boolean;
}

/** One SELECT, clause by clause in the order in which rows pass them. */
export interface BoundSelect {
  readonly span: Span;
  readonly from: BoundRelation;
  readonly joins: readonly BoundJoin[];
  /** Models that FROM and WHERE invoke. */
  readonly invokes: readonly BoundInvoke[];
  readonly where: BoundExpr | undefined;
  readonly partitionBy: readonly NamedExpr[] | undefined;
  readonly grouping: BoundGrouping | undefined;
  /** Models that SELECT invokes. */
  readonly lateInvokes: readonly BoundInvoke[];
  readonly over: readonly BoundOver[];
  readonly tableFunctions: readonly BoundTableFunction[];
  readonly outputs: readonly Output[];
}

/** What FROM or JOIN names. */
export type BoundRelation = BoundSource | BoundSubquery;
interface RelationBase {
  readonly alias: string;
  readonly rows: Rows;
  /** The size of the windows that rows carry; undefined for sessions and without windows. */
  readonly windowSizeMs: number | undefined;
}
/** A source of the catalogue. `reads` are the source columns and pseudo columns behind its rows' columns. */
export interface BoundSource extends RelationBase {
  readonly kind: 'source';
  readonly spec: SourceSpec;
  readonly reads: readonly string[];
}
/** A query in the place of a source; its columns keep their ids. */
export interface BoundSubquery extends RelationBase {
  readonly kind: 'subquery';
  readonly query: BoundQuery;
}

export type BoundJoin = BoundKeyJoin | BoundForeignKeyJoin;
interface JoinBase {
  readonly right: BoundRelation;
  /** What rows that meet must satisfy to be joined; those of an outer side that do not stay alone. */
  readonly matches: BoundExpr | undefined;
  /** Of an inner join: what joined rows must satisfy besides. */
  readonly filter: BoundExpr | undefined;
}
/**
 * Rows meet where each expression on the left is equal to the one at its place on the right. A side that is not placed by its keys
 * is keyed by them first, as the columns that they are named.
 */
export interface BoundKeyJoin extends JoinBase {
  readonly kind: 'key';
  readonly join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
  readonly leftKeys: readonly NamedExpr[];
  readonly rightKeys: readonly NamedExpr[];
  /** The key columns of the result: columns of the two sides, or such as the join makes. */
  readonly keys: readonly Omit<RowColumn, 'role'>[];
  readonly within: JoinWindow | undefined;
}
/** A table joined with another by expressions that are that one's primary key: rows keep the left table's key. */
export interface BoundForeignKeyJoin extends JoinBase {
  readonly kind: 'foreignKey';
  readonly join: 'INNER' | 'LEFT';
  readonly foreignKeys: readonly BoundExpr[];
}

export interface BoundInvoke {
  readonly model: string;
  /** Undefined: the default version at the time of each call. */
  readonly version: number | undefined;
  readonly args: readonly BoundExpr[];
  readonly onError: string | undefined;
  /** The columns of the model's outputs in their order, then those that every invocation gives. */
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
}
export interface BoundGrouping extends GroupColumns {
  readonly keys: readonly NamedExpr[];
  readonly aggregates: readonly BoundAggregate[];
  readonly window: WindowSpec | undefined;
  readonly final: boolean;
  readonly having: BoundExpr | undefined;
}

export interface BoundOverCall {
  readonly id: ColumnId;
  readonly name: string;
  readonly fn: string;
  readonly args: readonly BoundExpr[];
  readonly type: SqlType;
  readonly frame: OverFrame;
}
/** The calls with one PARTITION BY and ORDER BY, which share one ordered buffer of events. */
export interface BoundOver {
  readonly partitionBy: readonly BoundExpr[];
  readonly orderBy: BoundExpr;
  readonly calls: readonly BoundOverCall[];
}
export interface BoundTableFunction {
  readonly id: ColumnId;
  readonly name: string;
  readonly fn: string;
  readonly args: readonly BoundExpr[];
  readonly type: SqlType;
}
