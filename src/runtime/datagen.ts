import type { Generated, GeneratedField } from '../specs/datagen.ts';
import { canonical } from '../types/numbers.ts';
import type { SqlType, Value } from '../types/sql-type.ts';
import { millisPerDay, startOfDay } from '../types/times.ts';
import { spreadBits } from '../util/murmur3.ts';

const golden = 0x9e3779b9;

/** Random numbers that only a seed and a place decide, so that rows are the same wherever and whenever they are made. */
export class Draws {
  readonly #seed: number;
  #state = 0;

  constructor(seed: number) {
    this.#seed = spreadBits(seed ^ spreadBits(Math.floor(seed / 2 ** 32)));
  }
  /** Goes to a column of a row. */
  begin(column: number, row: number): void {
    const place = spreadBits(this.#seed ^ Math.imul(column + 1, golden));
    this.#state = spreadBits(spreadBits(place ^ (row >>> 0)) + Math.floor(row / 2 ** 32));
  }
  bits(): number {
    this.#state = (this.#state + golden) >>> 0;
    return spreadBits(this.#state);
  }
  /** From 0 to 1, which is not reached. */
  unit(): number {
    const high = this.bits() >>> 5;
    return (high * 2 ** 26 + (this.bits() >>> 6)) / 2 ** 53;
  }
  /** A whole number below a bound. */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }
}

/** Makes the value of a row, by its number and time. */
type Make = (draws: Draws, row: number, now: number) => Value;

/** A maker of a column's values. */
export function makerOf({ type, values, nullRate }: GeneratedField): Make {
  const make = ofKind(type, values);
  return nullRate === 0 ? make : (draws, row, now) => (draws.unit() < nullRate ? null : make(draws, row, now));
}

function ofKind(type: SqlType, values: Generated): Make {
  switch (values.kind) {
    case 'number':
      return numberOf(type, values.min, values.max);
    case 'boolean':
      return (draws) => draws.unit() < 0.5;
    case 'text':
      return (draws) => hex(draws, values.length);
    case 'bytes':
      return (draws) => Buffer.from(hex(draws, 2 * values.length), 'hex');
    case 'oneOf':
      return (draws) => values.values[draws.below(values.values.length)]!;
    case 'time':
      return timeOf(type, values.maxPastMs);
    case 'sequence': {
      const { start, step } = values;
      const ofNumber = sequenceOf(type);
      return (_draws, row) => ofNumber(start + row * step);
    }
    case 'list': {
      const make = makerOf({ type: elementOf(type), values: values.element, nullRate: 0 });
      return (draws, row, now) => Array.from({ length: values.length }, () => make(draws, row, now));
    }
    case 'entries': {
      const make = makerOf({ type: elementOf(type), values: values.value, nullRate: 0 });
      return (draws, row, now) =>
        new Map(Array.from({ length: values.length }, (_, i) => [`key${i}`, make(draws, row, now)]));
    }
    case 'fields': {
      const makers = values.fields.map(makerOf);
      return (draws, row, now) => makers.map((make) => make(draws, row, now));
    }
  }
}

const elementOf = (type: SqlType): SqlType =>
  type.kind === 'ARRAY' ? type.element : type.kind === 'MAP' ? type.value : type;

function numberOf(type: SqlType, min: number, max: number): Make {
  if (type.kind === 'DOUBLE') return (draws) => min + draws.unit() * (max - min);
  const whole = sequenceOf(type);
  return (draws) => whole(min + draws.below(max - min + 1));
}

/** A number as a value of a type. */
function sequenceOf({ kind }: SqlType): (number: number) => Value {
  switch (kind) {
    case 'STRING':
      return String;
    case 'BIGINT':
    case 'DECIMAL':
      return (number) => canonical(BigInt(number));
    case 'INTEGER':
      return (number) => number | 0;
    default:
      return (number) => number;
  }
}

function timeOf({ kind }: SqlType, maxPastMs: number): Make {
  const past: Make =
    maxPastMs === 0 ? (_draws, _row, now) => now : (draws, _row, now) => now - draws.below(maxPastMs + 1);
  if (kind === 'TIMESTAMP') return past;
  if (kind === 'DATE') return (draws, row, now) => startOfDay(past(draws, row, now) as number);
  return (draws, row, now) => (past(draws, row, now) as number) % millisPerDay;
}

function hex(draws: Draws, digits: number): string {
  let text = '';
  while (text.length < digits) text += draws.bits().toString(16).padStart(8, '0');
  return text.slice(0, digits);
}
