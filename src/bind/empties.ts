import { SqlError } from '../diagnostics/sql-error.ts';
import type { BoundExpr } from '../expressions/node.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import type { SqlType } from '../types/sql-type.ts';

type Empty = Extract<ExpressionNode, { kind: 'array' | 'map' }>;

/** ARRAY[] and MAP(), whose type only what stands around them can tell. */
export const isEmpty = (node: ExpressionNode): node is Empty =>
  (node.kind === 'array' && node.items.length === 0) || (node.kind === 'map' && node.entries.length === 0);

/** ARRAY[] and MAP() where the type that they cannot tell is known, as in CAST(ARRAY[] AS ARRAY<…>). */
export function emptyOf(operand: ExpressionNode, type: SqlType): BoundExpr | undefined {
  if (!isEmpty(operand)) return undefined;
  if (operand.kind === 'array' && type.kind === 'ARRAY') return { kind: 'array', items: [], type };
  return operand.kind === 'map' && type.kind === 'MAP' ? { kind: 'map', entries: [], type } : undefined;
}

/** The same, or an error that says how its type can be told. */
export function emptyOfKnown(node: Empty, type: SqlType | undefined): BoundExpr {
  const empty = type && emptyOf(node, type);
  if (empty !== undefined) return empty;
  throw new SqlError('EMPTY_CONSTRUCTOR', node.span, { what: node.kind === 'array' ? 'ARRAY' : 'MAP', isEmpty: true });
}

/** Types what is not empty, puts it in agreement, and gives the others its type. */
export function withEmpties<N extends ExpressionNode>(
  nodes: readonly N[],
  agree: (others: readonly N[]) => { exprs: BoundExpr[]; type: SqlType | undefined },
): { exprs: BoundExpr[]; type: SqlType | undefined } {
  const { exprs, type } = agree(nodes.filter((node) => !isEmpty(node)));
  const others = exprs.values();
  const all = nodes.map((node) => (isEmpty(node) ? emptyOfKnown(node, type) : others.next().value!));
  return { exprs: all, type };
}
