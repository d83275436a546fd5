import { EvaluationError } from '../numbers.ts';
import { daysOf, millisPerDay } from './calendar.ts';
import { otherMeanings, zoneLines } from './zone-names.ts';

/** A time zone: a fixed offset from UTC, or a region with its rules. */
export interface Zone {
  readonly id: string;
  /** A bare offset such as +02:00, whose name is its id. */
  readonly isOffset: boolean;
  /** How far it is ahead of UTC at an instant, in milliseconds. */
  readonly offsetAt: (ms: number) => number;
  readonly isSummerAt: (ms: number) => boolean;
}

/** The names of a region: standard, summer and any time. */
export interface ZoneNames {
  readonly short: readonly string[];
  readonly full: readonly string[];
}

interface NameTable {
  readonly ofZone: ReadonlyMap<string, ZoneNames>;
  /** By the name in capitals: the zone that it means. */
  readonly shortMeanings: ReadonlyMap<string, string>;
  readonly fullMeanings: ReadonlyMap<string, string>;
}
let table: NameTable | undefined;

/** Made when a zone is first asked for. */
function nameTable(): NameTable {
  if (table !== undefined) return table;
  const ofZone = new Map<string, ZoneNames>();
  const shortMeanings = new Map<string, string>();
  const fullMeanings = new Map<string, string>();
  for (const [isShort, name, zone] of otherMeanings)
    (isShort ? shortMeanings : fullMeanings).set(name.toUpperCase(), zone);
  const mean = (meanings: Map<string, string>, names: readonly string[], zone: string): void => {
    if (zone === '-') return;
    for (const name of names) {
      const key = name.toUpperCase();
      if (!/^(?:GMT|UTC|UT)(?:[+-]|$)/.test(key) && !meanings.has(key)) meanings.set(key, zone);
    }
  };
  for (const line of zoneLines.trim().split('\n')) {
    const parts = line.split('|');
    const ids = parts[8]!.split(' ');
    const names = { short: parts.slice(0, 3), full: parts.slice(3, 6) };
    for (const id of ids) ofZone.set(id, names);
    mean(shortMeanings, names.short, parts[6]! || ids[0]!);
    mean(fullMeanings, names.full, parts[7]! || ids[0]!);
  }
  for (const id of ofZone.keys()) {
    mean(shortMeanings, [id], id);
    mean(fullMeanings, [id], id);
  }
  table = { ofZone, shortMeanings, fullMeanings };
  return table;
}

export const namesOfZone = (id: string): ZoneNames | undefined => nameTable().ofZone.get(id);
export const zoneMeanings = (style: 'short' | 'full' | 'id'): ReadonlyMap<string, string> => {
  const names = nameTable();
  if (style !== 'id') return style === 'short' ? names.shortMeanings : names.fullMeanings;
  idMeanings ??= new Map([...names.ofZone.keys()].map((id) => [id.toUpperCase(), id]));
  return idMeanings;
};
let idMeanings: ReadonlyMap<string, string> | undefined;

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** The id of an offset in seconds: Z, +02:00, -01:02:03. */
function offsetId(seconds: number): string {
  if (seconds === 0) return 'Z';
  const size = Math.abs(seconds);
  const rest = size % 60 === 0 ? '' : `:${twoDigits(size % 60)}`;
  return `${seconds < 0 ? '-' : '+'}${twoDigits(Math.floor(size / 3600))}:${twoDigits(Math.floor(size / 60) % 60)}${rest}`;
}

/** The zone of an offset, named by it alone or behind a prefix such as UTC. */
export function offsetZone(seconds: number, prefix = ''): Zone {
  if (Math.abs(seconds) > 18 * 3600) throw new EvaluationError('an offset is at most 18 hours');
  const ms = seconds * 1000;
  const id = prefix === '' ? offsetId(seconds) : prefix + (seconds === 0 ? '' : offsetId(seconds));
  return { id, isOffset: prefix === '', offsetAt: () => ms, isSummerAt: () => false };
}
export const UTC_OFFSET = offsetZone(0);

const zones = new Map<string, Zone>();

/** The zone of an id, as Java's `ZoneId.of` takes it. Throws `EvaluationError` for an unknown one. */
export function zoneOf(id: string): Zone {
  let zone = zones.get(id);
  if (zone === undefined) {
    zone = makeZone(id);
    if (zone === undefined) throw new EvaluationError(`"${id}" is not a time zone`);
    if (zones.size > 1000) zones.clear();
    zones.set(id, zone);
  }
  return zone;
}

const isoOffset = /^([+-])(?:(\d)|(\d\d)(?::([0-5]\d)(?::([0-5]\d))?|([0-5]\d)([0-5]\d)?)?)$/;

function makeZone(id: string): Zone | undefined {
  if (id === 'Z') return UTC_OFFSET;
  const [, prefix = '', rest = ''] = /^(UTC|GMT|UT|)([+-].*)?$/.exec(id) ?? [];
  if (rest !== '') {
    const match = isoOffset.exec(rest);
    if (match === null) return undefined;
    const [, sign, one, two, minutes, seconds, plainMinutes, plainSeconds] = match;
    const total =
      Number(one ?? two) * 3600 + Number(minutes ?? plainMinutes ?? 0) * 60 + Number(seconds ?? plainSeconds ?? 0);
    return total > 18 * 3600 ? undefined : offsetZone(sign === '-' ? -total : total, prefix);
  }
  if (prefix !== '') return offsetZone(0, prefix);
  return nameTable().ofZone.has(id) ? new Region(id) : undefined;
}

/** A stretch of time in which a region's clocks keep their distance from UTC. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
  readonly isSummer: boolean;
}

const step = 8 * millisPerDay;
const horizon = 400 * millisPerDay;
const cycle = 146_097 * millisPerDay;
/** No region had rules before: clocks showed the sun's time. */
const firstRule = Date.UTC(1800, 0);

/** A region of the time zone database of the platform. The stretches that were met are kept. */
class Region implements Zone {
  readonly id: string;
  readonly isOffset = false;
  readonly #format: Intl.DateTimeFormat;
  readonly #known: Stretch[] = [];
  #last: Stretch = { from: 0, to: 0, offset: 0, isSummer: false };

  constructor(id: string) {
    this.id = id;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: id,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  readonly offsetAt = (ms: number): number => this.#at(ms).offset;
  readonly isSummerAt = (ms: number): boolean => this.#at(ms).isSummer;

  #at(time: number): Stretch {
    const last = this.#last;
    if (time >= last.from && time < last.to) return last;
    // The rules repeat with the calendar, every 400 years.
    const ms = time < firstRule ? firstRule : time < 4 * cycle ? time : (time % cycle) + 3 * cycle;
    let stretch = this.#known.find(({ from, to }) => ms >= from && ms < to);
    if (stretch === undefined) {
      stretch = this.#findStretch(ms);
      if (this.#known.length > 500) this.#known.length = 0;
      this.#known.push(stretch);
    }
    if (ms === time) this.#last = stretch;
    return stretch;
  }

  #ask(ms: number): number {
    const parts = this.#format.formatToParts(ms);
    const part = (type: string): number => Number(parts.find((candidate) => candidate.type === type)!.value);
    const seconds = Math.floor(ms / 1000);
    const local =
      daysOf(part('year'), part('month'), part('day')) * 86_400 +
      (part('hour') * 60 + part('minute')) * 60 +
      part('second');
    return (local - seconds) * 1000;
  }

  #findStretch(ms: number): Stretch {
    const offset = this.#ask(ms);
    const from = this.#change(ms, -step, offset);
    const to = this.#change(ms, step, offset);
    const before = from === undefined ? offset : this.#ask(from - 1);
    const after = to === undefined ? offset : this.#ask(to);
    return {
      from: from ?? ms - horizon + step,
      to: to ?? ms + horizon - step,
      offset,
      // Summer time is ahead of what comes before and after it, by hours at most, and ends within a year.
      isSummer:
        to !== undefined && from !== undefined && to - from < 366 * millisPerDay && before < offset && after < offset,
    };
  }

  /** The first instant of another offset after an instant (the first of this one, looking back), or undefined. */
  #change(ms: number, by: number, offset: number): number | undefined {
    let near = ms;
    for (let far = ms + by; Math.abs(far - ms) <= horizon; far += by) {
      if (this.#ask(far) === offset) {
        near = far;
        continue;
      }
      let [low, high] = by < 0 ? [far, near] : [near, far];
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if ((this.#ask(middle) === offset) === by < 0) high = middle;
        else low = middle;
      }
      return high;
    }
    return undefined;
  }
}

/**
 * The instant of a zone's local time. A time that clocks skip is shifted by the gap. A time that they show twice is the first,
 * or the one with the offset that `model`, another local time, has.
 */
export function instantOf(local: number, zone: Zone, model: number | undefined): number {
  const before = zone.offsetAt(local - millisPerDay);
  const after = zone.offsetAt(local + millisPerDay);
  if (before === after) return local - before;
  const isSecond = zone.offsetAt(local - after) === after;
  if (zone.offsetAt(local - before) !== before) return local - (isSecond ? after : before);
  return local - (isSecond && model !== undefined && zone.offsetAt(model - after) === after ? after : before);
}
