import { invokesModel } from '../../plan/physical/step.ts';
import type { TaskLog } from '../ports/log.ts';
import { sinkTopics } from '../sinks/index.ts';
import { partsOf, type TaskSpec } from './spec.ts';

/** The topics that a task writes to. */
export function outputTopics(spec: TaskSpec, log: Pick<TaskLog, 'internalTopic'>): string[] {
  const { plan, processingLog, deadLetters } = spec;
  const next = partsOf(spec).at(-1)!.output;
  return [
    ...(next === undefined ? [] : [log.internalTopic(next.id)]),
    ...sinkTopics(plan),
    processingLog,
    ...(invokesModel(plan) ? [deadLetters] : []),
  ];
}
