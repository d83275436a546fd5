import type { DatagenSpec } from '../../specs/datagen.ts';
import type { Row } from '../../types/sql-type.ts';
import { batchOf, noChanges, type Batch } from '../batch.ts';
import { Change } from '../change.ts';
import { Draws, makerOf } from '../datagen.ts';
import type { Operator } from '../operator.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';

export interface DatagenParts {
  readonly spec: DatagenSpec;
  /** How many of the columns, which come first, are the key. */
  readonly keyCount: number;
  readonly now?: () => number;
}

/** What was missed for longer, by a pause or a slow sink, is not made up for. */
const longestMs = 1000;
/** The most rows at once. */
const mostRows = 20_000;

/** Makes rows at a rate. What a row holds hangs on its number, which is the state, and on nothing else but the time of now. */
export class Datagen implements Operator {
  readonly #store: KeyValueStore<number>;
  readonly #parts: DatagenParts;
  readonly #makers: readonly ReturnType<typeof makerOf>[];
  readonly #draws: Draws;
  readonly #now: () => number;
  #next: number;
  #last: number | undefined;
  /** What is due, in thousandths of a row. */
  #due = 0;

  constructor(store: KeyValueStore<number>, parts: DatagenParts) {
    this.#store = store;
    this.#parts = parts;
    this.#makers = parts.spec.fields.map(makerOf);
    this.#draws = new Draws(parts.spec.seed);
    this.#now = parts.now ?? Date.now;
    this.#next = store.get('') ?? 0;
  }

  /** Records of the topic that tells who makes the rows are nobody's. */
  process(): Batch {
    return noChanges;
  }

  tick(): Batch {
    const { rowsPerSecond, rows = Infinity } = this.#parts.spec;
    const now = this.#now();
    const passed = Math.min(Math.max(0, now - (this.#last ?? now)), longestMs);
    this.#last = now;
    this.#due += passed * rowsPerSecond;
    const count = Math.min(Math.floor(this.#due / 1000), mostRows, rows - this.#next);
    this.#due = Math.min(this.#due - count * 1000, rowsPerSecond * 1000);
    if (count <= 0) return noChanges;
    const changes: Change[] = [];
    for (let i = 0; i < count; i++) changes.push(this.#change(this.#next++, now));
    this.#store.put('', this.#next);
    return batchOf(changes);
  }

  #change(number: number, now: number): Change {
    const draws = this.#draws;
    const row: Row = this.#makers.map((make, column) => {
      draws.begin(column, number);
      return make(draws, number, now);
    });
    return new Change(row.slice(0, this.#parts.keyCount), undefined, row, now, 0);
  }
}
