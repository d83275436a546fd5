import type { Row } from '../types/sql-type.ts';
import type { WindowSpec } from '../specs/window.ts';
import type { States } from './aggregation.ts';
import { keyText } from './change.ts';
import type { WindowStore } from './stores/window-store.ts';
import { steps } from './windows.ts';

/** A session of one key: its first and last event, and the states of its aggregates. */
export type Session = [start: number, end: number, states: States];
/** The sessions of a key that end in one segment, by start. */
export type SessionSegment = [key: Row, sessions: Session[]];

/** What is kept of sessions is divided into about so many segments: entries stay small, and a late event looks at few. */
const segments = 512;

/**
 * The sessions of all keys, by the segment of time that they end in. Two sessions of a key are always further apart than the gap,
 * so an event can touch two at most.
 */
export class Sessions {
  readonly #store: WindowStore<SessionSegment>;
  readonly #gapMs: number;
  readonly #segmentMs: number;
  /** How long a session is kept behind its end. */
  readonly keptMs: number;
  /** The ends of sessions that `closed` is to give, in order; some of them may have grown or been joined since. */
  #ends: (readonly [end: number, text: string])[] = [];
  /** Ends before this are in that list. */
  #listed = -1;

  constructor(store: WindowStore<SessionSegment>, { sizeMs, graceMs, retentionMs }: WindowSpec) {
    this.#store = store;
    this.#gapMs = sizeMs;
    this.keptMs = Math.max(retentionMs, sizeMs + graceMs);
    this.#segmentMs = Math.max(1, sizeMs, Math.ceil(this.keptMs / segments));
  }

  /** Those that an event would be part of, by start: no further from it than the gap, and ending at `forgotten` or later. */
  near(text: string, timestamp: number, forgotten: number, streamTime: number): Session[] {
    const found: Session[] = [];
    const last = this.#segmentOf(streamTime);
    const from = Math.max(timestamp - this.#gapMs, forgotten, 0);
    for (let segment = this.#segmentOf(from); segment <= last; segment += this.#segmentMs) {
      for (const session of this.#store.get(segment, text)?.[1] ?? []) {
        const [start, end] = session;
        if (start > timestamp + this.#gapMs) return found;
        if (end >= timestamp - this.#gapMs && end >= forgotten) found.push(session);
      }
    }
    return found;
  }

  /** Puts one session where others of its key were. */
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

  /** The sessions with `from <= end < to`, in order of their end, then of the key; `from` is where the last call ended. */
  *closed(from: number, to: number): Iterable<readonly [key: Row, session: Session]> {
    if (this.#listed < 0) this.#listed = from;
    while (this.#listed < to) {
      const segment = this.#segmentOf(this.#listed);
      for (const [, text, [, sessions]] of this.#store.entries(segment, segment + 1))
        for (const [, end] of sessions) if (end >= this.#listed) this.#list([end, text]);
      // Stream time may jump: segments without sessions are passed over at once.
      const next = this.#store.firstStart(segment + 1) ?? Infinity;
      this.#listed = Math.max(segment + this.#segmentMs, Math.min(next, this.#segmentOf(to)));
    }
    let due = 0;
    let last: readonly [number, string] | undefined;
    for (; due < this.#ends.length && this.#ends[due]![0] < to; due++) {
      const each = this.#ends[due]!;
      if (each[0] === last?.[0] && each[1] === last[1]) continue;
      last = each;
      const stored = this.#store.get(this.#segmentOf(each[0]), each[1]);
      const session = stored?.[1].find(([, end]) => end === each[0]);
      if (session !== undefined) yield [stored![0], session];
    }
    this.#ends = this.#ends.slice(due);
  }
  #list(item: readonly [end: number, text: string]): void {
    let at = this.#ends.length;
    while (at > 0 && isBefore(item, this.#ends[at - 1]!)) at--;
    this.#ends.splice(at, 0, item);
  }

  /** The sessions of one key, or of all. */
  *all(only: Row | undefined, streamTime: number): Iterable<readonly [key: Row, session: Session]> {
    const oldest = this.#segmentOf(Math.max(0, streamTime - this.keptMs));
    const starts = steps(oldest, streamTime, this.#segmentMs);
    const found = only === undefined ? this.#store.entries(oldest) : this.#store.ofKey(keyText(only), starts);
    for (const entry of found) {
      const [key, sessions] = entry.at(-1) as SessionSegment;
      for (const session of sessions) yield [key, session];
    }
  }

  /** Forgets sessions that ended before `limit`, some of them a little later. */
  expire(limit: number): void {
    this.#store.expire(this.#segmentOf(limit));
  }

  #segmentOf(end: number): number {
    return Math.floor(end / this.#segmentMs) * this.#segmentMs;
  }
}

const isBefore = (a: readonly [number, string], b: readonly [number, string]): boolean =>
  a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
