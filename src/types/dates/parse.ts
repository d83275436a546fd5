import { EvaluationError } from '../numbers.ts';
import { Field, type Fields } from './fields.ts';
import { dayPeriods, namesOf, narrowPeriods } from './names.ts';
import type { NumberPart, Part } from './pattern.ts';
import { offsetZone, UTC_OFFSET, zoneMeanings, zoneOf, type Zone } from './zones.ts';

/** Reads a part from a place in a text: the place behind it, or -1 when the text does not have it there. */
type Read = (text: string, at: number, fields: Fields) => number;

const same = (a: string, b: string): boolean =>
  a === b || a.toUpperCase() === b.toUpperCase() || a.toLowerCase() === b.toLowerCase();
/** Whether a text has a word at a place, whatever the case of its letters. */
function hasWord(text: string, at: number, word: string): boolean {
  if (text.startsWith(word, at)) return true;
  if (at + word.length > text.length) return false;
  for (let i = 0; i < word.length; i++) if (!same(text[at + i]!, word[i]!)) return false;
  return true;
}
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** The place behind a number's digits, or -1 when there are too few. */
function endOfDigits(text: string, at: number, min: number, max: number): number {
  const limit = Math.min(at + max, text.length);
  let end = at;
  while (end < limit && isDigit(text.charCodeAt(end))) end++;
  return end - at < min ? -1 : end;
}

/** Digits as a number. */
function numberIn(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + text.charCodeAt(i) - 48;
  return value;
}

function numberReader(part: NumberPart): Read {
  const { field, min, max, sign, reduced, fraction, following } = part;
  if (fraction) {
    return (text, at, fields) => {
      const end = endOfDigits(text, at, min, max);
      if (end < 0) return -1;
      return fields.offer(field, numberIn(text, at, end) * 10 ** (9 - (end - at))) ? end : -1;
    };
  }
  const width = max + Math.max(following, 0);
  return (text, start, fields) => {
    const first = text[start];
    const isSigned = first === '+' || first === '-';
    if (isSigned && (sign === 'never' || (sign === 'normal' && first === '+'))) return -1;
    const at = isSigned ? start + 1 : start;
    let end = endOfDigits(text, at, min, width);
    if (end < 0) return -1;
    // The digits of the fixed numbers behind this one are theirs.
    if (following > 0) end = endOfDigits(text, at, min, Math.max(min, end - at - following));
    let value = numberIn(text, at, end);
    if (first === '-') {
      if (value === 0) return -1;
      value = -value;
    } else if (sign === 'exceeds' && end - at > min !== (first === '+')) return -1;
    if (reduced && end - at === min) value += 2000;
    return fields.offer(field, value) ? end : -1;
  };
}

function textReader(part: Extract<Part, { kind: 'text' }>): Read {
  const names = namesOf(part.field, part.style);
  return (text, at, fields) => {
    for (const [name, value] of names) {
      if (hasWord(text, at, name)) return fields.offer(part.field, value) ? at + name.length : -1;
    }
    return -1;
  };
}

/** Offsets by the number of their pattern: +HH, +HHmm, +HH:mm, +HHMM, +HH:MM, +HHMMss, +HH:MM:ss. */
function offsetAt(
  text: string,
  at: number,
  type: number,
): { readonly end: number; readonly seconds: number } | undefined {
  const sign = text[at];
  if (sign !== '+' && sign !== '-') return undefined;
  const hasColon = type % 2 === 0 && type > 0;
  let end = at + 1;
  const pair = (isHour: boolean): number | undefined => {
    const from = hasColon && !isHour ? (text[end] === ':' ? end + 1 : -1) : end;
    if (from < 0 || endOfDigits(text, from, 2, 2) < 0) return undefined;
    const value = numberIn(text, from, from + 2);
    if (value > 59) return undefined;
    end = from + 2;
    return value;
  };
  const hours = pair(true);
  if (hours === undefined) return undefined;
  const minutes = type >= 1 ? pair(false) : 0;
  if (minutes === undefined && type >= 3) return undefined;
  const seconds = type >= 5 ? pair(false) : 0;
  if (hours > 23) throw new EvaluationError(`an offset has no ${hours} hours`);
  const total = hours * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
  return { end, seconds: sign === '-' ? -total : total };
}

function offsetReader({ type, zero }: Extract<Part, { kind: 'offset' }>): Read {
  return (text, at, fields) => {
    if (at === text.length) return -1;
    if (hasWord(text, at, zero)) return fields.offer(Field.OFFSET_SECONDS, 0) ? at + zero.length : -1;
    const offset = offsetAt(text, at, type);
    return offset !== undefined && fields.offer(Field.OFFSET_SECONDS, offset.seconds) ? offset.end : -1;
  };
}

function gmtOffsetReader(style: 'short' | 'full'): Read {
  const pattern =
    style === 'full'
      ? /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?|(?![+-]))/iy
      : /GMT(?:([+-])(\d\d?)(?::(\d\d)(?::(\d\d))?)?|(?![+-]))/iy;
  return (text, at, fields) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return -1;
    const total = Number(match[2] ?? 0) * 3600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
    return fields.offer(Field.OFFSET_SECONDS, match[1] === '-' ? -total : total) ? at + match[0].length : -1;
  };
}

const longest = new Map<ReadonlyMap<string, string>, number>();
/** The longest name of a zone at a place. */
function nameAt(
  text: string,
  at: number,
  names: ReadonlyMap<string, string>,
): [name: string, zone: string] | undefined {
  let max = longest.get(names);
  if (max === undefined) {
    max = Math.max(...[...names.keys()].map((name) => name.length));
    longest.set(names, max);
  }
  const upper = text.slice(at, at + max).toUpperCase();
  for (let length = upper.length; length > 0; length--) {
    const zone = names.get(upper.slice(0, length));
    if (zone !== undefined) return [upper.slice(0, length), zone];
  }
  return undefined;
}

/** An offset behind a prefix such as UTC, of which it is no part when it is not well formed. */
function prefixedReader(text: string, start: number, at: number, fields: Fields): number {
  const prefix = text.slice(start, at).toUpperCase();
  const bare = (): number => {
    fields.zone = zoneOf(prefix);
    return at;
  };
  const next = text[at];
  if (prefix !== '' && (next === undefined || next === '0' || next === 'Z' || next === 'z')) return bare();
  const offset = next === '0' ? undefined : offsetAt(text, at, 6);
  if (offset === undefined) return prefix === '' ? -1 : bare();
  if (Math.abs(offset.seconds) > 18 * 3600) return -1;
  fields.zone = offsetZone(offset.seconds, prefix);
  return offset.end;
}

function zoneReader(style: 'short' | 'full' | 'id'): Read {
  return (text, at, fields) => {
    const first = text[at];
    if (first === undefined) return -1;
    if (first === '+' || first === '-') return prefixedReader(text, at, at, fields);
    if (hasWord(text, at, 'GMT0')) {
      fields.zone = zoneOf('GMT0');
      return at + 4;
    }
    for (const prefix of ['UTC', 'GMT', 'UT'])
      if (hasWord(text, at, prefix)) return prefixedReader(text, at, at + prefix.length, fields);
    const found = nameAt(text, at, zoneMeanings(style));
    let zone: Zone | undefined;
    if (found !== undefined) zone = zoneOf(found[1]);
    else if (first === 'Z' || first === 'z') zone = UTC_OFFSET;
    if (zone === undefined) return -1;
    fields.zone = zone;
    return at + (found?.[0].length ?? 1);
  };
}

function periodReader(part: Extract<Part, { kind: 'period' }>): Read {
  const periods = dayPeriods
    .map((period) => ({
      period,
      name: (part.style === 'narrow' ? narrowPeriods[period.name] : undefined) ?? period.name,
    }))
    .sort((a, b) => b.name.length - a.name.length);
  return (text, at, fields) => {
    const found = periods.find(({ name }) => hasWord(text, at, name));
    if (found === undefined || (fields.period !== undefined && fields.period !== found.period)) return -1;
    fields.period = found.period;
    return at + found.name.length;
  };
}

function paddedReader({ width, part }: Extract<Part, { kind: 'padded' }>): Read {
  const inner = reader(part);
  return (text, at, fields) => {
    const end = at + width;
    if (end > text.length) return -1;
    let start = at;
    while (start < end && text[start] === ' ') start++;
    return inner(text.slice(0, end), start, fields) === end ? end : -1;
  };
}

function optionalReader(parts: readonly Part[]): Read {
  const inner = sequence(parts);
  return (text, at, fields) => {
    const before = fields.copy();
    const end = inner(text, at, fields);
    if (end >= 0) return end;
    fields.restore(before);
    return at;
  };
}

function reader(part: Part): Read {
  switch (part.kind) {
    case 'literal':
      return (text, at) => (hasWord(text, at, part.text) ? at + part.text.length : -1);
    case 'number':
      return numberReader(part);
    case 'text':
      return textReader(part);
    case 'period':
      return periodReader(part);
    case 'zone id':
      return zoneReader('id');
    case 'zone name':
      return zoneReader(part.style);
    case 'offset':
      return offsetReader(part);
    case 'GMT offset':
      return gmtOffsetReader(part.style);
    case 'padded':
      return paddedReader(part);
    case 'optional':
      return optionalReader(part.parts);
  }
}

function sequence(parts: readonly Part[]): Read {
  const readers = parts.map(reader);
  return (text, start, fields) => {
    let at = start;
    for (let i = 0; i < readers.length && at >= 0; i++) at = readers[i]!(text, at, fields);
    return at;
  };
}

/** Compiles a pattern to a function that reads a whole text into fields; false when the text does not match. */
export function readerOf(parts: readonly Part[]): (text: string, fields: Fields) => boolean {
  const read = sequence(parts);
  return (text, fields) => read(text, 0, fields) === text.length;
}
