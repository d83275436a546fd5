import type { SinkSpec } from '../../plan/physical/step.ts';
import type { Change } from '../change.ts';
import type { TaskLog } from '../ports/log.ts';
import { SinkEncoder, type AddRecord } from '../sink-encoder.ts';
import { dataError, RecordRefused, type FailureSink } from '../failures.ts';
import type { Sink, SinkContext } from './sink.ts';

/** Writes changes as records of a topic, as part of the commit of the task's log. */
export class TopicSink implements Sink {
  readonly #encoder: SinkEncoder;
  readonly #failures: FailureSink;
  readonly #add: AddRecord;
  readonly #origins: SinkContext['origins'];
  readonly #refused: SinkContext['refused'];

  constructor(
    { columns, failures, origins, refused }: Pick<SinkContext, 'columns' | 'failures' | 'origins' | 'refused'>,
    log: TaskLog,
    spec: SinkSpec,
  ) {
    this.#failures = failures;
    this.#origins = origins;
    this.#refused = refused;
    this.#encoder = new SinkEncoder({ ...spec, partitions: log.partitions(spec.topic) || spec.partitions }, columns);
    this.#add = log.appender(spec.topic);
  }

  write(changes: readonly Change[]): number {
    let written = 0;
    const { hasHeaders } = this.#origins;
    for (const change of changes) {
      try {
        this.#encoder.write(change, this.#add, hasHeaders ? this.#origins.headersOf(change) : change.headers);
        written++;
      } catch (error) {
        this.#refused?.add(change);
        const what = error instanceof RecordRefused ? 'produce' : 'sink';
        this.#failures.report(dataError(error, 'sink'), what, change.sequence);
      }
    }
    return written;
  }
  /** Nothing to do: the log sends and commits what was appended. */
  flush(): void {
    return undefined;
  }
}
