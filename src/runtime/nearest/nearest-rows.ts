import type { PhysicalPlan } from '../../plan/physical/step.ts';
import type { SourceStep } from '../../plan/physical/steps/source.ts';
import type { Row } from '../../types/sql-type.ts';
import { rowText, type Change } from '../change.ts';
import { inBatches } from '../pulled-rows.ts';
import { compileWhere } from '../source-decoder.ts';
import { fillerOf, storedRow } from '../stored-row.ts';
import { VectorColumn } from './vector-column.ts';

/** What a pull query wants of a table's rows by the nearness of a vector, as its plan reads the table. */
export interface WantedNearest {
  /** With its `nearest`. */
  readonly step: SourceStep;
  /** About how much memory the vectors of a column may take. */
  readonly bytes: number;
}
type Current = (key: Row | undefined) => Iterable<Change> | undefined;

/** A column's vectors that are held, or being read: what has changed meanwhile is newer than what is read. */
interface Held {
  readonly slot: number;
  /** Undefined when they need more memory than they may take. */
  column: VectorColumn | undefined;
  changed: Set<string> | undefined;
  ready: Promise<void>;
  lastRead: number;
}

/** At most so many columns of a table are held, and none that nothing has asked for in this time. */
const mostColumns = 4;
const keptMs = 600_000;
/** Of rows that a question would look up one by one, a scan reads so many in the same time. */
const scanned = 8;

/** Vectors of a table that a task holds in memory since a query first asked for the nearest of them; changes keep them as the table is. */
export class NearestRows {
  readonly #names: readonly string[];
  /** Entities are held beside the query's result. */
  readonly #hasEntities: boolean;
  readonly #current: Current;
  readonly #held = new Map<string, Held>();

  constructor(plan: PhysicalPlan, current: Current) {
    this.#names = plan.root.columns.map(({ name }) => name);
    this.#hasEntities = plan.entityKey !== undefined;
    this.#current = current;
  }

  /** Takes changes of the table. */
  apply(changes: readonly Change[]): void {
    if (this.#held.size === 0) return;
    const oldest = performance.now() - keptMs;
    for (const [name, held] of this.#held) {
      if (held.lastRead < oldest) this.#held.delete(name);
      else for (const change of changes) put(held, change);
    }
  }

  /**
   * Rows among which are those that the query wants, if it has that many; undefined where a scan of the table is as good.
   */
  async read(wanted: WantedNearest): Promise<readonly Change[] | undefined> {
    const { step } = wanted;
    const nearest = step.nearest!;
    const slot = this.#names.indexOf(nearest.column);
    if (slot < 0 || this.#hasEntities || fillerOf(step.source) !== undefined) return undefined;
    const held = this.#hold(slot, nearest.vector.length, wanted.bytes);
    await held.ready;
    return held.column && this.#rows(held.column, step);
  }

  #rows(column: VectorColumn, step: SourceStep): readonly Change[] | undefined {
    const nearest = step.nearest!;
    const { beyond, none, noneCount } = column.others;
    const most = Math.max(nearest.limit * 4, Math.floor((column.size + noneCount) / scanned));
    const matches = compileWhere(step, () => undefined);
    const rowOf = storedRow(step, this.#names);
    const rows: Change[] = [];
    const add = (keys: Iterable<Row>): void => {
      for (const key of keys)
        for (const change of this.#current(key) ?? [])
          if (change.after !== undefined && matches?.(rowOf(change)) !== false) rows.push(change);
    };
    if (nearest.nullsFirst) {
      if (noneCount > most) return undefined;
      add(none);
    }
    const isEnough = (): boolean => rows.length >= nearest.limit;
    const early = [...beyond];
    let above = -Infinity;
    if (!isEnough() && column.size > 0) {
      column.compare(nearest);
      for (let count = nearest.limit; !isEnough() && above < Infinity; count *= scanned) {
        const bound = column.bound(nearest, count);
        const keys = column.keysUpTo(bound, above, most);
        if (keys === undefined) return undefined;
        add(keys);
        above = bound;
      }
    }
    if (!isEnough() && !nearest.nullsFirst) {
      if (noneCount > most) return undefined;
      add(none);
    }
    add(early);
    return rows;
  }

  #hold(slot: number, width: number, bytes: number): Held {
    const name = `${slot}/${width}`;
    const known = this.#held.get(name);
    this.#held.delete(name);
    const held = known ?? this.#begin(slot, width, bytes);
    held.lastRead = performance.now();
    this.#held.set(name, held);
    for (const other of this.#held.keys()) if (this.#held.size > mostColumns) this.#held.delete(other);
    return held;
  }
  #begin(slot: number, width: number, bytes: number): Held {
    const held: Held = {
      slot,
      column: new VectorColumn(width, bytes),
      changed: new Set(),
      ready: Promise.resolve(),
      lastRead: 0,
    };
    held.ready = this.#fill(held).catch((error: unknown) => {
      held.column = undefined;
      throw error;
    });
    return held;
  }
  async #fill(held: Held): Promise<void> {
    const rows = this.#current(undefined);
    if (rows === undefined) held.column = undefined;
    else
      for await (const changes of inBatches([rows])) {
        for (const change of changes) if (!held.changed!.has(rowText(change))) put(held, change, false);
        if (held.column === undefined) break;
      }
    held.changed = undefined;
  }
}

function put(held: Held, change: Change, isNew = true): void {
  if (held.column === undefined) return;
  const text = rowText(change);
  if (isNew) held.changed?.add(text);
  if (change.after === undefined) held.column.delete(text);
  else if (!held.column.put(text, change.key, change.after[held.slot] ?? null)) held.column = undefined;
}
