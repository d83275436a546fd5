import type { Span } from '../diagnostics/source.ts';
import type { ExpressionNode, InvokeArgument, Name, OverNode } from './expressions.ts';

export type SelectItem =
  | { readonly kind: 'all'; readonly source: Name | undefined; readonly span: Span }
  | { readonly kind: 'allFields'; readonly expression: ExpressionNode; readonly span: Span }
  | {
      readonly kind: 'expression';
      readonly expression: ExpressionNode;
      readonly alias: Name | undefined;
      readonly span: Span;
    };

/** A source of the catalogue or a name of WITH; with `query` a subquery, whose name is its alias. */
export interface SourceNode {
  readonly name: Name;
  readonly alias: Name | undefined;
  readonly query?: QueryNode | undefined;
  readonly span: Span;
}
interface NamedQuery {
  readonly name: Name;
  readonly query: QueryNode;
}
export interface OrderItem {
  readonly expression: ExpressionNode;
  readonly descending: boolean;
  /** As it is written; PostgreSQL's rule otherwise: last ascending, first descending. */
  readonly nullsFirst: boolean | undefined;
}
/** Milliseconds, with the text they were written as. */
export interface Duration {
  readonly ms: number;
  readonly text: string;
}
export type JoinKind = 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
export interface JoinNode {
  readonly kind: JoinKind;
  readonly source: SourceNode;
  readonly within:
    { readonly before: Duration; readonly after: Duration; readonly grace: Duration | undefined } | undefined;
  readonly on: ExpressionNode;
  readonly span: Span;
}
export interface InvokeClause {
  readonly model: Name;
  readonly version: string | undefined;
  readonly args: readonly InvokeArgument[] | undefined;
  readonly properties: readonly PropertyNode[];
  readonly alias: Name;
  readonly span: Span;
}
export interface WindowNode {
  readonly kind: 'TUMBLING' | 'HOPPING' | 'SESSION';
  /** Size, or the gap of a session. */
  readonly size: Duration;
  readonly advance: Duration | undefined;
  readonly retention: Duration | undefined;
  readonly grace: Duration | undefined;
  readonly span: Span;
}
export interface QueryNode {
  readonly select: readonly SelectItem[];
  readonly from: SourceNode;
  readonly joins: readonly JoinNode[];
  readonly invokes: readonly InvokeClause[];
  readonly window: WindowNode | undefined;
  readonly namedWindows: readonly { readonly name: Name; readonly over: OverNode }[];
  readonly where: ExpressionNode | undefined;
  readonly groupBy: readonly ExpressionNode[] | undefined;
  readonly partitionBy: readonly ExpressionNode[] | undefined;
  readonly having: ExpressionNode | undefined;
  /** The queries that WITH names. */
  readonly with: readonly NamedQuery[];
  /** What UNION ALL adds. */
  readonly union: readonly QueryNode[];
  readonly orderBy: readonly OrderItem[];
  readonly emit: 'CHANGES' | 'FINAL' | undefined;
  readonly limit: number | undefined;
  readonly span: Span;
}

/** `NAME = value` of a WITH clause; the name is upper-cased with `-` and `.` kept. */
export interface PropertyNode {
  readonly name: string;
  readonly value: string | number | boolean | null;
  readonly span: Span;
}
