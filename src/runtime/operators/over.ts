import { Change, keyText } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator, RecordPosition, ValuesAt } from '../operator.ts';
import type { OverBuffer } from '../over/over-buffer.ts';
import type { CachedStore } from '../stores/cached-store.ts';
import type { Row, Value } from '../../types/sql-type.ts';

/** A buffer of events, and the arguments that it keeps of a row. */
export interface OverPart {
  readonly buffer: Pick<OverBuffer, 'open' | 'advance' | 'answer' | 'answerGroup' | 'answerAt'>;
  readonly args: (row: Row) => Row;
}

/** What an OVER step is built from. */
export interface OverParts {
  readonly partitionBy: (row: Row) => Row;
  readonly orderBy: (row: Row) => Value;
  readonly parts: readonly OverPart[];
  /** Moves a key's state of version 1 into the parts; undefined if there is none. */
  readonly former: ((key: string) => void) | undefined;
  /** The number of columns of a row before it gets values, and of these values. */
  readonly width: number;
  readonly count: number;
  readonly graceMs: number;
  /** Stores stream time. */
  readonly meta: Pick<CachedStore, 'meta' | 'setMeta'>;
  readonly position: RecordPosition;
  /** Called with each row that is dropped as later than the grace. */
  readonly onLate: (change: Change) => void;
  /** Whether `args` read rows with their arrival number appended. */
  readonly numbered: boolean;
}

/** A copy of a row with `count` nulls appended. */
export function widened(row: Row, count: number): Value[] {
  const { length } = row;
  const whole = new Array<Value>(length + count);
  for (let i = 0; i < length; i++) whole[i] = row[i]!;
  for (let i = length; i < whole.length; i++) whole[i] = null;
  return whole;
}

/**
 * OVER with EMIT CHANGES: a row is emitted as it arrives, with values over the rows of its frames that have arrived. A late row
 * within the grace gets the values of its own frames; a later one is dropped. A row with a null time or a null in its partition
 * key gets nulls and is in no frame.
 */
export class Over implements Operator {
  readonly #parts: OverParts;
  #streamTime: number;
  /** The number of rows that arrived, if they are numbered. */
  #arrivals: number;

  constructor(parts: OverParts) {
    this.#parts = parts;
    [this.#streamTime, this.#arrivals = 0] = (parts.meta.meta ?? [-Infinity]) as [number, number?];
    if (this.#streamTime !== -Infinity) for (const { buffer } of parts.parts) buffer.advance(this.#streamTime);
  }

  process([batch]: readonly Batch[]): Batch {
    const { partitionBy, orderBy, parts, former, count, graceMs, meta, position, onLate, numbered } = this.#parts;
    const changes = rowsOf(batch!);
    const keys = new Array<string | undefined>(changes.length);
    for (let i = 0; i < changes.length; i++) {
      const { after } = changes[i]!;
      if (after === undefined) continue;
      position.sequence = changes[i]!.sequence;
      const key = partitionBy(after);
      if (!key.includes(null)) keys[i] = keyText(key);
    }
    const opened = parts.map(({ buffer }) => buffer.open(keys));
    const result: Change[] = [];
    const before = this.#streamTime;
    for (let i = 0; i < changes.length; i++) {
      const change = changes[i]!;
      const { after } = change;
      if (after === undefined) continue;
      position.sequence = change.sequence;
      const row = widened(after, count);
      const key = keys[i];
      const time = orderBy(after);
      if (key !== undefined && time !== null) {
        const at = Number(time);
        if (at > this.#streamTime) this.#advance(at);
        else if (at < this.#streamTime - graceMs) {
          onLate(change);
          continue;
        }
        former?.(key);
        const read = numbered ? [...after, this.#arrivals++] : after;
        for (let j = 0; j < parts.length; j++) {
          const { buffer, args } = parts[j]!;
          buffer.answer(opened[j]![i]!, at, args(read), row);
        }
      }
      result.push(
        new Change(change.key, undefined, row, change.timestamp, change.sequence, change.window, change.headers),
      );
    }
    if (numbered) meta.setMeta([this.#streamTime, this.#arrivals]);
    else if (this.#streamTime !== before) meta.setMeta([this.#streamTime]);
    return batchOf(result);
  }

  valuesAt(key: Row, time: number): ValuesAt {
    const { parts, former, width, count } = this.#parts;
    const text = keyText(key);
    former?.(text);
    const row = new Array<Value>(width + count).fill(null);
    let isEmpty = true;
    for (const { buffer } of parts) if (buffer.answerAt(text, time, row)) isEmpty = false;
    return { values: row.slice(width), isEmpty };
  }

  #advance(time: number): void {
    this.#streamTime = time;
    for (const { buffer } of this.#parts.parts) buffer.advance(time);
  }
}
