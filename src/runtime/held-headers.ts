import type { RecordHeader } from '../records/batch.ts';
import type { Change } from './change.ts';
import type { WindowStore } from './stores/window-store.ts';

/** Headers as they are stored. */
export type StoredHeaders = readonly (readonly [key: string, value: Buffer | null])[];

/** Headers of a row that has none of its own, though the record that lets it leave may have some. */
export const noHeaders: readonly RecordHeader[] = [];

export const storedHeaders = (headers: Change['headers']): StoredHeaders =>
  headers === undefined ? [] : headers.map(({ key, value }) => [key, value]);
export const headersFrom = (stored: StoredHeaders | undefined): readonly RecordHeader[] =>
  stored === undefined ? noHeaders : stored.map(([key, value]) => ({ key, value }));

/**
 * The headers of the last record that changed each row which an operator holds back. Nothing is stored before the first record that
 * has any.
 */
export class HeldHeaders {
  readonly #store: WindowStore<StoredHeaders>;
  #isUsed: boolean;

  constructor(store: WindowStore<StoredHeaders>) {
    this.#store = store;
    this.#isUsed = store.meta !== undefined;
  }

  /** A record with these headers has changed the row of a window (or another time) and key. */
  note(start: number, text: string, headers: Change['headers']): void {
    if (headers === undefined && !this.#isUsed) return;
    if (!this.#isUsed) this.#store.setMeta([1]);
    this.#isUsed = true;
    this.#store.put(start, text, storedHeaders(headers));
  }
  /** A window that had no change of its own has those of another. */
  copy(from: number, to: number, text: string): void {
    if (this.#isUsed && this.#store.get(to, text) === undefined) this.#store.put(to, text, this.#store.get(from, text));
  }
  /** The headers with which a row leaves. */
  of(start: number, text: string): readonly RecordHeader[] {
    return this.#isUsed ? headersFrom(this.#store.get(start, text)) : noHeaders;
  }
  drop(start: number, text: string): void {
    if (this.#isUsed) this.#store.put(start, text, undefined);
  }
  expire(start: number): void {
    if (this.#isUsed) this.#store.expire(start);
  }
}
