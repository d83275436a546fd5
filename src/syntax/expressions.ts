import type { Span } from '../diagnostics/source.ts';

/** A name, folded to upper case unless it was quoted. */
export interface Name {
  readonly text: string;
  readonly span: Span;
}

/** A type as written; the names of custom types are resolved later. */
export type TypeNode =
  | { readonly kind: 'named'; readonly name: string; readonly span: Span }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number; readonly span: Span }
  /** NUMERIC(p, s): DECIMAL, unless a user has a type of that name. */
  | { readonly kind: 'sized'; readonly name: string; readonly sizes: readonly number[]; readonly span: Span }
  | { readonly kind: 'array'; readonly element: TypeNode; readonly span: Span }
  | { readonly kind: 'map'; readonly key: TypeNode; readonly value: TypeNode; readonly span: Span }
  | {
      readonly kind: 'struct';
      readonly fields: readonly { readonly name: string; readonly type: TypeNode }[];
      readonly span: Span;
    };

/** A query within an expression: `subqueryOf` gives it, because queries are made of expressions. */
export interface SubqueryNode {
  readonly span: Span;
}
interface Node {
  readonly span: Span;
}
export interface LiteralNode extends Node {
  readonly kind: 'literal';
  /** The kind of literal as written; `integer` stands for INTEGER and BIGINT. Decimals and doubles keep their text. */
  readonly literal: 'string' | 'integer' | 'decimal' | 'double' | 'boolean' | 'null';
  readonly value: string | null;
}
export interface ColumnNode extends Node {
  readonly kind: 'column';
  readonly qualifier: Name | undefined;
  readonly name: Name;
}
export interface CallNode extends Node {
  readonly kind: 'call';
  readonly name: Name;
  readonly star: boolean;
  readonly args: readonly ExpressionNode[];
  /** Where DISTINCT stands before the arguments. */
  readonly distinct: Node | undefined;
  /** FILTER (WHERE …). */
  readonly filter: ExpressionNode | undefined;
  /** Where IGNORE NULLS stands; RESPECT NULLS says what holds anyway. */
  readonly ignoreNulls: Node | undefined;
  readonly over: Name | OverNode | undefined;
}
/** The parentheses of OVER, or of a named window. */
export interface OverNode extends Node {
  readonly kind: 'over';
  readonly partitionBy: readonly ExpressionNode[];
  readonly orderBy: readonly OrderItem[];
  readonly frame: FrameNode | undefined;
  readonly exclude: OverOption<FrameExclusionWord> | undefined;
  readonly maxSize: OverOption<number> | undefined;
  readonly tile: OverOption<Duration> | undefined;
  readonly grace: OverOption<Duration> | undefined;
}
/** An item of ORDER BY, of a query or of a window. */
export interface OrderItem extends Node {
  readonly expression: ExpressionNode;
  readonly descending: boolean;
  /** NULLS FIRST or LAST as written; undefined means PostgreSQL's default: last for ascending, first for descending order. */
  readonly nullsFirst: boolean | undefined;
}
export interface FrameNode extends Node {
  readonly unit: 'ROWS' | 'RANGE';
  readonly start: BoundNode;
  readonly end: BoundNode;
}
/** An amount is text as written: what no bound can be is said when it is bound. */
export type BoundNode =
  | (Node & { readonly kind: 'current' })
  | (Node & { readonly kind: 'unbounded'; readonly following: boolean })
  | (Node & {
      readonly kind: 'offset';
      readonly amount: string;
      readonly unit: string | undefined;
      readonly following: boolean;
    });
export interface OverOption<V> extends Node {
  readonly value: V;
}
export type FrameExclusionWord = 'CURRENT ROW' | 'GROUP' | 'TIES' | 'NO OTHERS';
/** Milliseconds, with the text they were written as. */
export interface Duration {
  readonly ms: number;
  readonly text: string;
}
export interface InvokeArgument {
  readonly expression: ExpressionNode;
  readonly input: Name | undefined;
}
export interface InvokeNode extends Node {
  readonly kind: 'invoke';
  readonly model: Name;
  readonly version: string | undefined;
  /** Undefined for `(*)`: the model's inputs are matched to columns by name. */
  readonly args: readonly InvokeArgument[] | undefined;
  /** Written as ML_PREDICT('model', …): a single output is the value itself. */
  readonly asFunction: boolean;
}
export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '||';
export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type ExpressionNode =
  | LiteralNode
  | ColumnNode
  | CallNode
  | InvokeNode
  | (Node & { readonly kind: 'unary'; readonly op: '+' | '-'; readonly operand: ExpressionNode })
  | (Node & {
      readonly kind: 'binary';
      readonly op: BinaryOperator;
      readonly left: ExpressionNode;
      readonly right: ExpressionNode;
    })
  | (Node & {
      readonly kind: 'compare';
      readonly op: Comparison;
      readonly left: ExpressionNode;
      readonly right: ExpressionNode;
    })
  | (Node & {
      readonly kind: 'logic';
      readonly op: 'AND' | 'OR';
      readonly left: ExpressionNode;
      readonly right: ExpressionNode;
    })
  | (Node & { readonly kind: 'not'; readonly operand: ExpressionNode })
  | (Node & { readonly kind: 'isNull'; readonly operand: ExpressionNode; readonly negated: boolean })
  | (Node & {
      readonly kind: 'distinct';
      readonly left: ExpressionNode;
      readonly right: ExpressionNode;
      readonly negated: boolean;
    })
  | (Node & {
      readonly kind: 'between';
      readonly operand: ExpressionNode;
      readonly low: ExpressionNode;
      readonly high: ExpressionNode;
      readonly negated: boolean;
    })
  | (Node & {
      readonly kind: 'in';
      readonly operand: ExpressionNode;
      readonly items: readonly ExpressionNode[];
      readonly negated: boolean;
    })
  | (Node & {
      readonly kind: 'inQuery';
      readonly operand: ExpressionNode;
      readonly query: SubqueryNode;
      readonly negated: boolean;
    })
  | (Node & {
      readonly kind: 'like';
      readonly operand: ExpressionNode;
      readonly pattern: ExpressionNode;
      /** ILIKE: upper and lower case are the same. */
      readonly ignoresCase: boolean;
      readonly escape: string | undefined;
      readonly negated: boolean;
    })
  | (Node & {
      readonly kind: 'case';
      readonly operand: ExpressionNode | undefined;
      readonly whens: readonly { readonly when: ExpressionNode; readonly then: ExpressionNode }[];
      readonly otherwise: ExpressionNode | undefined;
    })
  | (Node & {
      readonly kind: 'cast';
      readonly operand: ExpressionNode;
      readonly type: TypeNode;
      readonly isTry: boolean;
    })
  | (Node & { readonly kind: 'subscript'; readonly operand: ExpressionNode; readonly index: ExpressionNode })
  | (Node & { readonly kind: 'field'; readonly operand: ExpressionNode; readonly field: Name })
  | (Node & { readonly kind: 'array'; readonly items: readonly ExpressionNode[] })
  | (Node & {
      readonly kind: 'map';
      readonly entries: readonly { readonly key: ExpressionNode; readonly value: ExpressionNode }[];
    })
  | (Node & {
      readonly kind: 'struct';
      readonly fields: readonly { readonly name: Name; readonly value: ExpressionNode }[];
    })
  | (Node & { readonly kind: 'lambda'; readonly params: readonly Name[]; readonly body: ExpressionNode })
  | (Node & { readonly kind: 'unit'; readonly unit: string })
  | (Node & { readonly kind: 'interval'; readonly amount: number; readonly unit: string })
  | (Node & { readonly kind: 'typed'; readonly type: string; readonly text: string })
  | (Node & { readonly kind: 'atTimeZone'; readonly operand: ExpressionNode; readonly zone: string });

/**
 * The operands of a conjunction, from left to right. Iterative, because a long chain of ANDs is nested deeper than the stack
 * allows.
 */
export function conjunctsOf(root: ExpressionNode): ExpressionNode[] {
  const left = [root];
  const conjuncts: ExpressionNode[] = [];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (node.kind === 'logic' && node.op === 'AND') left.push(node.right, node.left);
    else conjuncts.push(node);
  }
  return conjuncts;
}
