import type { Row } from '../types/sql-type.ts';
import type { WindowSpec } from '../specs/window.ts';
import type { States } from './aggregation.ts';
import { keyText } from './change.ts';
import type { WindowStore } from './stores/window-store.ts';
import { steps } from './windows.ts';

/** A session of a key: the time of its first and last event, and the states of its aggregates. */
export type Session = [start: number, end: number, states: States];
/** The sessions of a key that end in the same segment, ordered by start. */
export type SessionSegment = [key: Row, sessions: Session[]];

/** The retention time is divided into about this many segments: entries stay small, and a late event reads few of them. */
const segments = 512;

/**
 * The sessions of all keys, stored by the time segment in which they end. Sessions of a key are further apart than the gap, so
 * an event joins at most two.
 */
export class Sessions {
  readonly #store: WindowStore<SessionSegment>;
  readonly #gapMs: number;
  readonly #segmentMs: number;
  /** How long a session is retained after its end. */
  readonly keptMs: number;
  /** The ends of sessions that `closed` will emit, in order; some sessions may have grown or been merged since. */
  #ends: (readonly [end: number, text: string])[] = [];
  /** Sessions that end before this time are in the list. */
  #listed = -1;

  constructor(store: WindowStore<SessionSegment>, { sizeMs, graceMs, retentionMs }: WindowSpec) {
    this.#store = store;
    this.#gapMs = sizeMs;
    this.keptMs = Math.max(retentionMs, sizeMs + graceMs);
    this.#segmentMs = Math.max(1, sizeMs, Math.ceil(this.keptMs / segments));
  }

  /** The sessions that an event belongs to, by start: within the gap of it, and not ending before `forgotten`. */
  near(text: string, timestamp: number, forgotten: number, streamTime: number): Session[] {
    const sessions: Session[] = [];
    const last = this.#segmentOf(streamTime);
    const from = Math.max(timestamp - this.#gapMs, forgotten, 0);
    for (let segment = this.#segmentOf(from); segment <= last; segment += this.#segmentMs) {
      for (const session of this.#store.get(segment, text)?.[1] ?? []) {
        const [start, end] = session;
        // What is over joins nothing, and a session that grew since may reach back before it.
        if (end < forgotten) continue;
        if (start > timestamp + this.#gapMs) return sessions;
        if (end >= timestamp - this.#gapMs) sessions.push(session);
      }
    }
    return sessions;
  }

  /** Replaces sessions of a key by one session. */
  replace(key: Row, text: string, old: readonly Session[], session: Session): void {
    const target = this.#segmentOf(session[1]);
    for (const segment of new Set(old.map(([, end]) => this.#segmentOf(end)))) {
      if (segment === target) continue;
      const rest = this.#without(segment, text, old);
      this.#store.put(segment, text, rest.length === 0 ? undefined : [key, rest]);
    }
    const there = this.#without(target, text, old);
    const at = there.findIndex(([start]) => start > session[0]);
    there.splice(at < 0 ? there.length : at, 0, session);
    this.#store.put(target, text, [key, there]);
    if (session[1] < this.#listed) this.#list([session[1], text]);
  }
  #without(segment: number, text: string, old: readonly Session[]): Session[] {
    return this.#store.get(segment, text)?.[1].filter((session) => !old.includes(session)) ?? [];
  }

  /** The sessions with `from <= end < to`, in order of end and then key; `from` must be the `to` of the last call. */
  *closed(from: number, to: number): Iterable<readonly [key: Row, session: Session]> {
    if (this.#listed < 0) this.#listed = from;
    while (this.#listed < to) {
      const segment = this.#segmentOf(this.#listed);
      for (const [, text, [, sessions]] of this.#store.entries(segment, segment + 1))
        for (const [, end] of sessions) if (end >= this.#listed) this.#list([end, text]);
      // Stream time may jump: skip segments without sessions.
      const next = this.#store.firstStart(segment + 1) ?? Infinity;
      this.#listed = Math.max(segment + this.#segmentMs, Math.min(next, this.#segmentOf(to)));
    }
    let due = 0;
    let last: readonly [number, string] | undefined;
    for (; due < this.#ends.length && this.#ends[due]![0] < to; due++) {
      const candidate = this.#ends[due]!;
      if (candidate[0] === last?.[0] && candidate[1] === last[1]) continue;
      last = candidate;
      const stored = this.#store.get(this.#segmentOf(candidate[0]), candidate[1]);
      const session = stored?.[1].find(([, end]) => end === candidate[0]);
      if (session !== undefined) yield [stored![0], session];
    }
    this.#ends = this.#ends.slice(due);
  }
  #list(item: readonly [end: number, text: string]): void {
    let at = this.#ends.length;
    while (at > 0 && isBefore(item, this.#ends[at - 1]!)) at--;
    this.#ends.splice(at, 0, item);
  }

  /** The sessions of one key, or of all keys. */
  *all(only: Row | undefined, streamTime: number): Iterable<readonly [key: Row, session: Session]> {
    const oldest = this.#segmentOf(Math.max(0, streamTime - this.keptMs));
    const starts = steps(oldest, streamTime, this.#segmentMs);
    const entries = only === undefined ? this.#store.entries(oldest) : this.#store.ofKey(keyText(only), starts);
    for (const entry of entries) {
      const [key, sessions] = entry.at(-1) as SessionSegment;
      for (const session of sessions) yield [key, session];
    }
  }

  /** Expires sessions that ended before `limit`, by whole segments, so some of them a little later. */
  expire(limit: number): void {
    this.#store.expire(this.#segmentOf(limit));
  }

  #segmentOf(end: number): number {
    return Math.floor(end / this.#segmentMs) * this.#segmentMs;
  }
}

const isBefore = (a: readonly [number, string], b: readonly [number, string]): boolean =>
  a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
