import type { Row } from '../../types/sql-type.ts';
import type { WindowSpec } from '../../specs/window.ts';
import type { AggregateSet } from '../aggregation.ts';
import { Change, hasNull, keyText, type Window } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator } from '../operator.ts';
import { Sessions, type Session, type SessionSegment } from '../sessions.ts';
import type { WindowStore } from '../stores/window-store.ts';
import { putBounds } from '../windows.ts';

/**
 * GROUP BY in sessions: events no further apart than the gap are one session, and an event between two joins them. A session that
 * grows has other bounds, so its old row leaves as a tombstone before the new one.
 */
export class SessionAggregate implements Operator {
  readonly #store: WindowStore<SessionSegment>;
  readonly #sessions: Sessions;
  readonly #aggregates: AggregateSet;
  readonly #window: WindowSpec;
  readonly #final: boolean;
  readonly #withBefore: boolean;
  readonly #onLate: (change: Change) => void;
  #streamTime: number;
  /** Sessions that ended before this were forgotten. */
  #expired: number;
  /** Sessions that ended before this have been sent; for `final` only, else 0. */
  #closed: number;

  constructor(
    store: WindowStore<SessionSegment>,
    aggregates: AggregateSet,
    window: WindowSpec,
    options: {
      readonly final: boolean;
      readonly withBefore: boolean;
      readonly onLate: (change: Change) => void;
    },
  ) {
    this.#store = store;
    this.#sessions = new Sessions(store, window);
    this.#aggregates = aggregates;
    this.#window = window;
    this.#final = options.final;
    this.#withBefore = options.withBefore;
    this.#onLate = options.onLate;
    [this.#streamTime, this.#expired, this.#closed] = (store.meta ?? [-1, 0, 0]) as [number, number, number];
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const result: Change[] = [];
    for (const change of changes) {
      if (change.after === undefined || hasNull(change.key)) continue;
      if (change.timestamp > this.#streamTime) this.#streamTime = change.timestamp;
      this.#add(change, change.after, result);
      if (this.#final) this.#close(result, change.sequence);
    }
    this.#expire();
    this.#store.setMeta([this.#streamTime, this.#expired, this.#closed]);
    return batchOf(result);
  }

  #add(change: Change, row: Row, result: Change[]): void {
    const { key, timestamp, sequence } = change;
    const { sizeMs: gap, graceMs } = this.#window;
    const text = keyText(key);
    // A session whose time is over takes no more events, as though it had been forgotten already.
    const near = this.#sessions.near(text, timestamp, this.#streamTime - this.#sessions.keptMs, this.#streamTime);
    const start = Math.min(timestamp, near[0]?.[0] ?? timestamp);
    const end = Math.max(timestamp, near.at(-1)?.[1] ?? timestamp);
    if (end < Math.max(this.#streamTime - graceMs - gap, this.#closed)) {
      this.#onLate(change);
      return;
    }
    let was: Row | undefined;
    if (!this.#final) {
      for (const session of near) {
        const before = this.#withBefore ? this.#row(key, session) : undefined;
        if (session[0] === start && session[1] === end) was = before;
        else result.push(new Change(key, before, undefined, session[1], sequence, boundsOf(session)));
      }
    }
    let states = near[0]?.[2] ?? this.#aggregates.init(timestamp);
    for (const session of near.slice(1)) states = this.#aggregates.merge(states, session[2]);
    this.#aggregates.add(states, row, timestamp);
    const merged: Session = [start, end, states];
    this.#sessions.replace(key, text, near, merged);
    if (!this.#final) result.push(this.#change(key, merged, was, sequence));
  }

  #row(key: Row, [start, end, states]: Session): Row {
    return putBounds(this.#aggregates.row(key, states, 3), end, start, end);
  }
  #change(key: Row, session: Session, before: Row | undefined, sequence: number): Change {
    return new Change(key, before, this.#row(key, session), session[1], sequence, boundsOf(session));
  }

  /** Sends sessions that no event can extend any more, in order of their end, then of the key. */
  #close(result: Change[], sequence: number): void {
    this.#closeTo(this.#streamTime - this.#window.graceMs - this.#window.sizeMs, result, sequence);
  }
  #closeTo(limit: number, result: Change[], sequence: number): void {
    if (limit <= this.#closed) return;
    for (const [key, session] of this.#sessions.closed(this.#closed, limit))
      result.push(this.#change(key, session, undefined, sequence));
    this.#closed = limit;
  }

  closeIdle(): Batch {
    const result: Change[] = [];
    if (!this.#final) return batchOf(result);
    this.#closeTo(this.#streamTime + 1, result, 0);
    this.#store.setMeta([this.#streamTime, this.#expired, this.#closed]);
    return batchOf(result);
  }

  /** Forgets sessions whose retention is over, now and then. */
  #expire(): void {
    const limit = this.#streamTime - this.#sessions.keptMs;
    if (limit - this.#expired < Math.max(this.#sessions.keptMs / 10, 1)) return;
    this.#expired = limit;
    this.#sessions.expire(limit);
  }

  *current(key?: Row): Iterable<Change> {
    const oldest = this.#streamTime - this.#sessions.keptMs;
    for (const [each, session] of this.#sessions.all(key, this.#streamTime))
      if (session[1] >= oldest) yield this.#change(each, session, undefined, 0);
  }
}

const boundsOf = ([start, end]: Session): Window => ({ start, end });
