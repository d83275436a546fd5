import type { Row } from '../../types/sql-type.ts';
import type { StepColumn } from '../../plan/physical/steps/base.ts';
import { Change, keyText } from '../change.ts';
import type { StateWriter } from '../ports/state-backend.ts';
import type { Sink } from './sink.ts';
import type { StoreLocation } from '../stores/cached-store.ts';
import { KeyValueStore } from '../stores/key-value-store.ts';

type Stored = readonly [row: Row, featureTime: number, windowStart: number];

/** Which columns name an entity, and which has the feature time; without one the row's time counts. */
export interface EntityOptions {
  readonly key: readonly string[];
  readonly time: string | undefined;
}

/**
 * The newest row of each entity of a feature view: the greatest feature time wins, and among equal ones the window that starts
 * first, which covers the longest history. A late row never replaces a newer one.
 */
export class EntityStore implements Sink {
  readonly #store: KeyValueStore<Stored>;
  readonly #keySlots: readonly number[];
  readonly #timeSlot: number;
  readonly #width: number;

  constructor(location: StoreLocation, columns: readonly StepColumn[], { key, time }: EntityOptions) {
    this.#store = new KeyValueStore(location, { name: 'entities', version: 1 });
    this.#width = columns.length;
    const slot = (name: string): number => columns.findIndex((column) => column.name === name);
    this.#keySlots = key.map(slot);
    this.#timeSlot = time === undefined ? -1 : slot(time);
  }

  write(changes: readonly Change[]): number {
    for (const { key, after, timestamp, window } of changes) {
      const entity = after === undefined ? key : this.#keySlots.map((slot) => after[slot]!);
      const text = keyText(entity);
      if (after === undefined) {
        if (window === undefined) this.#store.delete(text);
        continue;
      }
      const time = this.#timeSlot < 0 ? timestamp : Number(after[this.#timeSlot] ?? timestamp);
      const start = window?.start ?? 0;
      const stored = this.#store.get(text);
      if (stored !== undefined && (stored[1] > time || (stored[1] === time && stored[2] < start))) continue;
      this.#store.put(text, [after, time, start]);
    }
    // They are kept, and do not leave.
    return 0;
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

  /** A row that was kept before OR REPLACE added columns has nulls in them. */
  #whole(row: Row): Row {
    return row.length === this.#width ? row : [...row, ...Array<null>(this.#width - row.length).fill(null)];
  }

  flush(into: StateWriter): void {
    this.#store.flush(into);
  }
}
