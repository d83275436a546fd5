import type { Row } from '../../types/sql-type.ts';
import { arrivalName, placeIn } from '../arrival-name.ts';
import { Change } from '../change.ts';
import { headersFrom, storedHeaders, type StoredHeaders } from '../held-headers.ts';
import type { WindowStore } from '../stores/window-store.ts';

/** A row that waits, as it is stored. */
export type StoredRow = readonly [
  key: Row,
  row: Row,
  timestamp: number,
  asOf: number,
  window: readonly [number, number] | null,
  headers: StoredHeaders | null,
];
/** A row that waits: its number of arrival, and the time until which it waits for. */
interface Place {
  readonly due: number;
  readonly arrival: number;
  readonly name: string;
}

const bucketMs = 1000;
const bucketOf = (due: number): number => Math.floor(due / bucketMs) * bucketMs;
const nameOf = (key: string, asOf: number): string => `${asOf}/${key}`;

/**
 * Rows that wait, in order of a time and of arrival. Each is an entry of its own; in memory there are only their places, read from the
 * entries at the start.
 */
export class WaitingRows {
  readonly #store: WindowStore<StoredRow>;
  /** A heap: the first is the next. */
  readonly #heap: Place[] = [];
  /** The places of rows by key and time that is asked for. */
  readonly #byTime = new Map<string, Place[]>();
  readonly #left = new Set<Place>();
  #expired = 0;

  constructor(store: WindowStore<StoredRow>, textOf: (key: Row) => string) {
    this.#store = store;
    for (const [, name, [key, , , asOf]] of store.entries()) this.#add(...placeIn(name), nameOf(textOf(key), asOf));
  }

  #add(due: number, arrival: number, name: string): void {
    const place = { due, arrival, name };
    push(this.#heap, place);
    const same = this.#byTime.get(name);
    if (same === undefined) this.#byTime.set(name, [place]);
    else same.push(place);
  }

  put(key: string, change: Change, asOf: number, due: number, arrival: number): void {
    const { timestamp, window, headers } = change;
    this.#add(due, arrival, nameOf(key, asOf));
    this.#store.put(bucketOf(due), arrivalName(due, arrival), [
      change.key,
      change.after!,
      timestamp,
      asOf,
      window === undefined ? null : [window.start, window.end],
      headers === undefined ? null : storedHeaders(headers),
    ]);
  }

  /** Takes the next row that waits for a time up to `limit`, with the time that it asks for. */
  next(limit: number, sequence: number): readonly [Change, number] | undefined {
    for (let place = this.#heap[0]; place !== undefined && place.due <= limit; place = this.#heap[0]) {
      pop(this.#heap);
      if (this.#left.delete(place)) continue;
      const same = this.#byTime.get(place.name)!.filter((other) => other !== place);
      if (same.length === 0) this.#byTime.delete(place.name);
      else this.#byTime.set(place.name, same);
      return this.#take(place, sequence);
    }
    return undefined;
  }
  /** Takes the rows of a key that ask for exactly this time. */
  at(key: string, asOf: number, sequence: number): (readonly [Change, number])[] {
    const name = nameOf(key, asOf);
    const places = this.#byTime.get(name);
    if (places === undefined) return [];
    this.#byTime.delete(name);
    for (const place of places) this.#left.add(place);
    return places.map((place) => this.#take(place, sequence));
  }
  #take({ due, arrival }: Place, sequence: number): readonly [Change, number] {
    const name = arrivalName(due, arrival);
    const [key, row, timestamp, asOf, window, headers] = this.#store.get(bucketOf(due), name)!;
    this.#store.put(bucketOf(due), name, undefined);
    const bounds = window === null ? undefined : { start: window[0], end: window[1] };
    const own = headers === null ? undefined : headersFrom(headers);
    return [new Change(key, undefined, row, timestamp, sequence, bounds, own), asOf];
  }

  /** No row that comes from now on waits for a time before this. */
  expire(due: number): void {
    const bucket = bucketOf(due);
    if (bucket <= this.#expired) return;
    this.#expired = bucket;
    this.#store.expire(bucket);
  }
}

const isBefore = (a: Place, b: Place): boolean => a.due < b.due || (a.due === b.due && a.arrival < b.arrival);

function push(heap: Place[], place: Place): void {
  let at = heap.length;
  heap.push(place);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(place, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = place;
}

function pop(heap: Place[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}
