import type { BoundExpr } from '../expressions/node.ts';
import type { CallNode, ExpressionNode, InvokeNode } from '../syntax/expressions.ts';
import type { SqlType } from '../types/sql-type.ts';

/** What a clause allows beyond scalar expressions; a missing hook means that the construct is refused. */
export interface TyperHooks {
  readonly aggregate?: (node: CallNode, args: BoundExpr[], filter?: BoundExpr) => BoundExpr;
  readonly over?: (node: CallNode, typer: ExpressionTyper) => BoundExpr;
  readonly tableFunction?: (node: CallNode, args: BoundExpr[]) => BoundExpr;
  /** IN over a subquery. */
  readonly inQuery?: (node: Extract<ExpressionNode, { kind: 'inQuery' }>, typer: ExpressionTyper) => BoundExpr;
  readonly invoke?: (node: InvokeNode, typer: ExpressionTyper) => BoundExpr;
}

/** The part of the typer that calls and hooks use. */
export interface ExpressionTyper {
  readonly hooks: TyperHooks;
  /** The clause, for error messages. */
  readonly place: string;
  /** A typer over the same names with other hooks. */
  with(place: string, hooks: TyperHooks): ExpressionTyper;
  type(node: ExpressionNode): BoundExpr;
  /** A condition; `what` names it, for errors. */
  boolean(node: ExpressionNode, what: string): BoundExpr;
  /** Types the body of a lambda; the types of its parameters are known. */
  typeLambda(node: Extract<ExpressionNode, { kind: 'lambda' }>, types: readonly SqlType[]): BoundExpr;
}
