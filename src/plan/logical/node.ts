import type { Expr } from '../../expressions/node.ts';
import type { SqlType } from '../../types/sql-type.ts';
import type { SourceSpec } from '../formats.ts';
import type { WindowSpec } from '../window.ts';

/** A column of an intermediate result. */
export interface PlanColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly role: 'key' | 'value';
}
export interface NamedExpr {
  readonly name: string;
  readonly expr: Expr;
}
interface Base {
  readonly columns: readonly PlanColumn[];
  /** Streams append; tables change by key. */
  readonly shape: 'STREAM' | 'TABLE';
  /** Set when rows belong to windows, whose bounds are then part of the key. */
  readonly windowed: WindowSpec['type'] | undefined;
}

/** A topic as rows. `reads` are the source columns (and pseudo columns) that become this node's columns, in the same order. */
export interface SourceNode extends Base {
  readonly kind: 'source';
  readonly source: SourceSpec;
  readonly alias: string;
  readonly reads: readonly string[];
}
export interface FilterNode extends Base {
  readonly kind: 'filter';
  readonly input: LogicalNode;
  readonly predicate: Expr;
}
export interface ProjectNode extends Base {
  readonly kind: 'project';
  readonly input: LogicalNode;
  /** One for each column; key columns are plain references to the input's key columns. */
  readonly exprs: readonly NamedExpr[];
}
/** Table functions: each input row becomes as many rows as the longest result, zipped. */
export interface FlatMapNode extends Base {
  readonly kind: 'flatMap';
  readonly input: LogicalNode;
  readonly functions: readonly {
    readonly name: string;
    readonly fn: string;
    readonly args: readonly Expr[];
    readonly type: SqlType;
  }[];
}
/** A new key for a stream: PARTITION BY, or the side of a join. */
export interface RekeyNode extends Base {
  readonly kind: 'rekey';
  readonly input: LogicalNode;
  readonly keys: readonly NamedExpr[];
  /** `partitionBy` keeps rows whose new key is null, a join or grouping drops them. */
  readonly purpose: 'partitionBy' | 'join';
}
export interface AggregateCall {
  readonly name: string;
  readonly fn: string;
  readonly args: readonly Expr[];
  readonly type: SqlType;
}
export interface AggregateNode extends Base {
  readonly kind: 'aggregate';
  readonly input: LogicalNode;
  readonly keys: readonly NamedExpr[];
  readonly aggregates: readonly AggregateCall[];
  readonly window: WindowSpec | undefined;
  readonly final: boolean;
}
export interface JoinNode extends Base {
  readonly kind: 'join';
  readonly join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
  readonly left: LogicalNode;
  readonly right: LogicalNode;
  /** What rows are joined by: rows meet where each on the left is equal to the one at its place on the right. */
  readonly leftKeys: readonly Expr[];
  readonly rightKeys: readonly Expr[];
  /** The names of the result's key columns, which hold the join keys. */
  readonly keyNames: readonly string[];
  /** What rows that meet must satisfy to be joined; those of an outer side that do not stay alone. Inner joins filter instead. */
  readonly matches: Expr | undefined;
  readonly within: JoinWindow | undefined;
}
/**
 * A table joined with another by expressions that are that one's primary key, each row of which may have many partners: the rows
 * keep the left table's key.
 */
export interface ForeignKeyJoinNode extends Base {
  readonly kind: 'foreignKeyJoin';
  readonly join: 'INNER' | 'LEFT';
  readonly left: LogicalNode;
  readonly right: LogicalNode;
  readonly foreignKeys: readonly Expr[];
  readonly matches: Expr | undefined;
}
/** The rows of two streams with the same columns. */
export interface UnionNode extends Base {
  readonly kind: 'union';
  readonly left: LogicalNode;
  readonly right: LogicalNode;
}
export interface JoinWindow {
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;
  /** Without GRACE PERIOD outer rows are padded at once, and again joined later. */
  readonly eager: boolean;
}
export interface OverCall {
  readonly name: string;
  readonly fn: string;
  readonly args: readonly Expr[];
  readonly type: SqlType;
  readonly frame: OverFrame;
}
/** The rows that an OVER function sees, up to and including the current one. */
export interface OverFrame {
  /** Milliseconds back from the current row, or undefined without such a bound. */
  readonly rangeMs: number | undefined;
  /** How many rows back, or undefined without such a bound. */
  readonly rows: number | undefined;
  readonly maxSize: number | undefined;
}
export interface OverNode extends Base {
  readonly kind: 'over';
  readonly input: LogicalNode;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: Expr;
  readonly calls: readonly OverCall[];
}
export interface InvokeNode extends Base {
  readonly kind: 'invoke';
  readonly input: LogicalNode;
  readonly model: string;
  /** Undefined: the default version at the time of each call. */
  readonly version: number | undefined;
  readonly args: readonly Expr[];
  readonly onError: string | undefined;
  /** The names of the output columns and the hidden ones, in the order of the model's outputs. */
  readonly outputs: readonly { readonly name: string; readonly output: string; readonly type: SqlType }[];
}

export type LogicalNode =
  | SourceNode
  | FilterNode
  | ProjectNode
  | FlatMapNode
  | RekeyNode
  | AggregateNode
  | JoinNode
  | ForeignKeyJoinNode
  | UnionNode
  | OverNode
  | InvokeNode;
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

export const keysOf = (columns: readonly PlanColumn[]): PlanColumn[] => columns.filter(({ role }) => role === 'key');
export const valuesOf = (columns: readonly PlanColumn[]): PlanColumn[] =>
  columns.filter(({ role }) => role === 'value');

/** The size of the windows that rows carry: the aggregation's, or the windowed source's; undefined for sessions and without windows. */
export function windowSizeOf(node: LogicalNode): number | undefined {
  if (node.kind === 'aggregate' && node.window !== undefined)
    return node.window.type === 'SESSION' ? undefined : node.window.sizeMs;
  if (node.kind === 'source') return node.source.window?.sizeMs;
  return windowSizeOf(inputsOf(node)[0]!);
}

/** Whether rows are where these expressions, which are their key columns, would put them: a repartition by them would move none. */
export function isKeyedBy(node: LogicalNode, exprs: readonly Expr[]): boolean {
  const keys = keysOf(node.columns);
  return (
    isPlaced(node) &&
    exprs.length === keys.length &&
    exprs.every((expr, i) => expr.kind === 'column' && expr.name === keys[i]!.name)
  );
}

/** Whether equal keys are on one partition: not where streams were put together that were spread each in its own way. */
function isPlaced(node: LogicalNode): boolean {
  if (node.kind === 'source' || node.kind === 'rekey' || node.kind === 'aggregate') return true;
  return node.kind !== 'union' && isPlaced(inputsOf(node)[0]!);
}
