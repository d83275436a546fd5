import { randomInt } from 'node:crypto';
import type { RecordHeader } from '../../records/batch.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { Change, keyText } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator } from '../operator.ts';
import { pendingChange, PendingRows, type PendingRow, type ReleasedRow } from '../pending-rows.ts';
import type { WindowStore } from '../stores/window-store.ts';
import { widened, type OverParts } from './over.ts';

/**
 * The part of a step among several OVER of one query with different PARTITION BYs. A row is announced to all of them when it comes, so
 * that each has it in its frames and counts its time, as if it were alone; it goes on when the step's own values are final, and those of
 * the steps before it have come.
 */
export interface Chain {
  /** Another OVER comes behind this one: rows are announced to it. */
  readonly announces: boolean;
  /** The rows come from another OVER: first announced, then with its values. */
  readonly waits: boolean;
  /** By number of the row: its number of arrival while it is pending, then the values that it has here. */
  readonly known: WindowStore<number | Row>;
}

interface Pending {
  readonly change: Change;
  readonly id: string | undefined;
  readonly waits: boolean;
  /** The row that expressions read; with its arrival number appended if a call needs it. */
  readonly read: Row;
  readonly values: Value[];
}

/**
 * OVER with EMIT FINAL: rows are pending until stream time has passed their time plus the grace, then emitted in order of
 * (time, arrival); peers see each other. The result does not depend on the order of arrival, as long as no row is later than
 * the grace: such rows are dropped. A row with a null time or a null in its partition key gets nulls and is emitted at once.
 */
export class OverFinal implements Operator {
  readonly #parts: OverParts;
  readonly #pending: PendingRows;
  readonly #chain: Chain | undefined;
  /** Makes the numbers of this task's rows different from those of others. */
  readonly #origin: number;

  constructor(parts: OverParts, pending: WindowStore<PendingRow>, chain?: Chain) {
    this.#parts = parts;
    this.#chain = chain;
    const state = parts.meta.meta;
    this.#pending = new PendingRows(pending, parts.graceMs, state);
    this.#origin = state?.[3] ?? randomInt(2 ** 47);
  }

  process([batch]: readonly Batch[]): Batch {
    const { partitionBy, orderBy, count, position } = this.#parts;
    const result: Change[] = [];
    for (const input of rowsOf(batch!)) {
      if (input.after === undefined) continue;
      position.sequence = input.sequence;
      const [change, mark] = this.#chain?.waits === true ? unmarked(input) : [input, undefined];
      const row = input.after;
      const time = orderBy(row);
      if (time === null || partitionBy(row).includes(null)) {
        const isOnItsWay = mark?.isAnnounced === true;
        if (!isOnItsWay || this.#chain?.announces === true)
          result.push(emitted(change, widened(row, count), change.sequence, this.#passedOn(mark?.id, isOnItsWay)));
      } else if (mark?.isAnnounced === false) this.#complete(mark.id, Number(time), change, row, result);
      else this.#arrive(mark?.id, Number(time), change, row, result);
    }
    this.#remember();
    return batchOf(result);
  }
  #remember(): void {
    const { state } = this.#pending;
    this.#parts.meta.setMeta(this.#chain?.announces === true ? [...state, this.#origin] : state);
  }
  /** The mark of a row for the next OVER; undefined if this is the last. */
  #passedOn(id: string | undefined, isAnnounced: boolean): Mark | undefined {
    return this.#chain?.announces === true && id !== undefined ? { id, isAnnounced } : undefined;
  }

  /** A row comes: as it is, or announced by the OVER before. */
  #arrive(announced: string | undefined, at: number, change: Change, row: Row, result: Change[]): void {
    const { graceMs, count, onLate } = this.#parts;
    const pending = this.#pending;
    if (announced !== undefined && this.#chain!.known.get(pending.bucketOf(at), announced) !== undefined) return;
    if (pending.isLate(at)) {
      onLate(change);
      return;
    }
    const { announces } = this.#chain ?? noChain;
    const id = announced ?? (announces ? `${this.#origin}/${pending.arrivals}` : undefined);
    if (announced !== undefined) this.#chain!.known.put(pending.bucketOf(at), announced, pending.arrivals);
    pending.add(at, change, row, id, announced !== undefined);
    if (announces) result.push(emitted(change, widened(row, count), change.sequence, this.#passedOn(id, true)));
    if (pending.advance(at)) this.#release(at - graceMs, change.sequence, result);
  }
  /** The values of the OVER before come for a row that it has announced. */
  #complete(id: string, at: number, change: Change, row: Row, result: Change[]): void {
    const { known } = this.#chain!;
    const there = known.get(this.#pending.bucketOf(at), id);
    // It was too late here.
    if (there === undefined) return;
    if (typeof there === 'number') {
      this.#pending.put(at, there, change, row, id, false);
      return;
    }
    known.put(this.#pending.bucketOf(at), id, undefined);
    result.push(emitted(change, [...row, ...there], change.sequence, this.#passedOn(id, false)));
  }

  /** Emits all pending rows before a time. */
  #release(limit: number, sequence: number, result: Change[]): void {
    this.#pending.release(limit, (time, rows) => {
      this.#emitGroup(
        time,
        rows.map((row) => this.#pendingOf(row)),
        sequence,
        result,
      );
    });
  }
  #pendingOf({ stored, arrival }: ReleasedRow): Pending {
    const [, row, , , , id, waits] = stored;
    const read = this.#parts.numbered ? [...row, arrival] : row;
    const values = widened(row, this.#parts.count);
    return { change: pendingChange(stored, 0), id, waits: waits === true, read, values };
  }

  /** Emits the rows of one time, in order of arrival; the rows of a partition key are inserted together. */
  #emitGroup(time: number, group: readonly Pending[], sequence: number, result: Change[]): void {
    const { partitionBy, parts } = this.#parts;
    const byKey = new Map<string, Pending[]>();
    for (const pending of group) {
      const key = keyText(partitionBy(pending.read));
      const same = byKey.get(key);
      if (same === undefined) byKey.set(key, [pending]);
      else same.push(pending);
    }
    for (const { buffer, args } of parts) {
      buffer.advance(time);
      for (const [key, rows] of byKey)
        buffer.answerGroup(
          key,
          time,
          rows.map(({ read, values }) => ({ args: args(read), values })),
        );
    }
    for (const { change, id, waits, values } of group) {
      const known = this.#chain?.waits === true && id !== undefined ? this.#chain.known : undefined;
      if (known !== undefined)
        known.put(
          this.#pending.bucketOf(time),
          id!,
          waits ? values.slice(values.length - this.#parts.count) : undefined,
        );
      if (!waits) result.push(emitted(change, values, sequence, this.#passedOn(id, false)));
    }
  }

  closeIdle(): Batch {
    const result: Change[] = [];
    this.#release(this.#pending.streamTime + 1, 0, result);
    this.#remember();
    return batchOf(result);
  }
}

const noChain = { announces: false };

/** What goes with a row from one OVER to the next, as a header of its record. */
interface Mark {
  readonly id: string;
  /** Whether its values are still to come. */
  readonly isAnnounced: boolean;
}
const markKey = 'millrace.over';
const headerOf = ({ id, isAnnounced }: Mark): RecordHeader => ({
  key: markKey,
  value: Buffer.from(`${isAnnounced ? '?' : '='}${id}`),
});

function unmarked(change: Change): [Change, Mark | undefined] {
  const { key, after, timestamp, sequence, window, headers } = change;
  const mark = headers?.find((header) => header.key === markKey)?.value?.toString();
  if (mark === undefined) return [change, undefined];
  const own = headers!.filter((header) => header.key !== markKey);
  return [
    new Change(key, undefined, after, timestamp, sequence, window, own),
    { id: mark.slice(1), isAnnounced: mark.startsWith('?') },
  ];
}

const emitted = (
  { key, timestamp, window, headers }: Change,
  row: Row,
  sequence: number,
  mark: Mark | undefined,
): Change =>
  new Change(
    key,
    undefined,
    row,
    timestamp,
    sequence,
    window,
    mark === undefined ? headers : [...(headers ?? []), headerOf(mark)],
  );
