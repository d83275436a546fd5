import type { Row } from '../../types/sql-type.ts';
import type { RepartitionStep } from '../../plan/physical/step.ts';
import type { RecordCursor } from '../../records/batch.ts';
import { Change, keyText } from '../change.ts';
import { decodeValue, encodeShared } from '../codec.ts';
import { keyPlacer, type PlaceKey } from '../key-placer.ts';
import { RecordRefused, type FailureSink } from '../failures.ts';
import type { TaskLog } from '../ports/log.ts';
import type { ChangeDecoder, Origins } from './input-merger.ts';

/** Writes the changes of a sub-topology to a repartition topic, each to the partition of its key. */
export class RepartitionWriter {
  readonly #log: TaskLog;
  readonly #failures: FailureSink;
  readonly #origins: Origins;
  readonly #topic: string;
  readonly #partitions: number;
  readonly #placeKey: PlaceKey;

  constructor(log: TaskLog, failures: FailureSink, origins: Origins, step: RepartitionStep) {
    this.#log = log;
    this.#origins = origins;
    this.#failures = failures;
    this.#topic = log.internalTopic(step.id);
    this.#partitions = log.partitions(this.#topic);
    this.#placeKey = keyPlacer(step.like);
  }

  write(changes: readonly Change[]): void {
    for (const change of changes) {
      const { key, before, after, timestamp, sequence, window } = change;
      const headers = this.#origins.headersOf(change);
      const value = encodeShared([key, before, after, window?.start, window?.end]);
      try {
        this.#log.append(this.#topic, this.#placeKey(key, this.#partitions), timestamp, keyText(key), value, headers);
      } catch (error) {
        if (!(error instanceof RecordRefused)) throw error;
        this.#failures.report(error.message, 'produce', sequence);
      }
    }
  }
}

/** Decodes what a `RepartitionWriter` wrote. */
export class RepartitionDecoder implements ChangeDecoder {
  decode(record: RecordCursor, _partition: number, sequence: number): Change {
    const [key, before, after, start, end] = decodeValue(record.bytes.subarray(record.valueStart, record.valueEnd)) as [
      Row,
      Row | undefined,
      Row | undefined,
      number | undefined,
      number | undefined,
    ];
    return new Change(
      key,
      before,
      after,
      record.timestamp,
      sequence,
      start === undefined ? undefined : { start, end: end! },
      record.hasHeaders ? record.headers() : undefined,
    );
  }
}
