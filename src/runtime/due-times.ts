import type { WindowStore } from './stores/window-store.ts';
import type { Timeline } from './timeline.ts';

/**
 * Marks the short stretches of time in which keys have values of a timeline, so that due values are found without a scan of all
 * keys.
 */
export class DueMarks {
  readonly #store: WindowStore<1>;
  readonly #segmentMs: number;

  constructor(store: WindowStore<1>, { topMs }: Timeline<unknown>) {
    this.#store = store;
    this.#segmentMs = Math.max(1, topMs / 256);
  }

  mark(time: number, text: string): void {
    const segment = this.#segmentOf(time);
    if (this.#store.get(segment, text) === undefined) this.#store.put(segment, text, 1);
  }
  /** The keys of the first stretch with any that ends behind `from` and begins before `to`, with its bounds. */
  next(
    from: number,
    to: number,
  ): { readonly start: number; readonly end: number; readonly texts: string[] } | undefined {
    const start = this.#store.firstStart(this.#segmentOf(from));
    if (start === undefined || start >= to) return undefined;
    const texts = [...this.#store.entries(start, start + 1)].map(([, text]) => text);
    return { start, end: start + this.#segmentMs, texts };
  }
  expire(time: number): void {
    this.#store.expire(this.#segmentOf(time));
  }
  #segmentOf(time: number): number {
    return Math.floor(time / this.#segmentMs) * this.#segmentMs;
  }
}

/** Iterates the times of all keys of a timeline, in order. Holds those of one stretch of the marks in memory. */
export class DueTimes {
  readonly #marks: DueMarks;
  readonly #timeline: Timeline<unknown>;
  /** The next times with `position <= time < listed`, in order. */
  #list: (readonly [time: number, text: string])[] = [];
  #position: number;
  #listed: number;

  constructor(marks: DueMarks, timeline: Timeline<unknown>, from: number) {
    this.#marks = marks;
    this.#timeline = timeline;
    this.#position = this.#listed = Math.max(0, from);
  }

  /** Called for each time that is new in the timeline. */
  add(time: number, text: string): void {
    if (time < this.#position || time >= this.#listed) return;
    let at = this.#list.length;
    while (at > 0 && this.#list[at - 1]![0] > time) at--;
    this.#list.splice(at, 0, [time, text]);
  }

  /** The times before `to` since the last call, with their keys. */
  take(to: number): (readonly [time: number, text: string])[] {
    while (this.#listed < to) {
      const stretch = this.#marks.next(this.#listed, to);
      if (stretch === undefined) this.#listed = to;
      else this.#listAll(stretch);
    }
    this.#position = Math.max(this.#position, to);
    const next = this.#list.findIndex(([time]) => time >= to);
    return this.#list.splice(0, next < 0 ? this.#list.length : next);
  }
  #listAll({ start, end, texts }: NonNullable<ReturnType<DueMarks['next']>>): void {
    const added: (readonly [number, string])[] = [];
    for (const text of texts) {
      const times: number[] = [];
      this.#timeline.range(text, Math.max(start, this.#listed), end - 1, times, []);
      for (const time of times) added.push([time, text]);
    }
    this.#list.push(...added.sort((a, b) => a[0] - b[0]));
    this.#listed = end;
  }
}
