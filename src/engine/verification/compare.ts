import { hasNull } from '../../runtime/change.ts';
import { decodeValue } from '../../runtime/codec.ts';
import type { Row } from '../../types/sql-type.ts';
import { sides, type Group, type SideRow } from './entries.ts';
import type { Tally, Where } from './tally.ts';

/** How the rows of a view follow each other. */
interface Rules {
  readonly topic: string;
  /**
   * Of a table's changes a commit may give only the last one of each key, so that its answers are some of those that were
   * recomputed, in order, and the last of them.
   */
  readonly isTable: boolean;
  /** Whether a record without a value deletes an entity, and not only a window of it. */
  readonly deletes: boolean;
  /** Which feature times count. */
  readonly isIn: (time: number) => boolean;
}

const rowOf = ({ features }: SideRow): Row => decodeValue(features!) as Row;
const isSame = (a: SideRow, b: SideRow): boolean => a.features!.equals(b.features!);
/**
 * Where each of the answers is among rows, in order; -1 where it is not. Of equal rows the later ones are taken: an answer that says
 * what a later row says again stands for that too.
 */
function placesOf(answers: readonly SideRow[], rows: readonly SideRow[]): readonly number[] {
  const places = answers.map(() => -1);
  let end = rows.length;
  for (let i = answers.length - 1; i >= 0; i--) {
    let at = end - 1;
    while (at >= 0 && !isSame(answers[i]!, rows[at]!)) at--;
    if (at < 0) continue;
    places[i] = at;
    end = at;
  }
  return places;
}
const byPlace = (a: SideRow, b: SideRow): number => a.partition - b.partition || a.offset - b.offset;

/** Compares the rows of a view group by group; those of an entity and window must come one after the other. */
export class Comparer {
  readonly #rules: Rules;
  readonly #recomputed: Tally;
  readonly #offline: Tally | undefined;
  #owner = Buffer.alloc(0);
  /** Of the entity and window at hand the recomputed row that came last, and whether it counts that it was not answered. */
  #last: { readonly row: SideRow; readonly where: Where; readonly counts: boolean } | undefined;
  /** What its topic had last of the entity, and whether something recomputed may still have to come. */
  #lastAnswer: { readonly row: SideRow; readonly where: Where; readonly counts: boolean } | undefined;
  #hasPending = false;
  /** The number of the latest recomputed row that was answered. */
  #answered = -1;
  answers = 0;

  constructor(rules: Rules, recomputed: Tally, offline: Tally | undefined) {
    this.#rules = rules;
    this.#recomputed = recomputed;
    this.#offline = offline;
  }

  add(group: Group): void {
    if (!group.owner.equals(this.#owner)) {
      this.#endOwner();
      this.#owner = Buffer.from(group.owner);
    }
    const of = (side: number): SideRow[] => group.rows.filter((row) => row.side === side);
    const told = of(sides.online);
    const online = told.filter(({ features }) => features !== undefined);
    const recomputed = of(sides.recomputed);
    const counts = this.#rules.isIn(group.time);
    if (counts) this.answers += online.length;
    if (this.#rules.isTable) {
      this.#keepLast(group, told, counts);
      this.#compareTable(group, online, recomputed, counts);
    } else if (counts) this.#compareStream(group, online, recomputed);
    if (this.#offline === undefined || !counts) return;
    const former = this.#rules.isTable ? recomputed : [];
    this.#compareFiles(this.#offline, group, online, of(sides.offline), former);
  }
  finish(): void {
    this.#endOwner();
  }

  #where({ entity, time, windowStart }: Group, online?: SideRow, other?: SideRow): Where {
    const { topic } = this.#rules;
    return {
      entity,
      time,
      windowStart,
      answeredAt: online === undefined ? null : { topic, partition: online.partition, offset: online.offset },
      event: other?.event ?? null,
      file: other?.file ?? null,
    };
  }
  #pair(tally: Tally, group: Group, online: SideRow, other: SideRow): void {
    if (isSame(online, other)) tally.same(rowOf(online));
    else tally.pair(rowOf(online), rowOf(other), this.#where(group, online, other));
  }

  /**
   * Rows of one time stand in the order of their partition on both sides. Where one side has more, or records have no
   * key and are in any partition, equal rows are paired first.
   */
  #compareStream(group: Group, online: readonly SideRow[], all: readonly SideRow[]): void {
    const tally = this.#recomputed;
    let answers = [...online].sort(byPlace);
    const others = [...all].sort(byPlace);
    if (answers.length !== others.length || hasNull(group.entity)) {
      const rest: SideRow[] = [];
      for (const answer of answers) {
        const at = others.findIndex((other) => isSame(answer, other));
        if (at < 0) rest.push(answer);
        else {
          tally.same(rowOf(answer));
          others.splice(at, 1);
        }
      }
      answers = rest;
    }
    for (const [i, answer] of answers.entries()) {
      const other = others[i];
      if (other === undefined) tally.extra(this.#where(group, answer));
      else this.#pair(tally, group, answer, other);
    }
    for (const other of others.slice(answers.length))
      if (other.isPending) tally.pending++;
      else tally.missing(this.#where(group, undefined, other));
  }

  #compareTable(group: Group, online: readonly SideRow[], recomputed: readonly SideRow[], counts: boolean): void {
    const tally = this.#recomputed;
    const rows = recomputed.filter(({ features }) => features !== undefined);
    const places = placesOf(online, rows);
    let isTold = false;
    for (const [i, answer] of online.entries()) {
      const at = places[i]!;
      if (at >= 0) this.#answered = Math.max(this.#answered, rows[at]!.offset);
      if (!counts) continue;
      isTold ||= at < 0;
      if (at >= 0) tally.same(rowOf(answer));
      else if (rows.length === 0) tally.extra(this.#where(group, answer));
      else this.#pair(tally, group, answer, rows.at(-1)!);
    }
    this.#hasPending ||= recomputed.some(({ isPending }) => isPending);
    const last = recomputed.findLast(({ isPending }) => !isPending);
    if (last === undefined || (this.#last !== undefined && this.#last.row.offset > last.offset)) return;
    this.#last = { row: last, where: this.#where(group, undefined, last), counts: counts && !isTold };
  }
  #keepLast(group: Group, told: readonly SideRow[], counts: boolean): void {
    for (const row of told)
      if (this.#lastAnswer === undefined || row.offset > this.#lastAnswer.row.offset)
        this.#lastAnswer = { row, where: this.#where(group, row), counts };
  }
  #endOwner(): void {
    const last = this.#last;
    if (last !== undefined && last.counts && last.row.features !== undefined) {
      if (last.row.offset > this.#answered || this.#isOtherwise(false)) this.#recomputed.missing(last.where);
    } else if (last?.counts === true && this.#isOtherwise(true) && this.#lastAnswer!.counts)
      this.#recomputed.extra(this.#lastAnswer!.where);
    this.#last = undefined;
    this.#lastAnswer = undefined;
    this.#hasPending = false;
    this.#answered = -1;
  }
  /** Whether the view has the entity, or has it no more, against what is recomputed: `isDeleted` there. */
  #isOtherwise(isDeleted: boolean): boolean {
    if (!this.#rules.deletes || this.#hasPending || this.#lastAnswer === undefined) return false;
    return (this.#lastAnswer.row.features === undefined) !== isDeleted;
  }

  /** A row of a file that a table's topic no longer has, because it is compacted, is held to what is recomputed: `former`. */
  #compareFiles(
    tally: Tally,
    group: Group,
    online: readonly SideRow[],
    offline: readonly SideRow[],
    former: readonly SideRow[],
  ): void {
    const files = new Map(offline.map((row) => [`${row.partition}/${row.offset}`, row]));
    for (const answer of online) {
      const place = `${answer.partition}/${answer.offset}`;
      const row = files.get(place);
      files.delete(place);
      if (row !== undefined) this.#pair(tally, group, answer, row);
      else if (answer.isPending) tally.pending++;
      else tally.missing(this.#where(group, answer));
    }
    const rows = former.filter(({ features }) => features !== undefined);
    for (const row of files.values())
      if (rows.some((other) => isSame(row, other))) tally.same(rowOf(row));
      else tally.extra(this.#where(group, undefined, row));
  }
}
