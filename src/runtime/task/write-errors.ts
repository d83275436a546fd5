import type { TaskLog } from '../ports/log.ts';
import { DeadLetterSink } from '../sinks/dead-letters.ts';
import { ProcessingLogSink } from '../sinks/processing-log.ts';
import type { ErrorCollector } from './error-collector.ts';
import type { TaskSpec } from './spec.ts';

/** Writes the dead letters and the errors since the last commit. */
export function writeErrors(
  log: TaskLog,
  collected: ErrorCollector,
  { processingLog, deadLetters }: Pick<TaskSpec, 'processingLog' | 'deadLetters'>,
): void {
  const letters = collected.takeLetters();
  if (letters.length > 0) new DeadLetterSink(log, collected, deadLetters).write(letters);
  const errors = collected.take();
  if (errors.length > 0) new ProcessingLogSink(log, processingLog).write(errors);
}
