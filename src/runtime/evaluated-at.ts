import { readEvaluation, type NotAtRead, type ReadEvaluation } from '../plan/physical/read-evaluation.ts';
import type { PhysicalPlan } from '../plan/physical/step.ts';
import { Change } from './change.ts';
import type { LocalTopology } from './topology.ts';

const known = new WeakMap<PhysicalPlan, ReadEvaluation | NotAtRead>();

/** The rows of entities with their frames of time as they are at a time; what is no such frame is of the entity's last event. */
export function* evaluatedAt(
  rows: Iterable<Change>,
  plan: PhysicalPlan,
  topology: Pick<LocalTopology, 'valuesAt'>,
  at: number,
): Iterable<Change> {
  let evaluation = known.get(plan);
  if (evaluation === undefined) known.set(plan, (evaluation = readEvaluation(plan)));
  if ('why' in evaluation) {
    yield* rows;
    return;
  }
  const { stepId, key, values } = evaluation;
  for (const { key: entity, after, timestamp, sequence } of rows) {
    const partition = key.map((slot) => entity[slot]!);
    const evaluated = topology.valuesAt(stepId, partition, at);
    const row = [...after!];
    for (const { slot, call } of values) row[slot] = evaluated[call]!;
    yield new Change(entity, undefined, row, timestamp, sequence);
  }
}
