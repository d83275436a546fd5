import { argumentType, compileExpression } from '../../expressions/compile.ts';
import { literalValue, type Expr } from '../../expressions/node.ts';
import type { Aggregator, CollectLimits } from '../../functions/define.ts';
import { findAggregate, isUserFunction } from '../../functions/registry.ts';
import { resolveOverload } from '../../functions/resolve.ts';
import type { StepCall } from '../../plan/physical/steps/base.ts';
import type { SqlType } from '../../types/sql-type.ts';
import { InternalError } from '../../util/internal-error.ts';
import { AggregateSet, type BoundAggregate } from '../aggregation.ts';
import type { BuildContext } from './context.ts';

/** The aggregates of a step, over the rows of its input. */
export function aggregates(calls: readonly StepCall[], context: BuildContext): AggregateSet {
  return new AggregateSet(
    calls.map(({ fn, args, type }): BoundAggregate => {
      const report = (error: unknown): void => context.report(error, fn);
      const [first, ...rest] = args.map((arg) => compileExpression(arg, report));
      const aggregator = aggregatorOf(fn, args, type, context.limits);
      return {
        aggregator: isUserFunction(fn) ? contained(aggregator, report) : aggregator,
        first,
        rest: rest.length === 0 ? undefined : (row) => rest.map((each) => each(row)),
      };
    }),
  );
}

/** User code that fails leaves the state as it was, and is told of; a result that cannot be made is null. */
function contained(inner: Aggregator, report: (error: unknown) => void): Aggregator {
  const safe = <T>(run: () => T, otherwise: T): T => {
    try {
      return run();
    } catch (error) {
      report(error);
      return otherwise;
    }
  };
  const { add, undo, merge, result } = inner;
  return {
    ...inner,
    add: (state, value, rest) => safe<unknown>(() => add(state, value, rest), state),
    ...(undo && { undo: (state, value, rest) => safe<unknown>(() => undo(state, value, rest), state) }),
    merge: merge && ((left, right) => safe<unknown>(() => merge(left, right), left)),
    result: (state) => safe(() => result(state), null),
  };
}

/** The aggregator that a call was resolved to. */
export function aggregatorOf(
  fn: string,
  args: readonly Expr[],
  type: SqlType,
  limits?: CollectLimits,
): BoundAggregate['aggregator'] {
  const found = findAggregate(fn);
  const resolution = found && resolveOverload(found.overloads, args.map(argumentType));
  if (resolution === undefined) throw new InternalError(`aggregate ${fn} has no overload for its stored arguments`);
  const constants = args.map((arg) => (arg.kind === 'literal' ? literalValue(arg) : undefined));
  return resolution.overload.create({ args: args.map((arg) => arg.type), returns: type, constants, limits });
}
