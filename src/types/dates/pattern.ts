import { EvaluationError } from '../numbers.ts';
import { Field } from './fields.ts';
import type { TextStyle } from './names.ts';

/** When a sign is printed and taken. `exceeds`: a plus before a number that is wider than its width. */
type Sign = 'normal' | 'never' | 'exceeds';

export interface NumberPart {
  readonly kind: 'number';
  readonly field: Field;
  readonly min: number;
  readonly max: number;
  readonly sign: Sign;
  /** Two digits of a year: 2000 to 2099. */
  readonly reduced: boolean;
  /** The leading digits of a second's fraction. */
  readonly fraction: boolean;
  /** Of adjacent numbers: the width of the fixed ones that follow the first; -1 in those. */
  readonly following: number;
  /** The letters of US weeks are joined to their neighbours by these, not by the widths above. */
  readonly joins?: { readonly isFixed: boolean };
}
export type Part =
  | { readonly kind: 'literal'; readonly text: string }
  | NumberPart
  | { readonly kind: 'text'; readonly field: Field; readonly style: TextStyle }
  | { readonly kind: 'period'; readonly style: TextStyle }
  | { readonly kind: 'zone id' }
  | { readonly kind: 'zone name'; readonly style: 'short' | 'full'; readonly generic: boolean }
  | { readonly kind: 'offset'; readonly type: number; readonly zero: string }
  | { readonly kind: 'GMT offset'; readonly style: 'short' | 'full' }
  | { readonly kind: 'padded'; readonly width: number; readonly part: Part }
  | { readonly kind: 'optional'; readonly parts: readonly Part[] };

const fieldOf: Readonly<Record<string, Field>> = {
  G: Field.ERA,
  y: Field.YEAR_OF_ERA,
  u: Field.YEAR,
  Q: Field.QUARTER_OF_YEAR,
  q: Field.QUARTER_OF_YEAR,
  M: Field.MONTH_OF_YEAR,
  L: Field.MONTH_OF_YEAR,
  D: Field.DAY_OF_YEAR,
  d: Field.DAY_OF_MONTH,
  F: Field.WEEKDAY_IN_MONTH,
  E: Field.DAY_OF_WEEK,
  c: Field.DAY_OF_WEEK,
  e: Field.DAY_OF_WEEK,
  a: Field.AMPM_OF_DAY,
  H: Field.HOUR_OF_DAY,
  k: Field.CLOCK_HOUR_OF_DAY,
  K: Field.HOUR_OF_AMPM,
  h: Field.CLOCK_HOUR_OF_AMPM,
  m: Field.MINUTE_OF_HOUR,
  s: Field.SECOND_OF_MINUTE,
  S: Field.NANO_OF_SECOND,
  A: Field.MILLI_OF_DAY,
  n: Field.NANO_OF_SECOND,
  N: Field.NANO_OF_DAY,
  g: Field.MODIFIED_JULIAN_DAY,
};
const localFields: Readonly<Record<string, Field>> = {
  c: Field.LOCAL_DAY_OF_WEEK,
  e: Field.LOCAL_DAY_OF_WEEK,
  w: Field.WEEK_OF_YEAR,
  W: Field.WEEK_OF_MONTH,
  Y: Field.WEEK_YEAR,
};

const number = (
  field: Field,
  min: number,
  max: number,
  sign: Sign,
  options: Partial<Pick<NumberPart, 'reduced' | 'fraction' | 'joins'>> = {},
): NumberPart => ({ kind: 'number', field, min, max, sign, reduced: false, fraction: false, following: 0, ...options });

const wrongCount = (letter: string, count: number): never => {
  throw new EvaluationError(`the letter ${letter} cannot stand ${count} times`);
};
const styleOf = (letter: string, count: number): TextStyle => {
  if (count === 4) return 'full';
  if (count === 5) return 'narrow';
  return count <= 3 ? 'short' : wrongCount(letter, count);
};

/** The part of a letter that has a field of its own. */
function fieldPart(letter: string, count: number, field: Field): Part {
  switch (letter) {
    case 'u':
    case 'y':
      return yearPart(field, count);
    case 'M':
    case 'L':
    case 'Q':
    case 'q':
      if (count <= 2) return plainNumber(field, count);
      return { kind: 'text', field, style: styleOf(letter, count) };
    case 'E':
    case 'G':
      return { kind: 'text', field, style: styleOf(letter, count) };
    case 'e':
    case 'c':
      if (letter === 'c' && count === 2) return wrongCount(letter, count);
      return count <= 2 ? weekPart(letter, count) : { kind: 'text', field, style: styleOf(letter, count) };
    case 'a':
      return count === 1 ? { kind: 'text', field, style: 'short' } : wrongCount(letter, count);
    case 'S':
      return count <= 9 ? number(field, count, count, 'never', { fraction: true }) : wrongCount(letter, count);
    case 'F':
      return count === 1 ? plainNumber(field, 1) : wrongCount(letter, count);
    case 'D':
      if (count > 3) return wrongCount(letter, count);
      return count === 1 ? plainNumber(field, 1) : number(field, count, 3, 'never');
    case 'g':
    case 'A':
    case 'n':
    case 'N':
      return count <= 19 ? number(field, count, 19, letter === 'g' ? 'normal' : 'never') : wrongCount(letter, count);
    default:
      return count <= 2 ? plainNumber(field, count) : wrongCount(letter, count);
  }
}
const plainNumber = (field: Field, count: number): NumberPart =>
  count === 1 ? number(field, 1, 19, 'normal') : number(field, count, count, 'never');

function yearPart(field: Field, count: number, joins?: { readonly isFixed: boolean }): NumberPart {
  if (count > 19) return wrongCount(field === Field.WEEK_YEAR ? 'Y' : 'y', count);
  const options = joins === undefined ? {} : { joins };
  if (count === 2) return number(field, 2, 2, 'never', { reduced: true, ...options });
  return number(field, count, 19, count < 4 ? 'normal' : 'exceeds', options);
}

function weekPart(letter: string, count: number): NumberPart {
  const field = localFields[letter]!;
  if (letter === 'Y') return yearPart(field, count, { isFixed: count === 2 });
  if (count > (letter === 'W' ? 1 : 2)) return wrongCount(letter, count);
  return number(field, count, letter === 'w' ? 2 : count, 'never');
}

/** The part of a letter for a zone or an offset. */
function zonePart(letter: string, count: number): Part | undefined {
  switch (letter) {
    case 'z':
      if (count > 4) return wrongCount(letter, count);
      return { kind: 'zone name', style: count === 4 ? 'full' : 'short', generic: false };
    case 'v':
      if (count !== 1 && count !== 4) return wrongCount(letter, count);
      return { kind: 'zone name', style: count === 4 ? 'full' : 'short', generic: true };
    case 'V':
      return count === 2 ? { kind: 'zone id' } : wrongCount(letter, count);
    case 'Z':
      if (count === 4) return { kind: 'GMT offset', style: 'full' };
      if (count > 5) return wrongCount(letter, count);
      return count < 4 ? { kind: 'offset', type: 3, zero: '+0000' } : { kind: 'offset', type: 6, zero: 'Z' };
    case 'O':
      if (count !== 1 && count !== 4) return wrongCount(letter, count);
      return { kind: 'GMT offset', style: count === 4 ? 'full' : 'short' };
    case 'X':
    case 'x': {
      if (count > 5) return wrongCount(letter, count);
      const zero = letter === 'X' ? 'Z' : count === 1 ? '+00' : count % 2 === 0 ? '+0000' : '+00:00';
      return { kind: 'offset', type: count === 1 ? 1 : count + 1, zero };
    }
    default:
      return undefined;
  }
}

function letterPart(letter: string, count: number): Part {
  const zone = zonePart(letter, count);
  if (zone !== undefined) return zone;
  if (letter === 'W' || letter === 'w' || letter === 'Y') return weekPart(letter, count);
  if (letter === 'B')
    return count === 1 || count >= 4 ? { kind: 'period', style: styleOf(letter, count) } : wrongCount(letter, count);
  const field = fieldOf[letter];
  if (field === undefined) throw new EvaluationError(`${letter} is no letter of a date pattern`);
  return fieldPart(letter, count, field);
}

/** A list of parts being made. Numbers without a text between them share their digits by their widths. */
class Parts {
  readonly list: Part[] = [];
  /** Where the first of adjacent numbers is, or -1. */
  #leader = -1;
  #padding = 0;

  add(part: Part): void {
    if (this.#padding > 0) {
      this.list.push({ kind: 'padded', width: this.#padding, part });
      this.#padding = 0;
      this.#leader = part.kind === 'number' ? this.list.length - 1 : -1;
    } else if (part.kind !== 'number') {
      this.list.push(part);
      this.#leader = -1;
    } else this.#addNumber(part);
  }

  #addNumber(part: NumberPart): void {
    const leader = this.#leader;
    this.#leader = this.list.push(part) - 1;
    if (leader < 0) return;
    const first = this.list[leader]!;
    if (first.kind !== 'number')
      throw new EvaluationError('a number behind a padded one needs a text between them, or to be padded too');
    if (part.joins?.isFixed ?? (part.min === part.max && part.sign === 'never')) {
      this.list[leader] = { ...first, following: first.following + part.max };
      this.list[this.list.length - 1] = { ...part, following: -1 };
      this.#leader = leader;
    } else this.list[leader] = { ...first, following: -1 };
  }

  /** The next part is padded, and no neighbour of the number before. */
  pad(width: number): void {
    this.#padding = width;
    this.#leader = -1;
  }

  /** What follows is no neighbour of what is here. */
  end(): void {
    this.#leader = -1;
  }
}

/**
 * The parts of a pattern of java.time's `DateTimeFormatter`, by the rules of Java 17. Throws `EvaluationError` where Java refuses
 * the pattern.
 */
export function parsePattern(pattern: string): readonly Part[] {
  const open: Parts[] = [new Parts()];
  const close = (): void => {
    const { list } = open.pop()!;
    if (list.length > 0) open.at(-1)!.add({ kind: 'optional', parts: list });
  };
  let at = 0;
  const run = (): string => {
    const start = at;
    while (at < pattern.length && pattern[at] === pattern[start]) at++;
    return pattern.slice(start, at);
  };
  while (at < pattern.length) {
    const character = pattern[at]!;
    const parts = open.at(-1)!;
    if (/[A-Za-z]/.test(character)) {
      let letters = run();
      if (character === 'p') {
        parts.pad(letters.length);
        if (!/[A-Za-z]/.test(pattern[at] ?? '')) throw new EvaluationError('a letter to pad must follow p');
        letters = run();
      }
      parts.add(letterPart(letters[0]!, letters.length));
    } else if (character === "'") {
      const quoted = /^'((?:[^']|'')*)'/.exec(pattern.slice(at));
      if (quoted === null) throw new EvaluationError('a quoted text does not end');
      parts.add({ kind: 'literal', text: quoted[1] === '' ? "'" : quoted[1]!.replaceAll("''", "'") });
      at += quoted[0].length;
    } else {
      at++;
      if (character === '[') {
        parts.end();
        open.push(new Parts());
      } else if (character === ']') {
        if (open.length === 1) throw new EvaluationError('] ends what no [ began');
        close();
      } else if ('{}#'.includes(character)) throw new EvaluationError(`${character} is reserved`);
      else parts.add({ kind: 'literal', text: character });
    }
  }
  while (open.length > 1) close();
  return open[0]!.list;
}
