import { compileJoinRow, compilePredicate } from '../../expressions/compile.ts';
import type { Expr } from '../../expressions/node.ts';
import type { PlanColumn } from '../../plan/logical/node.ts';
import type { StepOf } from '../../plan/physical/step.ts';
import type { JoinMatches, JoinRow } from '../operators/stream-table-join.ts';
import type { BuildContext } from './context.ts';
import { layoutFor } from './expressions.ts';

/** What rows that meet must satisfy to be joined. */
export function joinMatches(
  expr: Expr | undefined,
  left: readonly PlanColumn[],
  right: readonly PlanColumn[],
  context: BuildContext,
): JoinMatches {
  if (expr === undefined) return undefined;
  const matches = compilePredicate(expr, layoutFor([...left, ...right]), (error) => context.report(error, 'ON'));
  return (l, r) => matches([...l, ...r]);
}

/** Where each column of a join's row comes from: its key, or a slot of one side. */
export function joinRow(step: StepOf<'streamStreamJoin' | 'streamTableJoin' | 'tableTableJoin'>): JoinRow {
  const left = layoutFor(step.left.columns);
  const right = layoutFor(step.right.columns);
  return compileJoinRow(
    (step.picks ?? step.columns).map(({ name, role }) => {
      if (role === 'key') return { side: 'key', slot: step.keys.indexOf(name) };
      const slot = left.get(name);
      return slot === undefined ? { side: 'right', slot: right.get(name)! } : { side: 'left', slot };
    }),
  );
}
