import type { WindowStore } from './stores/window-store.ts';

/** A time to live is cut into so many buckets. */
const bucketsOfTtl = 64;

/** What the owner of the keys knows of them. */
export interface KeyOwner {
  /** Reads what `touchedOf` needs of these keys, in one read. */
  prefetch(keys: readonly string[]): void;
  /** The stream time at which a key was touched last, which the owner stores with it; undefined where it is not there or has no end. */
  touchedOf(key: string): number | undefined;
  /** A key was not touched for the time to live, which ended at a time: it is to be removed. */
  forget(key: string, time: number): void;
}

/**
 * STATE_TTL: forgets keys that were not touched for so long, by stream time: at the first row whose time is that of the last touch and
 * the time to live, or more. A key stands in the bucket of a time at which it was touched, and is moved when that bucket ends: a row costs no
 * search and no write, and one bucket at a time is in memory.
 */
export class KeyExpiry {
  readonly #store: WindowStore<true>;
  readonly #ttlMs: number;
  readonly #bucketMs: number;
  #streamTime: number;
  /** Before this stream time nothing ends. */
  #nextEnd = -Infinity;
  /** The keys of the bucket that is ending, by their last touch, of which the first ones are done. */
  #ending: (readonly [touched: number, key: string])[] = [];
  #done = 0;
  /** The end of that bucket, which is the start of the next one. */
  #behind = 0;

  constructor(store: WindowStore<true>, ttlMs: number) {
    this.#store = store;
    this.#ttlMs = ttlMs;
    this.#bucketMs = Math.ceil(ttlMs / bucketsOfTtl);
    this.#streamTime = store.meta?.[0] ?? 0;
  }

  /**
   * The time of a key that begins with a row of a time: not before stream time, so that a late row is not behind the end of the key's
   * former life, which nobody remembers.
   */
  begin(time: number): number {
    return Math.max(time, this.#streamTime);
  }

  /** Stream time is at least this: what ends by it is forgotten, in the order in which it was touched. */
  advance(time: number, owner: KeyOwner): void {
    if (time <= this.#streamTime) return;
    this.#streamTime = time;
    this.#store.setMeta([time]);
    while (this.#nextEnd <= time) {
      const next = this.#ending[this.#done];
      if (next === undefined) this.#open(time, owner);
      else if (next[0] + this.#ttlMs > time) this.#nextEnd = next[0] + this.#ttlMs;
      else {
        this.#done++;
        const [touched, key] = next;
        const last = owner.touchedOf(key);
        if (last === touched) owner.forget(key, touched + this.#ttlMs);
        else if (last !== undefined) this.#store.put(this.#bucketOf(last), key, true);
      }
    }
  }

  /** A key is touched; gives the time to store with it. `isNew`: it has no end yet. */
  touch(key: string, isNew: boolean): number {
    if (isNew) {
      this.#store.put(this.#bucketOf(this.#streamTime), key, true);
      this.#nextEnd = Math.min(this.#nextEnd, this.#streamTime + this.#ttlMs);
    }
    return this.#streamTime;
  }

  /** Goes on to the next bucket with keys, if it begins to end by this time. */
  #open(time: number, owner: KeyOwner): void {
    this.#ending = [];
    this.#done = 0;
    this.#store.expire(this.#behind);
    if (!this.#begins(this.#behind, time)) return;
    let keys = this.#keysIn(this.#behind);
    if (keys.length === 0) {
      const next = this.#store.firstStart(this.#behind) ?? Infinity;
      if (!this.#begins(next, time)) return;
      this.#behind = next;
      keys = this.#keysIn(next);
    }
    this.#behind += this.#bucketMs;
    owner.prefetch(keys);
    for (const key of keys) {
      const touched = owner.touchedOf(key);
      if (touched === undefined) continue;
      // It was touched since, or came again after it was forgotten.
      if (touched >= this.#behind) this.#store.put(this.#bucketOf(touched), key, true);
      else this.#ending.push([touched, key]);
    }
    this.#ending.sort(([a, left], [b, right]) => a - b || (left < right ? -1 : 1));
  }

  /** Whether a bucket begins to end by a time; before that nothing does. */
  #begins(bucket: number, time: number): boolean {
    this.#nextEnd = bucket + this.#ttlMs;
    return this.#nextEnd <= time;
  }
  #keysIn(bucket: number): string[] {
    return [...this.#store.entries(bucket, bucket + this.#bucketMs)].map(([, key]) => key);
  }

  #bucketOf(time: number): number {
    return Math.floor(time / this.#bucketMs) * this.#bucketMs;
  }
}
