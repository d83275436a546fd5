import { BatchWriter, writePayload, type Payload, type RecordHeader } from '../src/records/batch.ts';
import type {
  AppendRecord,
  CommitObserver,
  FetchTarget,
  Position,
  Reading,
  TaskLog,
} from '../src/runtime/ports/log.ts';
import type { StateBatch, StateWriter } from '../src/runtime/ports/state-backend.ts';

const partitions = 4;
const batchBytes = 1 << 16;

/** A log that writes batches and drops them. Its fetches give nothing: the bench fills the inputs. */
export class NullLog implements TaskLog {
  readonly #writers = Array.from({ length: partitions }, () => new BatchWriter());
  readonly unsent = 0;
  readonly stateEntryBytes = Infinity;
  /** Bytes written. */
  bytes = 0;

  partitions(): number {
    return partitions;
  }
  bound(): Promise<number> {
    return Promise.resolve(0);
  }
  fetch(): void {
    return undefined;
  }
  end({ fetched }: FetchTarget): number {
    return fetched;
  }
  internalTopic(stepId: string): string {
    throw new TypeError(`the workloads have no repartition, and here is ${stepId}`);
  }
  takeOver(): Promise<void> {
    return Promise.resolve();
  }
  committed(readings: readonly Reading[]): Promise<readonly undefined[]> {
    return Promise.resolve(readings.map(() => undefined));
  }
  restore(): Promise<number> {
    return Promise.resolve(0);
  }

  append(
    topic: string,
    partition: number,
    timestamp: number,
    key: Payload,
    value: Payload,
    headers?: readonly RecordHeader[],
  ): void {
    this.appender(topic)(partition, timestamp, key, writePayload, value, headers);
  }
  appender(_topic: string): AppendRecord {
    const writers = this.#writers;
    return (partition, timestamp, key, write, from, headers) => {
      const writer = writers[partition]!;
      writer.addWritten(timestamp, key, write, from, headers);
      if (writer.size > batchBytes) this.bytes += writer.finish().length;
    };
  }
  send(): Promise<void> {
    return Promise.resolve();
  }
  stateWriter(batch: StateBatch): StateWriter {
    return batch;
  }
  commit(_positions: readonly Position[], state: StateBatch, _observe: CommitObserver): Promise<void> {
    state.write(false);
    return Promise.resolve();
  }
}
