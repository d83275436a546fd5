import { Sorter } from '../../files/sorter.ts';
import { hasNull, keyText } from '../../runtime/change.ts';
import { decodeValue, encodeValue } from '../../runtime/codec.ts';
import { timeBytes } from '../../runtime/stores/key-bytes.ts';
import type { RowOrder } from '../../specs/row-order.ts';
import type { Row } from '../../types/sql-type.ts';
import type { HistoryRow } from './history.ts';

/** What decides whether a row of a view is the one of a time. */
export interface MatchRules {
  readonly ttlMs: number | undefined;
  /** Whether a row counts only from when it became known. */
  readonly asKnown: boolean;
  /** Which of several rows that are not newer than a time is the one of it. */
  readonly order: RowOrder;
}

/** Finds what a view had at the times that the rows of a spine ask for. All questions come before `read`, which comes before `run`. */
export interface ViewMatch {
  /** Row `n` of the spine asks for an entity at a time. */
  ask(n: number, key: Row, time: number): void;
  /** Reads what the view has had; gives the number of rows of each batch. */
  read(): AsyncIterable<number>;
  /** Matches everything; `pause` is awaited now and then. */
  run(pause: () => Promise<void>): Promise<void>;
  /** What was found, in order of the rows of the spine; those that found nothing are left out. */
  found(): Iterable<readonly [n: number, values: Row]>;
  /** Matches whose row became known after the time that it is given for. */
  readonly knownLater: number;
}

/** The kinds of entries at one time: a view's row at exactly the time that is asked for is before the question. */
const kinds = { history: 0, spine: 1 } as const;

/**
 * Finds the row of a view for each row of the spine: of its key the newest (of a table the last change) of those that are not newer
 * than the time asked for, unless it is older than the TTL. Both are sorted together by key and time, on disk where they are many, and read in one pass.
 */
export class PointInTimeMatch implements ViewMatch {
  readonly #rules: MatchRules;
  readonly #history: () => AsyncIterable<readonly HistoryRow[]>;
  readonly #entries: Sorter;
  readonly #found: Sorter;
  knownLater = 0;

  /** `history` gives every row that the view has had. */
  constructor(rules: MatchRules, history: () => AsyncIterable<readonly HistoryRow[]>, folder: string, memory: number) {
    this.#rules = rules;
    this.#history = history;
    this.#entries = new Sorter(`${folder}/entries`, memory);
    this.#found = new Sorter(`${folder}/found`, memory);
  }

  async *read(): AsyncIterable<number> {
    for await (const rows of this.#history()) {
      for (const row of rows) if (!hasNull(row.key)) this.#add(row);
      yield rows.length;
    }
  }
  #add({ key, time, windowStart, created, offset, values }: HistoryRow): void {
    // Of equal times the window that starts first counts, then what became known last.
    const order = Buffer.concat([ordered(-windowStart), ordered(created), ordered(offset)]);
    this.#entries.add(keyOf(key, time, kinds.history, order), encodeValue([time, created, values ?? null, offset]));
  }
  ask(n: number, key: Row, time: number): void {
    this.#entries.add(keyOf(key, time, kinds.spine, ordered(n)), encodeValue([n, time]));
  }

  async run(pause: () => Promise<void>): Promise<void> {
    const { ttlMs = Infinity } = this.#rules;
    let keyBytes = Buffer.alloc(0);
    let known = new KnownRows(this.#rules);
    let count = 0;
    for (const { key, value } of this.#entries.sorted()) {
      if (++count % 4096 === 0) await pause();
      const length = 4 + key.readUInt32BE(0);
      const own = key.subarray(0, length);
      if (!own.equals(keyBytes)) {
        keyBytes = Buffer.from(own);
        known = new KnownRows(this.#rules);
      }
      if (key[length + 8] === kinds.history) {
        known.add(decodeValue(value) as KnownRow);
        continue;
      }
      const [n, time] = decodeValue(value) as [number, number];
      const match = known.at(time);
      // A row that was deleted is none from then on.
      if (match === undefined || match[2] === null || match[0] < time - ttlMs) continue;
      if (match[1] > time) this.knownLater++;
      this.#found.add(ordered(n), encodeValue([n, match[2]]));
    }
  }

  *found(): Iterable<readonly [n: number, values: Row]> {
    for (const { value } of this.#found.sorted()) yield decodeValue(value) as [number, Row];
  }

  clear(): void {
    this.#entries.clear();
    this.#found.clear();
  }
}

/** A row as it is sorted; without values: a deletion. */
type KnownRow = readonly [time: number, created: number, values: Row | null, offset: number];

/** The rows of one key that may still be asked for; the last one that is known at a time is the one of it. */
class KnownRows {
  readonly #rules: MatchRules;
  #rows: KnownRow[] = [];

  constructor(rules: MatchRules) {
    this.#rules = rules;
  }

  /** Rows come in order of their times. */
  add(row: KnownRow): void {
    const { asKnown, order } = this.#rules;
    let place = this.#rows.length;
    if (order === 'offset') while (place > 0 && this.#rows[place - 1]![3] > row[3]) place--;
    if (asKnown) this.#rows.splice(place, 0, row);
    else if (place === this.#rows.length) this.#rows = [row];
  }

  /** The row that counts at a time, which is not before those of the rows. */
  at(time: number): KnownRow | undefined {
    const { asKnown, order, ttlMs = Infinity } = this.#rules;
    if (!asKnown) return this.#rows.at(-1);
    // A change of a table that is too old is still instead of those before it.
    if (order === 'time' && (this.#rows[0]?.[0] ?? Infinity) < time - ttlMs)
      this.#rows = this.#rows.filter(([at]) => at >= time - ttlMs);
    return this.#rows.findLast(([, created]) => created <= time);
  }
}

/** Equal keys are together, whatever their length. */
function keyOf(key: Row, time: number, kind: number, order: Buffer): Buffer {
  const text = Buffer.from(keyText(key));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, ordered(time), Buffer.from([kind]), order]);
}

/** A whole number whose bytes are in its order, negative ones too. */
export function ordered(value: number): Buffer {
  const bytes = timeBytes(value);
  bytes[0]! ^= 0x80;
  return bytes;
}
