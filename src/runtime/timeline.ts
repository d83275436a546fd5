import type { Row } from '../types/sql-type.ts';
import { keyText } from './change.ts';
import type { WindowStore } from './stores/window-store.ts';

/** The items of one key in a stretch of time, ordered by time; times are relative to its start. Only top nodes have the key. */
type Leaf<V> = [key: Row | null, times: number[], values: V[]];
/** A bit for each part that has items. */
type Inner = [key: Row | null, bits: number];
/** The stored entry of one key and one stretch of time. */
export type TimelineNode<V> = Leaf<V> | Inner;

/** The range of times that a lookup wants, and the items found. */
interface Wanted<V> {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  readonly times: number[];
  readonly values: V[];
}

/** The number of parts into which a full stretch is cut: the bits of an inner node. */
const parts = 16;
/** The most items of one entry; its bytes are limited too. */
const mostItems = 32;
const mostBytes = 16_000;

const isInner = <V>(node: TimelineNode<V>): node is Inner => node.length === 2;

/**
 * Values by key and time, read by ranges of time. Stored as a tree over time: a full stretch is cut into parts, so that entries
 * stay small however many values a key has, and a key with few values has few entries.
 */
export class Timeline<V> {
  readonly #top: WindowStore<TimelineNode<V>>;
  readonly #deep: WindowStore<TimelineNode<V>>;
  /** The length of the top stretches: a power of two. */
  readonly #topMs: number;
  /** Whether the last `touch` created the value. */
  isNew = false;

  /** `deep` stores all nodes below those of `top`, whose stretches are at least `leastMs` long. */
  constructor(top: WindowStore<TimelineNode<V>>, deep: WindowStore<TimelineNode<V>>, leastMs: number) {
    this.#top = top;
    this.#deep = deep;
    this.#topMs = 2 ** Math.ceil(Math.log2(Math.max(leastMs, 64)));
  }

  get topMs(): number {
    return this.#topMs;
  }

  /** The value of a key at a time, which may be changed in place; `make` creates a missing one. */
  touch(key: Row, text: string, time: number, make: (time: number) => V): V {
    let store = this.#top;
    let width = this.#topMs;
    let start = Math.floor(time / width) * width;
    let name = text;
    let level = 0;
    let node = store.get(start, name);
    while (node !== undefined && isInner(node)) {
      width = partOf(width);
      const place = Math.floor((time - start) / width);
      const bits = node[1] | (1 << place);
      if (bits !== node[1]) store.edit(start, name).value = [node[0], bits];
      start += place * width;
      store = this.#deep;
      name = nameAt(++level, text);
      node = store.get(start, name);
    }
    const entry = store.edit(start, name);
    const leaf = (entry.value ??= [level === 0 ? key : null, [], []]) as Leaf<V>;
    const [, times, values] = leaf;
    const at = placeOf(times, time - start);
    this.isNew = times[at] !== time - start;
    if (!this.isNew) return values[at]!;
    const value = make(time);
    times.splice(at, 0, time - start);
    values.splice(at, 0, value);
    if (isFull(leaf, entry.bytes, width)) entry.value = this.#cut(leaf, start, width, text, level);
    return value;
  }

  /** Moves the items of a leaf into the parts of its stretch. */
  #cut([key, times, values]: Leaf<V>, start: number, width: number, text: string, level: number): Inner {
    const partMs = partOf(width);
    const name = nameAt(level + 1, text);
    let bits = 0;
    for (let i = 0; i < times.length;) {
      const place = Math.floor(times[i]! / partMs);
      const offset = place * partMs;
      const part: Leaf<V> = [null, [], []];
      for (; i < times.length && times[i]! < offset + partMs; i++) {
        part[1].push(times[i]! - offset);
        part[2].push(values[i]!);
      }
      const full = isFull(part, 0, partMs);
      this.#deep.edit(start + offset, name).value = full
        ? this.#cut(part, start + offset, partMs, text, level + 1)
        : part;
      bits |= 1 << place;
    }
    return [key, bits];
  }

  /** Appends the times and values of a key with `from <= time <= to`, in order; returns the key if there are any. */
  range(text: string, from: number, to: number, times: number[], values: V[]): Row | undefined {
    let key: Row | undefined;
    for (let start = this.#startOf(Math.max(0, from)); start <= to; start += this.#topMs) {
      const node = this.#top.get(start, text);
      if (node === undefined) continue;
      const before = times.length;
      this.#collect(node, start, this.#topMs, 0, { text, from, to, times, values });
      if (times.length > before) key = node[0]!;
    }
    return key;
  }
  #collect(node: TimelineNode<V>, start: number, width: number, level: number, wanted: Wanted<V>): void {
    const { from, to, times, values } = wanted;
    if (isInner(node)) {
      const partMs = partOf(width);
      const name = nameAt(level + 1, wanted.text);
      for (let place = 0; place < parts; place++) {
        const at = start + place * partMs;
        if (at > to) return;
        if ((node[1] & (1 << place)) === 0 || at + partMs <= from) continue;
        this.#collect(this.#deep.get(at, name)!, at, partMs, level + 1, wanted);
      }
      return;
    }
    const [, offsets, items] = node;
    for (let i = from > start ? placeOf(offsets, from - start) : 0; i < offsets.length; i++) {
      const time = start + offsets[i]!;
      if (time > to) return;
      times.push(time);
      values.push(items[i]!);
    }
  }

  /** The texts of all keys that have a value at or after `from`; values shortly before count too. */
  texts(from: number): Set<string> {
    const found = new Set<string>();
    for (const [, text] of this.#top.entries(this.#startOf(Math.max(0, from)))) found.add(text);
    return found;
  }

  /** Loads the top entries of some keys around their times that are not cached, in one read. */
  prefetch(wanted: Iterable<{ readonly key: Row; readonly timestamp: number }>, reach: number): void {
    const complete = new Map<number, boolean>();
    const missing: (readonly [number, string])[] = [];
    for (const { key, timestamp } of wanted)
      for (
        let start = this.#startOf(Math.max(0, timestamp - reach));
        start <= timestamp + reach;
        start += this.#topMs
      ) {
        let known = complete.get(start);
        if (known === undefined) complete.set(start, (known = this.#top.window(start).complete));
        if (!known) missing.push([start, keyText(key)]);
      }
    this.#top.prefetch(missing);
  }

  /** Expires values before a time; some of them later, because whole entries expire. */
  expire(time: number): void {
    const start = this.#startOf(Math.max(0, time));
    this.#top.expire(start);
    this.#deep.expire(start);
  }

  #startOf(time: number): number {
    return Math.floor(time / this.#topMs) * this.#topMs;
  }
}

const partOf = (width: number): number => Math.max(1, width / parts);
const nameAt = (level: number, text: string): string => String.fromCharCode(48 + level) + text;
const isFull = ([, times]: Leaf<unknown>, bytes: number, width: number): boolean =>
  width > 1 && (times.length > mostItems || (bytes > mostBytes && times.length > 1));

/** The index of the first number that is not less than `number`. */
function placeOf(sorted: readonly number[], number: number): number {
  if (sorted.length === 0 || sorted.at(-1)! < number) return sorted.length;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
