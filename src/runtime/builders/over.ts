import { compileExpression } from '../../expressions/compile.ts';
import type { Expr } from '../../expressions/node.ts';
import { findOverFunction } from '../../functions/over/index.ts';
import type { StepColumn } from '../../plan/physical/steps/base.ts';
import type { OverCall } from '../../plan/physical/steps/over.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import { Change } from '../change.ts';
import type { Operator } from '../operator.ts';
import { Over, type BoundOver } from '../operators/over.ts';
import { aggregatorOf } from './aggregates.ts';
import type { Builder } from './context.ts';
import { projection } from './expressions.ts';
import { keyValue } from './stores.ts';

export const over: Builder<'over'> = (step, context) => {
  const columns = step.input.columns;
  const args = step.calls.flatMap((call) => argsOf(call));
  let at = 0;
  const calls = step.calls.map((call): BoundOver => {
    const bound = overCall(call, at);
    at += bound.count;
    return bound;
  });
  const inner = new Over(
    keyValue(step, context),
    projection(step.partitionBy, context),
    compileExpression(step.orderBy, (error) => context.report(error, 'ORDER BY')),
    projection(args, context),
    calls,
    context.position,
  );
  return stripInternalKeys(inner, step.columns, columns.length + step.calls.length);
};

/** How many rows back is part of the call and no argument of each row. */
const argsOf = ({ fn, args }: OverCall): readonly Expr[] =>
  findOverFunction(fn) === undefined ? args : args.slice(0, 1);

function overCall(call: OverCall, at: number): BoundOver {
  const { fn, args, type, frame } = call;
  const base = { frame, at, count: argsOf(call).length };
  const only = findOverFunction(fn);
  if (only === undefined) return { ...base, kind: { aggregator: aggregatorOf(fn, args, type) } };
  const [, rows] = args;
  return { ...base, kind: only.picks(rows?.kind === 'literal' ? Number(rows.value) : undefined) };
}

/** Rows that were repartitioned for one step lose the key columns that placed them, which come first, and get their own key back. */
function stripInternalKeys(operator: Operator, columns: readonly StepColumn[], actual: number): Operator {
  const extra = actual - columns.length;
  if (extra <= 0) return operator;
  const keySlots = columns.flatMap(({ role }, slot) => (role === 'key' ? [slot] : []));
  return {
    process: (inputs) => {
      const changes = rowsOf(operator.process(inputs) as Batch);
      const stripped = changes.map(({ after, timestamp, sequence, window, headers }) => {
        const row = after!.slice(extra);
        return new Change(
          keySlots.map((slot) => row[slot]!),
          undefined,
          row,
          timestamp,
          sequence,
          window,
          headers,
        );
      });
      return batchOf(stripped);
    },
  };
}
