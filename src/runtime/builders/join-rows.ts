import { compilePredicate } from '../../expressions/compile.ts';
import type { Expr } from '../../expressions/node.ts';
import type { JoinMatches } from '../operators/stream-table-join.ts';
import type { BuildContext } from './context.ts';

/** What rows that meet must satisfy to be joined, over the columns of the left one and then those of the right one. */
export function joinMatches(expr: Expr | undefined, context: BuildContext): JoinMatches {
  if (expr === undefined) return undefined;
  const matches = compilePredicate(expr, (error) => context.report(error, 'ON'));
  return (l, r) => matches([...l, ...r]);
}
