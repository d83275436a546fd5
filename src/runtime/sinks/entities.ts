import type { Row } from '../../types/sql-type.ts';
import type { RowOrder } from '../../specs/row-order.ts';
import type { SinkSpec } from '../../plan/physical/step.ts';
import type { StepColumn } from '../../plan/physical/steps/base.ts';
import { asWritten, type WrittenRow } from '../as-written.ts';
import { Change, keyText } from '../change.ts';
import type { StateWriter } from '../ports/state-backend.ts';
import type { Sink } from './sink.ts';
import type { StoreLocation } from '../stores/cached-store.ts';
import { KeyValueStore } from '../stores/key-value-store.ts';

/** With a TTL also when the row came: what came late is old at once, and is served as such for as long. */
type Stored = readonly [row: Row, featureTime: number, windowStart: number, cameAt?: number];

/** Rows are removed when they have been too old for another TTL: until then a reader is told that they are. */
const keptTtls = 2;
/** In each commit so many stored rows are looked at, and all of them about four times in a TTL. */
const pageSize = 1000;
const roundsPerTtl = 4;

/** The entity columns, the column of the feature time (by default the row's time), how long rows are kept, and which one counts. */
export interface EntityOptions {
  readonly key: readonly string[];
  readonly time: string | undefined;
  readonly ttlMs: number | undefined;
  readonly order: RowOrder;
  /** The topic that the view's rows are written to: what is served is what it has. */
  readonly written?: SinkSpec | undefined;
}

/**
 * Keeps the newest row of each entity of a feature view: the one with the greatest feature time, of a table its last change. Among
 * equal times the window that starts first wins, because it covers the longest history. They are kept as the topic has them, whose format may lose what they were
 * (a NULL of Protobuf), and none that it could not take. A stream's late row never replaces a newer one. With a TTL, rows that
 * were too old for long enough are removed, a page of them in each commit.
 */
export class EntityStore implements Sink {
  readonly #store: KeyValueStore<Stored>;
  readonly #keySlots: readonly number[];
  readonly #timeSlot: number;
  readonly #width: number;
  readonly #ttlMs: number | undefined;
  readonly #order: RowOrder;
  readonly #asWritten: WrittenRow | undefined;
  readonly #refused: WeakSet<Change> | undefined;
  /** The last key of the round that looked at it; undefined between rounds. */
  #looked: string | undefined;
  #nextRound = 0;
  /** Whether there may be rows to remove, and whether some were written since the last commit. */
  #mayHold: boolean;
  #hasWritten = false;

  constructor(
    location: StoreLocation,
    columns: readonly StepColumn[],
    { key, time, ttlMs, order, written }: EntityOptions,
    refused?: WeakSet<Change>,
  ) {
    this.#asWritten = written && asWritten(columns, written);
    this.#refused = refused;
    this.#ttlMs = ttlMs;
    this.#order = order;
    this.#mayHold = ttlMs !== undefined;
    this.#store = new KeyValueStore(location, { name: 'entities', version: 1 });
    this.#width = columns.length;
    const slot = (name: string): number => columns.findIndex((column) => column.name === name);
    this.#keySlots = key.map(slot);
    this.#timeSlot = time === undefined ? -1 : slot(time);
  }

  /** Where the row of an entity stands, behind the prefix of the task's state. */
  static keyOf(key: Row): Buffer {
    return Buffer.from(`entities/k${keyText(key)}`);
  }

  write(changes: readonly Change[]): number {
    const now = this.#ttlMs === undefined ? 0 : Date.now();
    if (this.#ttlMs !== undefined) this.#mayHold = this.#hasWritten = true;
    for (const change of changes) {
      if (this.#refused?.has(change) === true) continue;
      const { key, timestamp, window } = change;
      const after = this.#taken(change.after);
      if (after === undefined && change.after !== undefined) continue;
      const entity = after === undefined ? key : this.#keySlots.map((slot) => after[slot]!);
      const text = keyText(entity);
      if (after === undefined) {
        if (window === undefined) this.#store.delete(text);
        continue;
      }
      const time = this.#timeSlot < 0 ? timestamp : Number(after[this.#timeSlot] ?? timestamp);
      const start = window?.start ?? 0;
      if (this.#order === 'time') {
        const stored = this.#store.get(text);
        if (stored !== undefined && (stored[1] > time || (stored[1] === time && stored[2] < start))) continue;
      }
      this.#store.put(text, this.#ttlMs === undefined ? [after, time, start] : [after, time, start, now]);
    }
    // The rows are stored; no record leaves the task.
    return 0;
  }

  #taken(row: Row | undefined): Row | undefined {
    return row === undefined || this.#asWritten === undefined ? row : this.#asWritten(row);
  }

  *current(key?: Row): Iterable<Change> {
    if (key !== undefined) {
      const stored = this.#store.get(keyText(key));
      if (stored !== undefined) yield new Change(key, undefined, this.#whole(stored[0]), stored[1], 0);
      return;
    }
    for (const [, [row, time]] of this.#store.entries())
      yield new Change(
        this.#keySlots.map((slot) => row[slot]!),
        undefined,
        this.#whole(row),
        time,
        0,
      );
  }

  /** Rows stored before OR REPLACE added columns are padded with NULLs. */
  #whole(row: Row): Row {
    return row.length === this.#width ? row : [...row, ...Array<null>(this.#width - row.length).fill(null)];
  }

  /** A commit is due for the next page of rows to look at. */
  get isDue(): boolean {
    return this.#mayHold && (this.#looked !== undefined || Date.now() >= this.#nextRound);
  }
  #expire(ttlMs: number, now: number): void {
    const oldest = now - keptTtls * ttlMs;
    const isOld = ([, time, , cameAt = 0]: Stored): boolean => Math.max(time, cameAt) < oldest;
    const page = this.#store.page(this.#looked ?? '', pageSize);
    if (this.#looked === undefined && page.length === 0 && !this.#hasWritten) this.#mayHold = false;
    this.#hasWritten = false;
    for (const [text, stored] of page) {
      if (!isOld(stored)) continue;
      // A newer row may not be flushed yet.
      const current = this.#store.get(text);
      if (current !== undefined && isOld(current)) this.#store.delete(text);
    }
    this.#looked = page.length < pageSize ? undefined : page.at(-1)![0];
    if (this.#looked === undefined) this.#nextRound = now + ttlMs / roundsPerTtl;
  }

  flush(into: StateWriter): void {
    if (this.#ttlMs !== undefined && this.isDue) this.#expire(this.#ttlMs, Date.now());
    this.#store.flush(into);
  }
}
