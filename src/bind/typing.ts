import type { BoundExpr } from '../expressions/node.ts';
import type { CallNode, ExpressionNode, InvokeNode } from '../syntax/expressions.ts';
import type { SqlType } from '../types/sql-type.ts';

/** What the place of an expression allows beyond scalars; a hook that is missing refuses. */
export interface TyperHooks {
  readonly aggregate?: (node: CallNode, args: BoundExpr[]) => BoundExpr;
  readonly over?: (node: CallNode, typer: ExpressionTyper) => BoundExpr;
  readonly tableFunction?: (node: CallNode, args: BoundExpr[]) => BoundExpr;
  readonly invoke?: (node: InvokeNode, typer: ExpressionTyper) => BoundExpr;
}

/** What gives an expression its type, as calls and hooks see it. */
export interface ExpressionTyper {
  readonly hooks: TyperHooks;
  /** Where the expression stands, for errors. */
  readonly place: string;
  /** The same names with other hooks. */
  with(place: string, hooks: TyperHooks): ExpressionTyper;
  type(node: ExpressionNode): BoundExpr;
  /** The body of a lambda with its arguments' types known. */
  typeLambda(node: Extract<ExpressionNode, { kind: 'lambda' }>, types: readonly SqlType[]): BoundExpr;
}
