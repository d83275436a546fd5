import type { Row } from '../../types/sql-type.ts';
import type { WindowSpec } from '../../specs/window.ts';
import type { AggregateSet } from '../aggregation.ts';
import { Change, hasNull, keyText, type Window } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { HeldHeaders } from '../held-headers.ts';
import { told, type Operator } from '../operator.ts';
import { pieces } from '../pieces.ts';
import { Sessions, type Session, type SessionSegment } from '../sessions.ts';
import type { WindowStore } from '../stores/window-store.ts';
import { putBounds, type WindowEmission } from '../windows.ts';

/** A session's row that changed since the last drain. */
interface Touched {
  readonly key: Row;
  /** Undefined if other bounds have taken its place. */
  session: Session | undefined;
  readonly window: Window;
  /** Whether the consumer has a row of it. */
  readonly isKnown: boolean;
  /** That row, if the consumer needs it. */
  readonly before: Row | undefined;
  sequence: number;
}

/**
 * GROUP BY in sessions: events no further apart than the gap are in one session, and an event between two sessions merges them.
 * A session that grows has other bounds, so its old row is emitted as a tombstone before the new row.
 */
export class SessionAggregate implements Operator {
  readonly #store: WindowStore<SessionSegment>;
  readonly #sessions: Sessions;
  readonly #aggregates: AggregateSet;
  readonly #window: WindowSpec;
  readonly #final: boolean;
  readonly #conflate: boolean;
  readonly #withBefore: boolean;
  readonly #onLate: (change: Change) => void;
  readonly #held: HeldHeaders | undefined;
  /** The rows that changed since the last drain, by bounds and key, in order of their last change; only with `conflate`. */
  readonly #touched = new Map<string, Touched>();
  #streamTime: number;
  /** Sessions that ended before this have expired. */
  #expired: number;
  /** Sessions that ended before this have been emitted; only with `final`, otherwise 0. */
  #closed: number;
  /** The number of events so far: the arrival number of the last one, for aggregates that need it. */
  #arrivals: number;

  constructor(
    store: WindowStore<SessionSegment>,
    aggregates: AggregateSet,
    window: WindowSpec,
    options: WindowEmission,
  ) {
    this.#store = store;
    this.#sessions = new Sessions(store, window);
    this.#aggregates = aggregates;
    this.#window = window;
    this.#final = options.final;
    this.#conflate = options.conflate && !options.final;
    this.#withBefore = options.withBefore;
    this.#onLate = options.onLate;
    this.#held = options.held;
    const [streamTime, expired, closed, arrivals] = store.meta ?? [];
    this.#streamTime = streamTime ?? -1;
    this.#expired = expired ?? 0;
    this.#closed = closed ?? 0;
    this.#arrivals = arrivals ?? 0;
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
    this.#keepMeta();
    return batchOf(result);
  }

  #keepMeta(): void {
    const meta = [this.#streamTime, this.#expired, this.#closed];
    this.#store.setMeta(this.#arrivals === 0 ? meta : [...meta, this.#arrivals]);
  }

  #add(change: Change, row: Row, result: Change[]): void {
    const { key, timestamp, sequence } = change;
    const { sizeMs: gap, graceMs } = this.#window;
    const text = keyText(key);
    // A session whose grace is over takes no more events, even if it has not expired yet.
    const near = this.#sessions.near(text, timestamp, this.#streamTime - this.#sessions.keptMs, this.#streamTime);
    const start = Math.min(timestamp, near[0]?.[0] ?? timestamp);
    const end = Math.max(timestamp, near.at(-1)?.[1] ?? timestamp);
    if (end < Math.max(this.#streamTime - graceMs - gap, this.#closed)) {
      this.#onLate(change);
      return;
    }
    let was: Row | undefined;
    this.#aggregates.at(told);
    const same = near.find((session) => session[0] === start && session[1] === end);
    if (this.#conflate) for (const session of near) this.#touch(key, text, session, session === same, sequence);
    else if (!this.#final) {
      for (const session of near) {
        const before = this.#withBefore ? this.#row(key, session) : undefined;
        if (session === same) was = before;
        else result.push(new Change(key, before, undefined, session[1], sequence, boundsOf(session)));
      }
    }
    let states = near[0]?.[2] ?? this.#aggregates.init(timestamp);
    for (const session of near.slice(1)) states = this.#aggregates.merge(states, session[2]);
    this.#aggregates.at(sequence);
    if (this.#aggregates.needsArrival) this.#arrivals++;
    this.#aggregates.add(states, row, timestamp, this.#arrivals);
    const merged: Session = [start, end, states];
    this.#sessions.replace(key, text, near, merged);
    if (this.#held !== undefined) {
      for (const [former] of near) if (former !== start) this.#held.drop(former, text);
      this.#held.note(start, text, change.headers);
    }
    if (this.#conflate) this.#keep(key, text, merged, sequence);
    else if (!this.#final) result.push(this.#change(key, merged, was, sequence));
  }

  /** Notes, before an event joins a session, what its row was, and that it is gone unless its bounds stay. */
  #touch(key: Row, text: string, session: Session, stays: boolean, sequence: number): void {
    const name = nameOf(text, session);
    const known = this.#touched.get(name);
    if (stays && known !== undefined) return;
    this.#touched.delete(name);
    if (known?.isKnown === false) return;
    const before = known?.before ?? (this.#withBefore ? this.#row(key, session) : undefined);
    this.#touched.set(name, { key, session: undefined, window: boundsOf(session), isKnown: true, before, sequence });
  }
  #keep(key: Row, text: string, session: Session, sequence: number): void {
    const name = nameOf(text, session);
    const known = this.#touched.get(name) ?? { key, window: boundsOf(session), isKnown: false, before: undefined };
    this.#touched.delete(name);
    this.#touched.set(name, { ...known, session, sequence });
  }

  *drain(): Iterable<Batch> {
    const touched = [...this.#touched.values()];
    this.#touched.clear();
    for (const piece of pieces(touched)) {
      yield batchOf(
        piece.map(({ key, session, window, before, sequence }) =>
          session === undefined
            ? new Change(key, before, undefined, window.end, sequence, window)
            : this.#change(key, session, before, sequence),
        ),
      );
    }
  }

  #row(key: Row, [start, end, states]: Session): Row {
    return putBounds(this.#aggregates.row(key, states, 3), end, start, end);
  }
  #change(key: Row, session: Session, before: Row | undefined, sequence: number, headers?: Change['headers']): Change {
    this.#aggregates.at(sequence);
    return new Change(key, before, this.#row(key, session), session[1], sequence, boundsOf(session), headers);
  }

  /** Emits the sessions that no event can extend any more, ordered by end, then key. */
  #close(result: Change[], sequence: number): void {
    this.#closeTo(this.#streamTime - this.#window.graceMs - this.#window.sizeMs, result, sequence);
  }
  #closeTo(limit: number, result: Change[], sequence: number): void {
    if (limit <= this.#closed) return;
    for (const [key, session] of this.#sessions.closed(this.#closed, limit)) {
      const text = keyText(key);
      result.push(this.#change(key, session, undefined, sequence, this.#held?.of(session[0], text)));
      this.#held?.drop(session[0], text);
    }
    this.#closed = limit;
  }

  closeIdle(): Batch {
    const result: Change[] = [];
    if (!this.#final) return batchOf(result);
    this.#closeTo(this.#streamTime + 1, result, 0);
    this.#keepMeta();
    return batchOf(result);
  }

  /** Expires sessions past their retention, now and then. */
  #expire(): void {
    const limit = this.#streamTime - this.#sessions.keptMs;
    if (limit - this.#expired < Math.max(this.#sessions.keptMs / 10, 1)) return;
    this.#expired = limit;
    this.#sessions.expire(limit);
  }

  *current(key?: Row): Iterable<Change> {
    const oldest = this.#streamTime - this.#sessions.keptMs;
    for (const [sessionKey, session] of this.#sessions.all(key, this.#streamTime))
      if (session[1] >= oldest) yield this.#change(sessionKey, session, undefined, 0);
  }
}

const nameOf = (text: string, [start, end]: Session): string => `${start}/${end}/${text}`;
const boundsOf = ([start, end]: Session): Window => ({ start, end });
