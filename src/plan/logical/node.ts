import type {
  BoundAggregate,
  BoundModelOutput,
  BoundOverCall,
  BoundRanking,
  BoundTableFunction,
  BoundVersions,
} from '../../bound/query.ts';
import type { BoundMatchParts } from '../../bound/match.ts';
import { areColumns, keysOf, type GroupColumns, type NamedExpr, type RowColumn, type Rows } from '../../bound/rows.ts';
import type { BoundExpr, Expr } from '../../expressions/node.ts';
import type { MonitorSpec } from '../../specs/monitor.ts';
import type { NearestSpec } from '../../specs/nearest.ts';
import type { SourceSpec } from '../../specs/source.ts';
import type { ReadPart } from '../../types/read-part.ts';
import type { AggregateSetName, JoinWindow, WindowSpec } from '../../specs/window.ts';

/** Reads a topic. `reads[i]` is the source column or pseudo column that becomes the node's i-th column. */
export interface LogicalSource extends Rows {
  readonly kind: 'source';
  readonly source: SourceSpec;
  readonly alias: string;
  readonly reads: readonly string[];
  /** What is read of each of them, where some are read in part. */
  readonly parts?: readonly ReadPart[] | undefined;
  /** Of a pull query: which rows of the table are wanted, of those that satisfy the filter above. */
  readonly nearest?: NearestSpec | undefined;
}
export interface LogicalFilter extends Rows {
  readonly kind: 'filter';
  readonly input: LogicalNode;
  readonly predicate: BoundExpr;
  /** Whether a row that was there before is not told again: the rows of SELECT DISTINCT. */
  readonly distinct: boolean;
}
export interface LogicalProject extends Rows {
  readonly kind: 'project';
  readonly input: LogicalNode;
  /** One expression per column; key columns are plain references to the input's key columns. */
  readonly exprs: readonly NamedExpr[];
}
/** Table functions: each input row gives as many rows as the longest result; shorter results are padded with NULLs. */
export interface LogicalFlatMap extends Rows {
  readonly kind: 'flatMap';
  readonly input: LogicalNode;
  readonly functions: readonly BoundTableFunction[];
}
/** A new key for a stream: by PARTITION BY, or for a side of a join. */
export interface LogicalRekey extends Rows {
  readonly kind: 'rekey';
  readonly input: LogicalNode;
  readonly keys: readonly NamedExpr[];
  /** `partitionBy` and `preserved` (a side of an outer join) keep rows whose new key is NULL; `join` drops them. */
  readonly purpose: 'partitionBy' | 'preserved' | 'join';
}
export interface LogicalAggregate extends Rows, Omit<GroupColumns, 'aggregates'> {
  readonly kind: 'aggregate';
  readonly input: LogicalNode;
  readonly keys: readonly NamedExpr[];
  readonly aggregates: readonly BoundAggregate[];
  readonly set: AggregateSetName;
  readonly window: WindowSpec | undefined;
  readonly final: boolean;
  readonly distinct: boolean;
}
export interface LogicalJoin extends Rows {
  readonly kind: 'join';
  readonly join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
  readonly left: LogicalNode;
  readonly right: LogicalNode;
  /** The join keys: rows join where `leftKeys[i]` equals `rightKeys[i]` for all i. */
  readonly leftKeys: readonly BoundExpr[];
  readonly rightKeys: readonly BoundExpr[];
  /** The key columns of the result, which hold the join keys. */
  readonly keys: readonly Omit<RowColumn, 'role'>[];
  /**
   * Outer joins: a further condition for a match; rows of the preserved side without a match are padded. Inner joins filter
   * instead.
   */
  readonly matches: BoundExpr | undefined;
  readonly within: JoinWindow | undefined;
  /** A join as of a time; the left side is a stream. */
  readonly versions: BoundVersions | undefined;
}
/**
 * A table joined by expressions that equal the primary key of another table, so that a right row can have many partners. The
 * result keeps the left table's key.
 */
export interface LogicalForeignKeyJoin extends Rows {
  readonly kind: 'foreignKeyJoin';
  readonly join: 'INNER' | 'LEFT';
  readonly left: LogicalNode;
  readonly right: LogicalNode;
  readonly foreignKeys: readonly BoundExpr[];
  readonly matches: BoundExpr | undefined;
}
/** Combines two streams with the same columns. */
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
  readonly aggregates: AggregateSetName;
  readonly graceMs: number;
  readonly final: boolean;
  /** The place among the final windows of a query with several PARTITION BYs; undefined if it is alone. */
  readonly among: 'first' | 'middle' | 'last' | undefined;
  /** Its calls are ROW_NUMBER, and the rows with the number 1 are wanted alone. */
  readonly firstOnly?: true;
}
/** Finds a pattern in the rows of each partition: a row for each match. */
export interface LogicalMatch extends Rows, BoundMatchParts {
  readonly kind: 'match';
  readonly input: LogicalNode;
  readonly partitionBy: readonly NamedExpr[];
  readonly orderBy: BoundExpr;
}
/** Numbers the rows of each partition; `limit` is how many of them are wanted, undefined for all. */
export interface LogicalRank extends Rows, BoundRanking {
  readonly kind: 'rank';
  readonly input: LogicalNode;
  readonly limit: number | undefined;
}
export interface LogicalInvoke extends Rows {
  readonly kind: 'invoke';
  readonly input: LogicalNode;
  readonly model: string;
  /** A number, or an alias whose version is looked up at each call; undefined for what the model's route chooses. */
  readonly version: number | string | undefined;
  readonly args: readonly BoundExpr[];
  /** The texts by which the route chooses. */
  readonly routeBy: readonly BoundExpr[];
  /** Options of this call, before those of the model. */
  readonly options: Readonly<Record<string, string>>;
  /** The model's outputs in order, then the hidden output columns. */
  readonly outputs: readonly BoundModelOutput[];
}

/** Measures the rows of windows: a row for each check. */
export interface LogicalMonitor extends Rows {
  readonly kind: 'monitor';
  readonly input: LogicalNode;
  readonly segments: readonly BoundExpr[];
  readonly values: readonly BoundExpr[];
  readonly time: BoundExpr;
  /** Of rows that bring a label, and only of those, its value and that of the score. */
  readonly label: BoundExpr | undefined;
  readonly score: BoundExpr | undefined;
  readonly spec: MonitorSpec<Expr>;
}

/** All that a monitor reads of its input. */
export const monitorExprs = ({ segments, values, time, label, score }: LogicalMonitor): BoundExpr[] =>
  [...segments, ...values, time, label, score].filter((expr) => expr !== undefined);

/** What a query computes, without how it is run. Columns are identified by ids, which are unique within a row. */
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
  | LogicalRank
  | LogicalMatch
  | LogicalInvoke
  | LogicalMonitor;
export type NodeOf<K extends LogicalNode['kind']> = Extract<LogicalNode, { kind: K }>;

export function inputsOf(node: LogicalNode): readonly LogicalNode[] {
  if (node.kind === 'source') return [];
  return 'left' in node ? [node.left, node.right] : [node.input];
}

/** A copy of the node with other inputs. */
export function withInputs(node: LogicalNode, inputs: readonly LogicalNode[]): LogicalNode {
  if (node.kind === 'source') return node;
  if ('left' in node) return { ...node, left: inputs[0]!, right: inputs[1]! };
  return { ...node, input: inputs[0]! };
}

/**
 * Whether the rows are already partitioned by these expressions (their key columns), so that a repartition would move no row.
 */
export const isKeyedBy = (node: LogicalNode, exprs: readonly BoundExpr[]): boolean =>
  isPlaced(node) && areColumns(exprs, keysOf(node.columns));

/** Whether equal keys are on the same partition: not for a UNION ALL of streams that are partitioned differently. */
function isPlaced(node: LogicalNode): boolean {
  if (node.kind === 'source' || node.kind === 'rekey' || node.kind === 'aggregate' || node.kind === 'match')
    return true;
  // What OVER brought together by other columns stays where those put it, under the key that it had.
  if (node.kind === 'over') return isKeyedBy(node.input, node.partitionBy);
  return node.kind !== 'union' && isPlaced(inputsOf(node)[0]!);
}
