import type { Row } from '../../types/sql-type.ts';
import type { RepartitionStep } from '../../plan/physical/step.ts';
import type { RecordCursor } from '../../records/batch.ts';
import { Change, keyText } from '../change.ts';
import { decodeValue, encodeShared } from '../codec.ts';
import { keyPlacer, type PlaceKey } from '../key-placer.ts';
import type { TaskLog } from '../ports/log.ts';
import type { ChangeDecoder } from './input-merger.ts';

/** Passes the changes of a sub-topology on to the next one, through a topic: each to the partition of its key. */
export class RepartitionWriter {
  readonly #log: TaskLog;
  readonly #topic: string;
  readonly #partitions: number;
  readonly #placeKey: PlaceKey;

  constructor(log: TaskLog, step: RepartitionStep) {
    this.#log = log;
    this.#topic = log.internalTopic(step.id);
    this.#partitions = log.partitions(this.#topic);
    this.#placeKey = keyPlacer(step.like);
  }

  write(changes: readonly Change[]): void {
    for (const { key, before, after, timestamp, window } of changes) {
      const value = encodeShared([key, before, after, window?.start, window?.end]);
      this.#log.append(this.#topic, this.#placeKey(key, this.#partitions), timestamp, keyText(key), value);
    }
  }
}

/** Reads what a `RepartitionWriter` wrote. */
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
    );
  }
}
