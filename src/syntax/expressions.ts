import type { Span } from '../diagnostics/source.ts';

/** A name as written: folded to upper case unless quoted, which `quoted` remembers. */
export interface Name {
  readonly text: string;
  readonly span: Span;
}

/** A type as written; names of custom types are resolved by analysis. */
export type TypeNode =
  | { readonly kind: 'named'; readonly name: string; readonly span: Span }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number; readonly span: Span }
  | { readonly kind: 'array'; readonly element: TypeNode; readonly span: Span }
  | { readonly kind: 'map'; readonly key: TypeNode; readonly value: TypeNode; readonly span: Span }
  | {
      readonly kind: 'struct';
      readonly fields: readonly { readonly name: string; readonly type: TypeNode }[];
      readonly span: Span;
    };

interface Node {
  readonly span: Span;
}
export interface LiteralNode extends Node {
  readonly kind: 'literal';
  /** The kind of literal as written; `integer` covers INTEGER and BIGINT. Decimals and doubles keep their text. */
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
  readonly over: Name | OverNode | undefined;
}
export interface OverNode extends Node {
  readonly kind: 'over';
  readonly partitionBy: readonly ExpressionNode[];
  readonly orderBy: readonly { readonly expression: ExpressionNode; readonly descending: boolean }[];
  readonly frame: { readonly unit: 'ROWS' | 'RANGE'; readonly start: BoundNode; readonly end: BoundNode } | undefined;
  readonly maxSize: number | undefined;
}
export type BoundNode =
  | { readonly kind: 'unbounded' }
  | { readonly kind: 'current' }
  | { readonly kind: 'preceding'; readonly amount: number; readonly unit: string | undefined };
export interface InvokeArgument {
  readonly expression: ExpressionNode;
  readonly input: Name | undefined;
}
export interface InvokeNode extends Node {
  readonly kind: 'invoke';
  readonly model: Name;
  readonly version: string | undefined;
  /** Undefined for `(*)`: inputs are taken by name. */
  readonly args: readonly InvokeArgument[] | undefined;
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
      readonly kind: 'like';
      readonly operand: ExpressionNode;
      readonly pattern: ExpressionNode;
      readonly escape: string | undefined;
      readonly negated: boolean;
    })
  | (Node & {
      readonly kind: 'case';
      readonly operand: ExpressionNode | undefined;
      readonly whens: readonly { readonly when: ExpressionNode; readonly then: ExpressionNode }[];
      readonly otherwise: ExpressionNode | undefined;
    })
  | (Node & { readonly kind: 'cast'; readonly operand: ExpressionNode; readonly type: TypeNode })
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

/** The conditions that ANDs put together, from left to right. Without recursion: a chain of them may be deeper than the stack. */
export function conjunctsOf(root: ExpressionNode): ExpressionNode[] {
  const left = [root];
  const found: ExpressionNode[] = [];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (node.kind === 'logic' && node.op === 'AND') left.push(node.right, node.left);
    else found.push(node);
  }
  return found;
}
