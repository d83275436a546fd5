import type { BoundAggregate, BoundModelOutput, BoundOverCall, BoundTableFunction } from '../../bound/query.ts';
import { areColumns, keysOf, type GroupColumns, type NamedExpr, type RowColumn, type Rows } from '../../bound/rows.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import type { SourceSpec } from '../../specs/source.ts';
import type { JoinWindow, WindowSpec } from '../../specs/window.ts';

/** A topic as rows. `reads` are the source columns (and pseudo columns) that become this node's columns, in the same order. */
export interface LogicalSource extends Rows {
  readonly kind: 'source';
  readonly source: SourceSpec;
  readonly alias: string;
  readonly reads: readonly string[];
}
export interface LogicalFilter extends Rows {
  readonly kind: 'filter';
  readonly input: LogicalNode;
  readonly predicate: BoundExpr;
}
export interface LogicalProject extends Rows {
  readonly kind: 'project';
  readonly input: LogicalNode;
  /** One for each column; key columns are plain references to the input's key columns. */
  readonly exprs: readonly NamedExpr[];
}
/** Table functions: each input row becomes as many rows as the longest result, zipped. */
export interface LogicalFlatMap extends Rows {
  readonly kind: 'flatMap';
  readonly input: LogicalNode;
  readonly functions: readonly BoundTableFunction[];
}
/** A new key for a stream: PARTITION BY, or the side of a join. */
export interface LogicalRekey extends Rows {
  readonly kind: 'rekey';
  readonly input: LogicalNode;
  readonly keys: readonly NamedExpr[];
  /** `partitionBy` keeps rows whose new key is null, a join or grouping drops them. */
  readonly purpose: 'partitionBy' | 'join';
}
export interface LogicalAggregate extends Rows, Omit<GroupColumns, 'aggregates'> {
  readonly kind: 'aggregate';
  readonly input: LogicalNode;
  readonly keys: readonly NamedExpr[];
  readonly aggregates: readonly BoundAggregate[];
  readonly window: WindowSpec | undefined;
  readonly final: boolean;
}
export interface LogicalJoin extends Rows {
  readonly kind: 'join';
  readonly join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
  readonly left: LogicalNode;
  readonly right: LogicalNode;
  /** What rows are joined by: rows meet where each on the left is equal to the one at its place on the right. */
  readonly leftKeys: readonly BoundExpr[];
  readonly rightKeys: readonly BoundExpr[];
  /** The result's key columns, which hold the join keys. */
  readonly keys: readonly Omit<RowColumn, 'role'>[];
  /** What rows that meet must satisfy to be joined; those of an outer side that do not stay alone. Inner joins filter instead. */
  readonly matches: BoundExpr | undefined;
  readonly within: JoinWindow | undefined;
}
/**
 * A table joined with another by expressions that are that one's primary key, each row of which may have many partners: the rows
 * keep the left table's key.
 */
export interface LogicalForeignKeyJoin extends Rows {
  readonly kind: 'foreignKeyJoin';
  readonly join: 'INNER' | 'LEFT';
  readonly left: LogicalNode;
  readonly right: LogicalNode;
  readonly foreignKeys: readonly BoundExpr[];
  readonly matches: BoundExpr | undefined;
}
/** The rows of two streams with the same columns. */
export interface LogicalUnion extends Rows {
  readonly kind: 'union';
  readonly left: LogicalNode;
  readonly right: LogicalNode;
}
export interface LogicalOver extends Rows {
  readonly kind: 'over';
  readonly input: LogicalNode;
  readonly partitionBy: readonly BoundExpr[];
  readonly orderBy: BoundExpr;
  readonly calls: readonly BoundOverCall[];
}
export interface LogicalInvoke extends Rows {
  readonly kind: 'invoke';
  readonly input: LogicalNode;
  readonly model: string;
  /** Undefined: the default version at the time of each call. */
  readonly version: number | undefined;
  readonly args: readonly BoundExpr[];
  readonly onError: string | undefined;
  /** The output columns and the hidden ones, in the order of the model's outputs. */
  readonly outputs: readonly BoundModelOutput[];
}

/** A tree of what a query does, without how. Columns are ids; each id is in a row once. */
export type LogicalNode =
  | LogicalSource
  | LogicalFilter
  | LogicalProject
  | LogicalFlatMap
  | LogicalRekey
  | LogicalAggregate
  | LogicalJoin
  | LogicalForeignKeyJoin
  | LogicalUnion
  | LogicalOver
  | LogicalInvoke;
export type NodeOf<K extends LogicalNode['kind']> = Extract<LogicalNode, { kind: K }>;

export function inputsOf(node: LogicalNode): readonly LogicalNode[] {
  if (node.kind === 'source') return [];
  return 'left' in node ? [node.left, node.right] : [node.input];
}

/** The same node over other inputs. */
export function withInputs(node: LogicalNode, inputs: readonly LogicalNode[]): LogicalNode {
  if (node.kind === 'source') return node;
  if ('left' in node) return { ...node, left: inputs[0]!, right: inputs[1]! };
  return { ...node, input: inputs[0]! };
}

/** Whether rows are where these expressions, which are their key columns, would put them: a repartition by them would move none. */
export const isKeyedBy = (node: LogicalNode, exprs: readonly BoundExpr[]): boolean =>
  isPlaced(node) && areColumns(exprs, keysOf(node.columns));

/** Whether equal keys are on one partition: not where streams were put together that were spread each in its own way. */
function isPlaced(node: LogicalNode): boolean {
  if (node.kind === 'source' || node.kind === 'rekey' || node.kind === 'aggregate') return true;
  return node.kind !== 'union' && isPlaced(inputsOf(node)[0]!);
}
