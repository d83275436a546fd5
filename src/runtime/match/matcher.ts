import { mostAttempts, type SeenRows, type SkipSpec } from '../../specs/pattern.ts';
import type { Row } from '../../types/sql-type.ts';
import { accepted, type Program } from '../../specs/pattern-program.ts';

/**
 * An attempt: the number of its first row, the state that takes the next row (or `accepted`), and the variables of its rows so far,
 * a character each.
 */
export type Attempt = readonly [start: number, state: number, taken: string];
/**
 * The state of a partition: the number of the first row that is kept, the rows (what conditions and measures read of them), their
 * times, the attempts in order of preference, the first row at which an attempt may begin, and the number of matches so far.
 */
export type PartitionState = [
  first: number,
  rows: Row[],
  times: number[],
  attempts: Attempt[],
  from: number,
  matches: number,
];

export const emptyPartition = (): PartitionState => [0, [], [], [], 0, 0];

/** Whether a partition is as one without rows, but for the number of its matches. */
export const isIdle = ([, rows, , attempts]: PartitionState): boolean => rows.length === 0 && attempts.length === 0;

/** The rows of an attempt: what conditions and measures look at. */
export interface Candidate {
  readonly partition: PartitionState;
  readonly start: number;
  /** The variables of its rows, a character each. */
  readonly taken: string;
  /** Which match it would be, from 1. */
  readonly number: number;
}

export interface Search {
  readonly program: Program;
  /** Whether the last row of the candidate may be of its variable. */
  readonly holds: (candidate: Candidate) => boolean;
  /** Whether conditions look at no other row of the match than the last, so that two attempts in one state go on alike. */
  readonly isLocal: boolean;
  /** What else they look at, by which attempts in one state can differ. */
  readonly seen: readonly SeenRows[];
  readonly skip: SkipSpec;
  readonly withinMs: number | undefined;
  /** Called when a partition has more attempts than can be kept; the least preferred are given up. */
  readonly onOverflow: () => void;
  /** How many rows before a match conditions and measures look at. */
  readonly lookBack: number;
}

const variableAt = (taken: string, i: number): number => taken.charCodeAt(i) - 1;
const charOf = (variable: number): string => String.fromCharCode(variable + 1);
/** The characters of variables, as `taken` has them. */
export const charsOf = (variables: readonly number[]): string => variables.map(charOf).join('');

/**
 * Takes a row into a partition and gives the matches that are over with it, as candidates, in order. What a search with
 * backtracking over all rows would find is found: of all attempts the one that began first, of those the one that the pattern
 * prefers; a match is given when no attempt before it is open any more.
 */
export function takeRow(
  partition: PartitionState,
  row: Row,
  time: number,
  search: Search,
  onMatch: (match: Candidate) => void,
): void {
  const [first, rows, times] = partition;
  const current = first + rows.length;
  rows.push(row);
  times.push(time);
  const next: Attempt[] = [];
  const known = new Known(partition, search);
  let done = -1;
  const go = (attempt: Attempt): void => {
    // Behind an attempt that has ended, others that began at the same row are not preferred.
    if (attempt[0] === done) return;
    if (attempt[1] === accepted) {
      done = attempt[0];
      next.push(attempt);
      return;
    }
    if (isOver(partition, attempt[0], time, search)) return;
    const [start, state, before] = attempt;
    const taken = before + charOf(search.program.variableOf(state));
    if (!search.holds({ partition, start, taken, number: partition[5] + 1 })) return;
    for (const behind of search.program.behind(state)) {
      if (behind !== accepted && known.has(start, behind, taken)) continue;
      next.push([start, behind, taken]);
      if (behind !== accepted) continue;
      done = start;
      return;
    }
  };
  for (const attempt of partition[3]) go(attempt);
  if (current >= partition[4]) for (const state of search.program.begin) go([current, state, '']);
  if (next.length > mostAttempts) {
    next.length = mostAttempts;
    search.onOverflow();
  }
  partition[3] = next;
  settle(partition, search, onMatch);
  forget(partition, search);
}

/**
 * Of attempts that go on alike only the most preferred is needed: those in one state that began at one row and in which conditions see
 * the same rows. With SKIP PAST LAST ROW, where conditions look at no other row of the match, this holds for attempts that began at other
 * rows too: the match of the one ends the other. But a match that waits for attempts before it may end the one alone.
 */
class Known {
  readonly #acrossStarts: boolean;
  /** The last rows of the matches that wait. */
  readonly #ends: readonly number[];
  readonly #states = new Set<number | string>();
  readonly #looks: readonly ((taken: string) => string)[];
  /** By first row and state the rows of the one attempt so far, or what is seen of those of several. */
  readonly #seen = new Map<string, string | Set<string>>();

  constructor([, , , attempts]: PartitionState, { isLocal, seen, skip, withinMs }: Search) {
    this.#acrossStarts = isLocal && skip.to === 'past' && withinMs === undefined;
    this.#looks = seen.map(lookOf);
    this.#ends = this.#acrossStarts
      ? attempts.flatMap(([start, state, taken]) => (state === accepted ? [start + taken.length - 1] : []))
      : [];
  }

  /** Whether there was an attempt before that goes on alike; otherwise it is from now on. */
  has(start: number, state: number, taken: string): boolean {
    if (this.#acrossStarts) {
      const endedBy = this.#ends.reduce((count, end) => count + Number(end >= start), 0);
      return isThere(this.#states, endedBy === 0 ? state : `${endedBy} ${state}`);
    }
    const key = `${start}/${state}`;
    const there = this.#seen.get(key);
    if (there === undefined) {
      this.#seen.set(key, taken);
      return false;
    }
    if (this.#looks.length === 0) return true;
    if (typeof there !== 'string') return isThere(there, this.#look(taken));
    const views = new Set([this.#look(there)]);
    this.#seen.set(key, views);
    return isThere(views, this.#look(taken));
  }
  #look(taken: string): string {
    return this.#looks.map((look) => look(taken)).join('/');
  }
}
function isThere<T>(set: Set<T>, value: T): boolean {
  const { size } = set;
  return set.add(value).size === size;
}
/** Says which rows of an attempt are seen. */
function lookOf({ variables, which, count }: SeenRows): (taken: string) => string {
  const chars = charsOf(variables);
  return (taken) => {
    const places: number[] = [];
    const [begin, step] = which === 'last' ? [taken.length - 1, -1] : [0, 1];
    for (let i = begin; i >= 0 && i < taken.length && places.length < count; i += step)
      if (chars.includes(taken[i]!)) places.push(i);
    return places.join();
  };
}

const isOver = ([first, , times]: PartitionState, start: number, time: number, { withinMs }: Search): boolean =>
  withinMs !== undefined && time - times[start - first]! > withinMs;

/** Gives the matches before which no attempt is open, and goes on behind each as SKIP says. */
function settle(partition: PartitionState, { skip }: Search, onMatch: (match: Candidate) => void): void {
  for (let [front] = partition[3]; front?.[1] === accepted; [front] = partition[3]) {
    const [start, , taken] = front;
    onMatch({ partition, start, taken, number: ++partition[5] });
    const from = startBehind(start, taken, skip);
    partition[4] = Math.max(partition[4], from);
    partition[3] = partition[3].filter(([begun]) => begun >= from && begun !== start);
  }
}

function startBehind(start: number, taken: string, skip: SkipSpec): number {
  if (skip.to === 'past') return start + taken.length;
  if (!('variables' in skip)) return start + 1;
  const places = skip.variables
    .map((variable) => (skip.to === 'first' ? taken.indexOf(charOf(variable)) : taken.lastIndexOf(charOf(variable))))
    .filter((place) => place >= 0);
  const place = places.length === 0 ? 0 : skip.to === 'first' ? Math.min(...places) : Math.max(...places);
  // At its own first row, or at a variable that the match does not have, it would be found again.
  return start + Math.max(1, place);
}

/** Drops the rows that no open attempt and no row to come looks at. */
function forget(partition: PartitionState, { lookBack }: Search): void {
  const [first, rows, times, attempts] = partition;
  const needed = attempts.reduce((least, [start]) => Math.min(least, start), first + rows.length) - lookBack;
  const gone = Math.max(0, Math.min(rows.length, needed - first));
  if (gone === 0) return;
  partition[0] += gone;
  rows.splice(0, gone);
  times.splice(0, gone);
}

/** The number of the row at `place` from the first or last of the variables' rows in a candidate; undefined: there is none. */
export function rowOf(
  { start, taken }: Candidate,
  from: 'first' | 'last',
  chars: string | undefined,
  offset: number,
): number | undefined {
  if (chars === undefined) {
    const place = from === 'first' ? offset : taken.length - 1 - offset;
    return place >= 0 && place < taken.length ? start + place : undefined;
  }
  const step = from === 'first' ? 1 : -1;
  let left = offset;
  for (let i = from === 'first' ? 0 : taken.length - 1; i >= 0 && i < taken.length; i += step)
    if (chars.includes(taken[i]!) && left-- === 0) return start + i;
  return undefined;
}
/** The variable of a candidate's last row. */
export const lastVariable = ({ taken }: Candidate): number => variableAt(taken, taken.length - 1);
