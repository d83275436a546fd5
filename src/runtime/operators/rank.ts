import { firstDifference } from '../../types/compare.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import { Change, hasNull, keyText } from '../change.ts';
import type { KeyExpiry, KeyOwner } from '../key-expiry.ts';
import { told, type Operator, type RecordPosition } from '../operator.ts';
import { pieces } from '../pieces.ts';
import { countsAll, placesOf, type Place } from '../ranked-places.ts';
import type { GroupedStore } from '../stores/grouped-store.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';

/** A ranked row: its sort keys, what tells it apart ('' for a stream's), and its columns behind the number. */
export type RankedRow = readonly [sort: Row, identity: string, row: Row];
/**
 * The first rows of a partition, in order, whether these are all that it has, and its newest time. Where a place is among all rows, the
 * number of these, and of those behind the head with the sort keys of its last. With STATE_TTL the stream time at which a row came last.
 */
export type RankedHead = [
  key: Row,
  rows: RankedRow[],
  isAll: boolean,
  time: number,
  total?: number,
  tied?: number,
  touched?: number,
];

export interface Ranking {
  readonly sortKeys: readonly ((row: Row) => Value)[];
  readonly compare: readonly ((a: Value, b: Value) => number)[];
  readonly identity: ((row: Row) => Row) | undefined;
  readonly position: RecordPosition;
  readonly conflate: boolean;
  /** Whether the partition is part of the result's key; not where all rows are ranked together. */
  readonly keepsKey: boolean;
  /** The slots of the columns behind the number. */
  readonly rest: readonly number[];
  /** The columns behind those. */
  readonly places: readonly Place[];
  readonly limit: number;
  /** STATE_TTL of a stream's partitions; undefined: none is forgotten. */
  readonly expiry: KeyExpiry | undefined;
}

/** So many rows more than wanted are at hand, so that the partition is read again only after as many of them have gone. */
const spare = 64;

/**
 * Top-N: the first rows of each partition, numbered from 1. A stream's rows stay, so those behind the limit are forgotten. Of a
 * table all are kept, those behind the head in entries of their own, because one moves up when another goes. Rows of equal sort
 * keys are in order of their identity, or of arrival.
 */
export class Rank implements Operator {
  readonly #heads: KeyValueStore<RankedHead>;
  readonly #others: GroupedStore<RankedRow> | undefined;
  readonly #ranking: Ranking;
  /** Whether a place is among all rows of its partition. */
  readonly #countsAll: boolean;
  /** Partitions that changed since the last drain, by last change, with the rows that they had given before. */
  readonly #changed = new Map<string, Moment>();

  constructor(heads: KeyValueStore<RankedHead>, others: GroupedStore<RankedRow> | undefined, ranking: Ranking) {
    this.#heads = heads;
    this.#others = others;
    this.#ranking = ranking;
    this.#countsAll = ranking.places.some(countsAll);
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const result: Change[] = [];
    for (const { key, before, after, timestamp, sequence } of changes) {
      if ((before === undefined && after === undefined) || hasNull(key)) continue;
      const text = keyText(key);
      const { expiry } = this.#ranking;
      expiry?.advance(timestamp, this.#ownerAt(sequence, result));
      const head: RankedHead = this.#heads.get(text) ?? [key, [], true, expiry?.begin(timestamp) ?? timestamp];
      head[3] = Math.max(head[3], timestamp);
      if (before === undefined && this.#isBehind(text, head, this.#ranked(after!, sequence))) {
        this.#touch(text, head);
        this.#heads.put(text, head);
        continue;
      }
      const given = this.#changed.get(text)?.given ?? this.#given(head);
      if (this.#countsAll) head[4] = (head[4] ?? 0) + Number(after !== undefined) - Number(before !== undefined);
      if (before !== undefined) this.#remove(text, head, this.#ranked(before, told));
      if (after !== undefined) this.#add(text, head, this.#ranked(after, sequence));
      if (head[1].length < this.#ranking.limit && !head[2]) this.#refill(text, head);
      if (head[1].length === 0) this.#heads.delete(text);
      else {
        this.#touch(text, head);
        this.#heads.put(text, head);
      }
      this.#tell(text, head, { key, given, time: head[3], sequence }, result);
    }
    return batchOf(result);
  }

  #tell(text: string, head: RankedHead | undefined, moment: Moment, result: Change[]): void {
    if (!this.#ranking.conflate) result.push(...this.#difference(head, moment));
    else {
      this.#changed.delete(text);
      this.#changed.set(text, moment);
    }
  }

  #touch(text: string, head: RankedHead): void {
    const { expiry } = this.#ranking;
    if (expiry === undefined) return;
    head[4] ??= 0;
    head[5] ??= 0;
    head[6] = expiry.touch(text, head[6] === undefined);
  }

  /** The partitions as STATE_TTL forgets them because of the change with a sequence: their numbers are deleted. */
  #ownerAt(sequence: number, result: Change[]): KeyOwner {
    return {
      prefetch: (keys) => this.#heads.prefetch(keys),
      touchedOf: (text) => this.#heads.get(text)?.[6],
      forget: (text, time) => {
        const head = this.#heads.get(text)!;
        const given = this.#changed.get(text)?.given ?? this.#given(head);
        this.#heads.delete(text);
        this.#tell(text, undefined, { key: head[0], given, time, sequence }, result);
      },
    };
  }

  *drain(): Iterable<Batch> {
    for (const piece of pieces([...this.#changed]))
      yield batchOf(piece.flatMap(([text, moment]) => this.#difference(this.#heads.get(text), moment)));
    this.#changed.clear();
  }

  *current(key?: Row): Iterable<Change> {
    const head = key && this.#heads.get(keyText(this.#ranking.keepsKey ? key.slice(0, -1) : ['']));
    if (key !== undefined) {
      const number = Number(key.at(-1));
      const row = number <= this.#ranking.limit && head !== undefined ? this.#rows(head)[number - 1] : undefined;
      if (row !== undefined) yield this.#change(head![0], number, undefined, row, head![3], 0);
      return;
    }
    for (const [, each] of this.#heads.entries())
      for (const [i, row] of this.#rows(each).entries()) yield this.#change(each[0], i + 1, undefined, row, each[3], 0);
  }

  /** The columns behind the number of the rows that are wanted. */
  #rows({ 1: rows, 4: total = 0, 5: tiedBehind = 0 }: RankedHead): Row[] {
    const { limit, places } = this.#ranking;
    const wanted = rows.slice(0, limit);
    if (places.length === 0) return wanted.map(([, , row]) => row);
    const isTied = (i: number): boolean => this.#isTied(rows[i - 1], rows[i]);
    const found = placesOf(places, { wanted: wanted.length, atHand: rows.length, isTied, total, tiedBehind });
    return wanted.map(([, , row], i) => [...row, ...found[i]!]);
  }
  #given(head: RankedHead): Given {
    return { ranked: head[1].slice(0, this.#ranking.limit), rows: this.#rows(head) };
  }

  #ranked(row: Row, sequence: number): RankedRow {
    const { sortKeys, identity, rest, position } = this.#ranking;
    position.sequence = sequence;
    return [
      sortKeys.map((sortKey) => sortKey(row)),
      identity === undefined ? '' : keyText(identity(row)),
      rest.map((slot) => row[slot]!),
    ];
  }

  #compareKeys(a: RankedRow, b: RankedRow): number {
    return firstDifference(this.#ranking.compare, a[0], b[0]);
  }
  #isTied(a: RankedRow | undefined, b: RankedRow | undefined): boolean {
    return a !== undefined && b !== undefined && this.#compareKeys(a, b) === 0;
  }
  #compare(a: RankedRow, b: RankedRow): number {
    return this.#compareKeys(a, b) || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0);
  }

  /** The place of the first row that comes behind the row. */
  #placeBehind(rows: readonly RankedRow[], row: RankedRow): number {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(rows[middle]!, row) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether a stream's row stands behind all that are wanted and changes nothing, as most do: only the partition's time is newer. */
  #isBehind(text: string, [, rows, isAll]: RankedHead, row: RankedRow): boolean {
    if (this.#others !== undefined || this.#countsAll || isAll || this.#changed.has(text)) return false;
    return this.#placeBehind(rows, row) === rows.length;
  }

  #add(text: string, head: RankedHead, row: RankedRow): void {
    const [, rows, isAll] = head;
    const place = this.#placeBehind(rows, row);
    if (place === rows.length && !isAll) {
      this.#others?.put(text, row[1], row);
      this.#countTied(head, row, 1);
      return;
    }
    rows.splice(place, 0, row);
    if (rows.length <= this.#room) return;
    const last = rows.pop()!;
    head[2] = false;
    this.#others?.put(text, last[1], last);
    // What was tied with the former last row is tied with the new one only if that row is, which is behind the head now.
    if (!this.#isTied(rows.at(-1), last)) this.#setTied(head, 0);
    this.#countTied(head, last, 1);
  }

  #remove(text: string, head: RankedHead, row: RankedRow): void {
    const { 1: rows } = head;
    const place = rows.findIndex((each) => each[1] === row[1]);
    if (place >= 0) {
      rows.splice(place, 1);
      if (place === rows.length && !this.#isTied(rows.at(-1), row)) this.#setTied(head, 0);
      return;
    }
    this.#others!.delete(text, row[1]);
    this.#countTied(head, row, -1);
  }

  /** A row has come to those behind the head, or gone. */
  #countTied(head: RankedHead, row: RankedRow, difference: number): void {
    if (this.#isTied(head[1].at(-1), row)) this.#setTied(head, (head[5] ?? 0) + difference);
  }
  #setTied(head: RankedHead, tied: number): void {
    if (this.#countsAll) head[5] = tied;
  }

  /** Takes the first of a table's other rows into the head. */
  #refill(text: string, head: RankedHead): void {
    const rows: RankedRow[] = [];
    let more = false;
    for (const row of this.#others?.of(text) ?? []) {
      rows.splice(this.#placeBehind(rows, row), 0, row);
      if (rows.length <= this.#room - head[1].length) continue;
      rows.pop();
      more = true;
    }
    for (const row of rows) this.#others!.delete(text, row[1]);
    head[1].push(...rows);
    head[2] = !more;
    if (!this.#countsAll) return;
    let tied = 0;
    const last = head[1].at(-1);
    for (const row of this.#others?.of(text) ?? []) if (this.#isTied(last, row)) tied++;
    this.#setTied(head, tied);
  }

  /** A stream's rows behind the limit never come back. */
  get #room(): number {
    return this.#ranking.limit + (this.#others === undefined ? 0 : spare);
  }

  /** What the numbers have now instead of what they had. */
  #difference(now: RankedHead | undefined, { key, given, time, sequence }: Moment): Change[] {
    const changes: Change[] = [];
    const { ranked, rows: before } = given;
    const after = now === undefined ? [] : this.#rows(now);
    const own = this.#ranking.rest.length;
    for (let i = 0; i < Math.max(before.length, after.length); i++) {
      const isSame = ranked[i] === now?.[1][i] && before[i]?.every((value, at) => at < own || value === after[i]?.[at]);
      if (isSame !== true) changes.push(this.#change(key, i + 1, before[i], after[i], time, sequence));
    }
    return changes;
  }

  #change(
    partition: Row,
    number: number,
    before: Row | undefined,
    after: Row | undefined,
    timestamp: number,
    sequence: number,
  ): Change {
    const key = this.#ranking.keepsKey ? [...partition, number] : [number];
    const rowOf = (row: Row | undefined): Row | undefined => row && [...key, ...row];
    return new Change(key, rowOf(before), rowOf(after), timestamp, sequence);
  }
}

/** The rows that a partition had given, with their places then. */
interface Given {
  readonly ranked: readonly RankedRow[];
  readonly rows: readonly Row[];
}
interface Moment {
  readonly key: Row;
  readonly given: Given;
  readonly time: number;
  readonly sequence: number;
}
