import { deadlyWork, nextAttempt, standsAt, type Attempt, type TaskFailure } from '../../runtime/task/attempt.ts';
import type { DeadlyWork } from '../rocksdb/work-marks.ts';
import type { FailedTask, KafkaTaskSpec } from './task-worker.ts';

/** Why a task is not begun whose process or thread ended at it, and so did the next one. */
export const deadlyTask = ({ log: { part, partition }, task: { queryId } }: Pick<KafkaTaskSpec, 'log' | 'task'>) =>
  deadlyWork(`task ${part}_${partition} of query ${queryId}`);

interface AfterFailure {
  readonly failure: TaskFailure;
  /** The next attempt; undefined of a task that stands, or that another node has. */
  readonly attempt: Attempt | undefined;
  readonly stands: boolean;
  readonly error: string;
}

/** What follows from a task's failure: from the end of its thread, by what ended at the task before. */
export function afterFailure(spec: KafkaTaskSpec, failed: FailedTask, deadly: DeadlyWork): AfterFailure {
  const { fenced, hasLostThread = false } = failed;
  const isDeadly = hasLostThread && deadly.has(spec.id);
  const failure = isDeadly ? deadlyTask(spec) : failed.failure;
  const careful = hasLostThread ? deadly.attempt(spec.id) : undefined;
  const attempt = fenced || isDeadly ? undefined : (careful ?? nextAttempt(failure));
  const stands = !fenced && attempt === undefined;
  return { failure, attempt, stands, error: stands ? standsAt(failure) : failure.message };
}
