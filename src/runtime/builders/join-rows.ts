import { compilePredicate } from '../../expressions/compile.ts';
import type { Expr } from '../../expressions/node.ts';
import type { JoinMatches } from '../operators/stream-table-join.ts';
import type { BuildContext } from './context.ts';

/** Compiles a join's further condition, over the columns of the left row and then of the right row. */
export function joinMatches(expr: Expr | undefined, context: BuildContext): JoinMatches {
  if (expr === undefined) return undefined;
  const matches = compilePredicate(expr, (error) => context.report(error, 'ON'));
  return (l, r) => matches([...l, ...r]);
}
