import { watchBatch } from '../functions/user/watch.ts';
import { callsUserCode, factsOf, type Step, type StepOp } from '../plan/physical/step.ts';
import type { BuildContext, Builder } from './builders/context.ts';
import { datagen } from './builders/datagen.ts';
import { dedup } from './builders/dedup.ts';
import { streamFilter, tableFilter } from './builders/filter.ts';
import { flatMap } from './builders/flat-map.ts';
import { foreignKeyLookup } from './builders/foreign-key-lookup.ts';
import { foreignKeyResolve } from './builders/foreign-key-resolve.ts';
import { foreignKeySubscribe } from './builders/foreign-key-subscribe.ts';
import { invoke } from './builders/invoke.ts';
import { invokeUnordered } from './builders/invoke-unordered.ts';
import { match } from './builders/match.ts';
import { monitor } from './builders/monitor.ts';
import { over } from './builders/over.ts';
import { project } from './builders/project.ts';
import { rank } from './builders/rank.ts';
import { streamRekey, tableRekey } from './builders/rekey.ts';
import { repartition } from './builders/repartition.ts';
import { streamSource, tableSource } from './builders/source.ts';
import { sort } from './builders/sort.ts';
import { streamAggregate } from './builders/stream-aggregate.ts';
import { streamStreamJoin } from './builders/stream-stream-join.ts';
import { streamTableJoin } from './builders/stream-table-join.ts';
import { tableAggregate } from './builders/table-aggregate.ts';
import { tableTableJoin } from './builders/table-table-join.ts';
import { temporalJoin } from './builders/temporal-join.ts';
import { union } from './builders/union.ts';
import {
  cumulateAggregate,
  sessionAggregate,
  slidingAggregate,
  windowedAggregate,
} from './builders/windowed-aggregate.ts';
import type { Operator } from './operator.ts';

/**
 * The builders of all steps; a kind without an entry does not compile. Repartitions and stream sources are the edges of a
 * pipeline.
 */
const builders: { readonly [Op in StepOp]: Builder<Op> } = {
  streamSource,
  tableSource,
  streamFilter,
  tableFilter,
  project,
  flatMap,
  streamRekey,
  tableRekey,
  repartition,
  streamAggregate,
  tableAggregate,
  windowedAggregate,
  sessionAggregate,
  slidingAggregate,
  cumulateAggregate,
  streamStreamJoin,
  streamTableJoin,
  tableTableJoin,
  temporalJoin,
  union,
  foreignKeySubscribe,
  foreignKeyLookup,
  foreignKeyResolve,
  over,
  dedup,
  rank,
  match,
  sort,
  invoke,
  invokeUnordered,
  monitor,
  datagen,
};

/** Creates the operator of a step. */
export type BuildOperator = (step: Step, context: BuildContext) => Operator;

const buildPlain: BuildOperator = (step, context) => {
  const { conflates, rerunnable } = factsOf(step);
  const conflate = context.conflate && conflates;
  const operator = (builders[step.op] as Builder<StepOp>)(step, { ...context, conflate });
  if (!rerunnable || !callsUserCode(step)) return operator;
  return { process: (inputs) => watchBatch(() => operator.process(inputs), context.isRetaken) };
};
let build = buildPlain;

/** Creates the operator of a step. */
export const buildOperator: BuildOperator = (step, context) => build(step, context);

/** Wraps every operator that is built from now on; tests use it to check the contract of operators. */
export function wrapOperators(wrap: (build: BuildOperator) => BuildOperator): void {
  build = wrap(buildPlain);
}
