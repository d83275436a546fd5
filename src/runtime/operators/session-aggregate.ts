import type { WindowSpec } from '../../plan/window.ts';
import type { AggregateSet, States } from '../aggregation.ts';
import { Change, hasNull, keyText, type Row, type Window } from '../change.ts';
import type { Operator } from '../operator.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';
import { putBounds } from '../windows.ts';

/** A session of one key: its first and last event, and the states of its aggregates. `sent` is set once `final` has sent it. */
type Session = [start: number, end: number, states: States, sent: boolean];
type Stored = [key: Row, sessions: Session[]];

/**
 * GROUP BY in sessions: events no further apart than the gap are one session, and an event between two joins them. A session that
 * grows has other bounds, so its old row leaves as a tombstone before the new one.
 */
export class SessionAggregate implements Operator {
  readonly #store: KeyValueStore<Stored>;
  readonly #aggregates: AggregateSet;
  readonly #window: WindowSpec;
  readonly #final: boolean;
  readonly #withBefore: boolean;
  readonly #onLate: (change: Change) => void;
  #streamTime: number;
  #swept: number;
  /** No session that is yet to be sent ends before this; for `final` only. */
  #earliestOpen = -Infinity;

  constructor(
    store: KeyValueStore<Stored>,
    aggregates: AggregateSet,
    window: WindowSpec,
    options: {
      readonly final: boolean;
      readonly withBefore: boolean;
      readonly onLate: (change: Change) => void;
    },
  ) {
    this.#store = store;
    this.#aggregates = aggregates;
    this.#window = window;
    this.#final = options.final;
    this.#withBefore = options.withBefore;
    this.#onLate = options.onLate;
    [this.#streamTime, this.#swept] = (store.meta ?? [-1, 0]) as [number, number];
  }

  process([changes]: readonly (readonly Change[])[]): readonly Change[] {
    const result: Change[] = [];
    for (const change of changes!) {
      if (change.after === undefined || hasNull(change.key)) continue;
      if (change.timestamp > this.#streamTime) this.#streamTime = change.timestamp;
      this.#add(change, change.after, result);
      if (this.#final) this.#close(result, change.sequence);
    }
    this.#sweep();
    this.#store.setMeta([this.#streamTime, this.#swept]);
    return result;
  }

  #add(change: Change, row: Row, result: Change[]): void {
    const { key, timestamp, sequence } = change;
    const { sizeMs: gap, graceMs } = this.#window;
    const text = keyText(key);
    const sessions = this.#store.get(text)?.[1] ?? [];
    // A session whose time is over takes no more events, as though it had been forgotten already.
    const { retentionMs } = this.#window;
    const forgotten = this.#streamTime - Math.max(retentionMs, gap + graceMs);
    const near = sessions.filter(
      ([start, end]) => timestamp >= start - gap && timestamp <= end + gap && end > forgotten,
    );
    const start = Math.min(timestamp, ...near.map((session) => session[0]));
    const end = Math.max(timestamp, ...near.map((session) => session[1]));
    if (end < this.#streamTime - graceMs - gap) {
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
    let states = near.length === 0 ? this.#aggregates.init(timestamp) : near[0]![2];
    for (const session of near.slice(1)) states = this.#aggregates.merge(states, session[2]);
    this.#aggregates.add(states, row, timestamp);
    const merged: Session = [start, end, states, false];
    this.#earliestOpen = Math.min(this.#earliestOpen, end);
    const kept = sessions.filter((session) => !near.includes(session));
    this.#store.put(text, [key, [...kept, merged].sort((a, b) => a[0] - b[0])]);
    if (!this.#final) result.push(this.#change(key, merged, was, sequence));
  }

  #row(key: Row, [start, end, states]: Session): Row {
    return putBounds(this.#aggregates.row(key, states, 3), end, start, end);
  }
  #change(key: Row, session: Session, before: Row | undefined, sequence: number): Change {
    return new Change(key, before, this.#row(key, session), session[1], sequence, boundsOf(session));
  }

  /** Sends sessions that no event can extend any more, in order of their end. */
  #close(result: Change[], sequence: number): void {
    const limit = this.#streamTime - this.#window.graceMs - this.#window.sizeMs;
    if (this.#earliestOpen >= limit) return;
    this.#earliestOpen = Infinity;
    const closing: { text: string; stored: Stored; session: Session }[] = [];
    for (const [text, stored] of this.#store.entries()) {
      for (const session of stored[1]) {
        if (session[3]) continue;
        if (session[1] < limit) closing.push({ text, stored, session });
        else this.#earliestOpen = Math.min(this.#earliestOpen, session[1]);
      }
    }
    closing.sort((a, b) => a.session[1] - b.session[1] || (a.text < b.text ? -1 : 1));
    for (const { text, stored, session } of closing) {
      result.push(this.#change(stored[0], session, undefined, sequence));
      session[3] = true;
      const cached = this.#store.get(text) ?? stored;
      for (const each of cached[1]) if (each[0] === session[0] && each[1] === session[1]) each[3] = true;
      this.#store.put(text, cached);
    }
  }

  /** Forgets sessions whose retention is over, for all keys, now and then. */
  #sweep(): void {
    const { retentionMs, sizeMs, graceMs } = this.#window;
    const limit = this.#streamTime - Math.max(retentionMs, sizeMs + graceMs);
    if (limit - this.#swept < Math.max(retentionMs / 4, 1)) return;
    this.#swept = limit;
    for (const [text, [key, sessions]] of [...this.#store.entries()]) {
      const kept = sessions.filter((session) => session[1] >= limit);
      if (kept.length === sessions.length) continue;
      if (kept.length === 0) this.#store.delete(text);
      else this.#store.put(text, [key, kept]);
    }
  }

  *current(key?: Row): Iterable<Change> {
    if (key !== undefined) {
      for (const session of this.#store.get(keyText(key))?.[1] ?? []) yield this.#change(key, session, undefined, 0);
      return;
    }
    for (const [, [each, sessions]] of this.#store.entries())
      for (const session of sessions) yield this.#change(each, session, undefined, 0);
  }
}

const boundsOf = ([start, end]: Session): Window => ({ start, end });
