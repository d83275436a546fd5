import type { OnlineSpec } from '../../specs/exports.ts';
import type { Row } from '../../types/sql-type.ts';
import { InternalError } from '../../util/internal-error.ts';
import { hasNull, keyText, type Change } from '../change.ts';
import type { EntityWrite, OnlineStore, OnlineStores } from '../ports/online-store.ts';
import { isPlace } from './places.ts';
import type { Sink, SinkContext } from './sink.ts';

/** So many entities are written together, while the task reads on. */
const perWrite = 2000;

/**
 * Keeps the newest row of each entity in a store outside of the engine, written before the positions are committed. Rows of one
 * entity that come close together are one write. What is written again after a failure changes nothing.
 */
export class OnlineSink implements Sink {
  readonly #store: OnlineStore;
  readonly #spec: OnlineSpec;
  readonly #origins: SinkContext['origins'];
  readonly #slots: readonly number[];
  readonly #keySlots: readonly number[];
  readonly #timeSlot: number;
  #waiting = new Map<string, EntityWrite>();
  #writing: Promise<void> | undefined;

  constructor({ columns, origins }: Pick<SinkContext, 'columns' | 'origins'>, spec: OnlineSpec, stores?: OnlineStores) {
    if (stores === undefined) throw new InternalError('a query with an online store was built without stores');
    const slot = (name: string): number => columns.findIndex((column) => column.name === name);
    const own = columns.filter(({ name }) => !isPlace(name));
    this.#store = stores.open(spec, own);
    this.#spec = spec;
    this.#origins = origins;
    this.#slots = own.map(({ name }) => slot(name));
    this.#keySlots = spec.key.map(slot);
    this.#timeSlot = spec.time === undefined ? -1 : slot(spec.time);
  }

  write(changes: readonly Change[]): number {
    let written = 0;
    for (const change of changes) {
      const { after, timestamp, window, sequence } = change;
      const key = after === undefined ? change.key : this.#keySlots.map((slot) => after[slot]!);
      // A window's end takes nothing from its entity, and a stream's row without a value says nothing.
      if (hasNull(key) || (after === undefined && this.#spec.order === 'time')) continue;
      this.#add(keyText(key), {
        key,
        row: after && this.#own(after),
        time: this.#timeSlot < 0 ? timestamp : Number(after?.[this.#timeSlot] ?? timestamp),
        windowStart: window?.start,
        offset: this.#origins.of(sequence)?.offset ?? 0,
      });
      written++;
    }
    return written;
  }
  #own(row: Row): Row {
    return this.#slots.map((slot) => row[slot]!);
  }
  #add(text: string, row: EntityWrite): void {
    const waiting = this.#waiting.get(text);
    if (waiting !== undefined && this.#spec.order === 'time' && isNewer(waiting, row)) return;
    this.#waiting.set(text, row);
  }

  /** One write is under way at a time, so that those of one entity stay in order. */
  async pressure(): Promise<void> {
    if (this.#waiting.size >= perWrite) await this.#send();
  }
  async #send(): Promise<void> {
    await this.#writing;
    if (this.#waiting.size === 0) return;
    const rows = [...this.#waiting.values()];
    this.#waiting = new Map();
    this.#writing = this.#store.write(rows);
    // Its failure is that of the next write, or of the commit.
    this.#writing.catch(() => undefined);
  }
  async flush(): Promise<void> {
    await this.#send();
    await this.#writing;
  }
}

/** Of rows of one time the window that starts first counts: it covers the longest history. */
const isNewer = (a: EntityWrite, b: EntityWrite): boolean =>
  a.time > b.time || (a.time === b.time && (a.windowStart ?? 0) < (b.windowStart ?? 0));
