import { watchBatch } from '../functions/user/watch.ts';
import { callsUserCode, factsOf, type Step, type StepOp } from '../plan/physical/step.ts';
import type { BuildContext, Builder } from './builders/context.ts';
import { streamFilter, tableFilter } from './builders/filter.ts';
import { flatMap } from './builders/flat-map.ts';
import { foreignKeyLookup } from './builders/foreign-key-lookup.ts';
import { foreignKeyResolve } from './builders/foreign-key-resolve.ts';
import { foreignKeySubscribe } from './builders/foreign-key-subscribe.ts';
import { invoke } from './builders/invoke.ts';
import { over } from './builders/over.ts';
import { project } from './builders/project.ts';
import { streamRekey, tableRekey } from './builders/rekey.ts';
import { repartition } from './builders/repartition.ts';
import { streamSource, tableSource } from './builders/source.ts';
import { streamAggregate } from './builders/stream-aggregate.ts';
import { streamStreamJoin } from './builders/stream-stream-join.ts';
import { streamTableJoin } from './builders/stream-table-join.ts';
import { tableAggregate } from './builders/table-aggregate.ts';
import { tableTableJoin } from './builders/table-table-join.ts';
import { union } from './builders/union.ts';
import { windowedAggregate, sessionAggregate } from './builders/windowed-aggregate.ts';
import type { Operator } from './operator.ts';

/** A step with no entry here does not compile. Repartitions and stream sources are the edges of a pipeline. */
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
  streamStreamJoin,
  streamTableJoin,
  tableTableJoin,
  union,
  foreignKeySubscribe,
  foreignKeyLookup,
  foreignKeyResolve,
  over,
  invoke,
};

/** Makes the operator of a step. */
export type BuildOperator = (step: Step, context: BuildContext) => Operator;

const buildPlain: BuildOperator = (step, context) => {
  const { conflates, rerunnable } = factsOf(step);
  const conflate = context.conflate && conflates;
  const operator = (builders[step.op] as Builder<StepOp>)(step, { ...context, conflate });
  if (!rerunnable || !callsUserCode(step)) return operator;
  return { process: (inputs) => watchBatch(() => operator.process(inputs)) };
};
let build = buildPlain;

/** The operator of a step. */
export const buildOperator: BuildOperator = (step, context) => build(step, context);

/** Puts something around every operator that is built from now on: tests hold them to their contract. */
export function wrapOperators(wrap: (build: BuildOperator) => BuildOperator): void {
  build = wrap(buildPlain);
}
