import type { SinkSpec } from '../../plan/physical/step.ts';
import type { Change } from '../change.ts';
import type { TaskLog } from '../ports/log.ts';
import { SinkEncoder, type AddRecord } from '../sink-encoder.ts';
import type { FailureSink } from '../failures.ts';
import type { Sink, SinkContext } from './sink.ts';

/** Writes changes as records of a topic, in the commit of the task's log. */
export class TopicSink implements Sink {
  readonly #encoder: SinkEncoder;
  readonly #failures: FailureSink;
  readonly #add: AddRecord;

  constructor({ columns, failures }: Pick<SinkContext, 'columns' | 'failures'>, log: TaskLog, spec: SinkSpec) {
    this.#failures = failures;
    this.#encoder = new SinkEncoder({ ...spec, partitions: log.partitions(spec.topic) || spec.partitions }, columns);
    this.#add = log.appender(spec.topic);
  }

  write(changes: readonly Change[]): number {
    let written = 0;
    for (const change of changes) {
      try {
        this.#encoder.write(change, this.#add);
        written++;
      } catch (error) {
        this.#failures.report((error as Error).message, 'sink', change.sequence);
      }
    }
    return written;
  }
  /** The log sends and commits what was appended. */
  flush(): void {
    return undefined;
  }
}
