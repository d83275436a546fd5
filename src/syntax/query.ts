import type { Span } from '../diagnostics/source.ts';
import type { MatchNode } from './match.ts';
import type {
  ColumnNode,
  Duration,
  ExpressionNode,
  InvokeArgument,
  Name,
  OrderItem,
  OverNode,
  SubqueryNode,
} from './expressions.ts';

export type SelectItem =
  | { readonly kind: 'all'; readonly source: Name | undefined; readonly span: Span }
  | { readonly kind: 'allFields'; readonly expression: ExpressionNode; readonly span: Span }
  | {
      readonly kind: 'expression';
      readonly expression: ExpressionNode;
      readonly alias: Name | undefined;
      readonly span: Span;
    };

/** A source of the catalogue or a WITH query, by name; or a subquery (`query` is set), whose name is its alias, empty
 * where it has none. */
export interface SourceNode {
  readonly name: Name;
  readonly alias: Name | undefined;
  readonly query?: QueryNode | undefined;
  readonly match?: MatchNode | undefined;
  /** TABLE(TUMBLE(TABLE name, DESCRIPTOR(time), …)). */
  readonly window?:
    { readonly fn: Name; readonly time: ColumnNode; readonly args: readonly ExpressionNode[] } | undefined;
  /** FOR SYSTEM_TIME AS OF: the time whose row is joined. */
  readonly asOf?: ExpressionNode | undefined;
  /** FILE('…'): the path. Its name is its alias, empty where it has none. */
  readonly file?: string | undefined;
  readonly span: Span;
}
interface NamedQuery {
  readonly name: Name;
  readonly query: QueryNode;
}
export type JoinKind = 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
export interface JoinNode {
  readonly kind: JoinKind;
  /** ASOF JOIN: with the newest row before. */
  readonly isAsOf?: true;
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
  /** What the model's route chooses a version by; undefined for the record's key. */
  readonly routeBy: ExpressionNode | undefined;
  readonly properties: readonly PropertyNode[];
  readonly alias: Name;
  readonly span: Span;
}
export interface WindowNode {
  readonly kind: 'TUMBLING' | 'HOPPING' | 'SESSION' | 'SLIDING' | 'CUMULATE';
  /** The size of the window, or the gap of a session window. */
  readonly size: Duration;
  /** ADVANCE BY of hopping windows, STEP of cumulating ones. */
  readonly advance: Duration | undefined;
  readonly retention: Duration | undefined;
  readonly grace: Duration | undefined;
  readonly span: Span;
}
/** What ML_EVALUATE adds to a query of one INVOKE clause. */
export interface EvaluateNode {
  readonly label: Name;
  readonly task: Name | undefined;
  /** SCORE and THRESHOLD. */
  readonly options: readonly PropertyNode[];
}
export interface QueryNode extends SubqueryNode {
  /** Set for ML_EVALUATE in FROM: what the model says is compared with a label. */
  readonly evaluates?: EvaluateNode | undefined;
  /** Where DISTINCT stands: rows are told once. */
  readonly distinct?: Span | undefined;
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
  /** A condition over the results of window functions. */
  readonly qualify: ExpressionNode | undefined;
  /** The queries of the WITH clause. */
  readonly with: readonly NamedQuery[];
  /** The further queries of a UNION ALL. */
  readonly union: readonly QueryNode[];
  readonly orderBy: readonly OrderItem[];
  readonly emit: 'CHANGES' | 'FINAL' | undefined;
  readonly limit: number | undefined;
  /** Set where the values of its IN (subquery) were read: another reading has others. */
  readonly once?: true;
  /** How many rows OFFSET passes over. */
  readonly offset?: number | undefined;
  readonly span: Span;
}

/** A query of SELECT and FROM alone. */
export const selectFrom = (select: readonly SelectItem[], from: SourceNode, span: Span): QueryNode => ({
  select,
  from,
  joins: [],
  invokes: [],
  window: undefined,
  namedWindows: [],
  where: undefined,
  groupBy: undefined,
  partitionBy: undefined,
  having: undefined,
  qualify: undefined,
  with: [],
  union: [],
  orderBy: [],
  emit: undefined,
  limit: undefined,
  span,
});

/** Whether a part of a syntax tree is a query. */
export const isQuery = (part: object): part is QueryNode => 'select' in part && 'from' in part && 'joins' in part;

/** The query of IN (SELECT …), which only `queryOf` makes. */
export const subqueryOf = ({ query }: { readonly query: SubqueryNode }): QueryNode => query as QueryNode;

/** `NAME = value` in a WITH clause; the name is in upper case and may contain `-` and `.`. */
export interface PropertyNode {
  readonly name: string;
  readonly value: string | number | boolean | null;
  readonly span: Span;
}
