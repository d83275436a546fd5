import { argumentType, compileExpression } from '../../expressions/compile.ts';
import { literalValue } from '../../expressions/node.ts';
import { overloadsOf, type Aggregator, type CallContext } from '../../functions/define.ts';
import { findAggregate, isUserFunction } from '../../functions/registry.ts';
import { resolveOverload } from '../../functions/resolve.ts';
import type { StepCall } from '../../plan/physical/steps/base.ts';
import type { AggregateSetName } from '../../specs/window.ts';
import type { Value } from '../../types/sql-type.ts';
import { InternalError } from '../../util/internal-error.ts';
import { AggregateSet, DistinctSet, type BoundAggregate } from '../aggregation.ts';
import type { BuildContext } from './context.ts';

/** What aggregators know of how rows come to them. */
type Input = Pick<CallContext, 'arrivals' | 'ofTable'>;

/** Binds a step's aggregates to rows of its input. */
export function aggregates(
  {
    aggregates: calls,
    set,
    distinct,
  }: { readonly aggregates: readonly StepCall[]; readonly set?: AggregateSetName; readonly distinct?: true },
  context: BuildContext,
  input: Input = {},
): AggregateSet {
  return new (distinct === true ? DistinctSet : AggregateSet)(
    calls.map((call): BoundAggregate => {
      const report = (error: unknown): void => context.report(error, call.fn);
      const [first, ...rest] = call.args.map((arg) => compileExpression(arg, report));
      const plain = aggregatorOf(call, set ?? 'ksqldb', input, context);
      const aggregator = isUserFunction(call.fn) ? guarded(plain, report) : plain;
      if (call.filter !== undefined) {
        const wanted = compileExpression(call.filter, report);
        return {
          aggregator: ofWanted(aggregator, rest.length),
          first,
          rest: (row) => [...rest.map((each) => each(row)), wanted(row)],
        };
      }
      return {
        aggregator,
        first,
        rest: rest.length === 0 ? undefined : (row) => rest.map((argument) => argument(row)),
      };
    }),
    context.position,
  );
}

/**
 * The aggregator of an OVER call; of a user's function it throws what the function throws. Its `undo` is kept only if it is exact in any order: not for user code, lists, or ksqlDB's
 * sums of doubles.
 */
export function frameAggregator(call: StepCall, set: AggregateSetName, context: BuildContext): Aggregator {
  const aggregator = aggregatorOf(call, set, { arrivals: set === 'standard' }, context);
  return aggregator.orderFree && set === 'standard' ? aggregator : { ...aggregator, undo: undefined };
}

/** The aggregator of a call over the rows of a match, which are added once, in order. */
export const matchAggregator = (call: StepCall, context: BuildContext): Aggregator =>
  aggregatorOf(call, 'standard', {}, context);

/** Passes over the rows for which FILTER's condition, the argument at this place, is not true. */
function ofWanted(inner: Aggregator, at: number): Aggregator {
  const { add, undo, countsRows: _, ...others } = inner;
  const without = (rest: readonly Value[]): readonly Value[] => rest.toSpliced(at, 1);
  return {
    ...others,
    add: (state, value, rest) => (rest[at] === true ? add(state, value, without(rest)) : state),
    ...(undo && { undo: (state, value, rest) => (rest[at] === true ? undo(state, value, without(rest)) : state) }),
  };
}

/** Wraps user code: an error is reported and leaves the state unchanged, a failed result is null. */
function guarded(inner: Aggregator, report: (error: unknown) => void): Aggregator {
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
    result: (state, now) => safe(() => result(state, now), null),
  };
}

/** The aggregator of the overload that a call was resolved to. */
function aggregatorOf(
  { fn, args, type }: StepCall,
  set: AggregateSetName,
  input: Input,
  { limits, report: reportError }: BuildContext,
): Aggregator {
  const aggregate = findAggregate(fn);
  const resolution = aggregate && resolveOverload(overloadsOf(aggregate, set), args.map(argumentType));
  if (resolution === undefined) throw new InternalError(`aggregate ${fn} has no overload for its stored arguments`);
  const report = (error: unknown): void => reportError(error, fn);
  const constants = args.map((arg) => (arg.kind === 'literal' ? literalValue(arg) : undefined));
  const types = args.map((arg) => arg.type);
  return resolution.overload.create({ args: types, returns: type, constants, limits, ...input, report });
}
