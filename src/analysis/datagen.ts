import { oneOf, option, whole } from '../config/option.ts';
import type { PropertiesOf } from '../bind/properties.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { DatagenSpec, Generated, GeneratedField } from '../specs/datagen.ts';
import type { PropertyNode } from '../syntax/query.ts';
import type { CreateSource } from '../syntax/statements/create-source.ts';
import type { Column, Schema } from '../types/schema.ts';
import { parseTimestamp, withT } from '../types/times.ts';
import { typeText, type SqlType } from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';

const same = <T>(value: T): T => value;

/** Options of a source whose rows are generated. */
export const datagenOptions = [
  option({
    name: 'CONNECTOR',
    type: oneOf('datagen'),
    default: undefined,
    doc: 'What fills the topic: datagen makes up rows',
    read: same,
  }),
  option({
    name: 'ROWS_PER_SECOND',
    type: whole(1, 1_000_000),
    default: '10',
    doc: 'How many rows CONNECTOR makes a second',
    read: same,
  }),
  option({
    name: 'NUMBER_OF_ROWS',
    type: whole(0),
    default: undefined,
    doc: 'How many rows CONNECTOR makes in all; without it there is no end',
    read: same,
  }),
  option({
    name: 'SEED',
    type: whole(0),
    default: undefined,
    doc: 'With the same SEED CONNECTOR makes the same rows; without it one is drawn at CREATE',
    read: same,
  }),
] as const;

type DatagenName = (typeof datagenOptions)[number]['name'];
type DatagenProperties = PropertiesOf<(typeof datagenOptions)[number]>;

const prefix = 'FIELDS.';
const isField = ({ name }: PropertyNode): boolean => name.startsWith(prefix);
/** The properties of a statement that are not those of a generated column, which no table of options can list. */
export const withoutFields = (properties: readonly PropertyNode[]): readonly PropertyNode[] =>
  properties.filter((property) => !isField(property));

/** What the rows of a source hold that are generated; undefined where they are not. */
export function datagenOf(
  statement: CreateSource,
  properties: DatagenProperties,
  schema: Schema,
): DatagenSpec | undefined {
  const fields = statement.properties.filter(isField);
  if (properties.read('CONNECTOR') === undefined) {
    const lonely = (['ROWS_PER_SECOND', 'NUMBER_OF_ROWS', 'SEED'] satisfies DatagenName[]).find((name) =>
      properties.has(name),
    );
    if (lonely !== undefined) properties.refuse(lonely, "it is for CONNECTOR='datagen'");
    if (fields[0] !== undefined)
      throw new SqlError('INVALID_PROPERTY', fields[0].span, { name: fields[0].name, suggestion: undefined });
    return undefined;
  }
  if (statement.sourceKind === 'TABLE')
    properties.refuse(
      'CONNECTOR',
      'it makes streams; a table is CREATE TABLE … AS SELECT … FROM such a stream GROUP BY …',
    );
  if (properties.has('CONNECTOR') && schema.some(({ role }) => role === 'header'))
    properties.refuse('CONNECTOR', 'it makes no headers');
  const options = fieldOptions(fields, schema);
  const made = schema.map((column) => fieldOf(column, options.get(column.name) ?? new FieldOptions(column.name, [])));
  const ends = made.flatMap(({ rows }) => (rows === undefined ? [] : [rows]));
  const wanted = properties.read('NUMBER_OF_ROWS');
  const rows = Math.min(wanted ?? Infinity, ...ends);
  const rowsPerSecond = properties.read('ROWS_PER_SECOND');
  return {
    rowsPerSecond,
    rows: rows === Infinity ? undefined : rows,
    seed: properties.read('SEED') ?? Math.floor(Math.random() * 2 ** 32),
    fields: made.map(({ field }) => field),
    tickMs: Math.max(20, Math.min(1000, Math.floor(1000 / rowsPerSecond))),
  };
}

const optionNames = [
  'kind',
  'min',
  'max',
  'length',
  'values',
  'start',
  'end',
  'step',
  'max-past',
  'null-rate',
] as const;
type FieldOption = (typeof optionNames)[number];
const units: Readonly<Record<string, number>> = { MS: 1, S: 1000, M: 60_000, H: 3_600_000, D: 86_400_000 };

/** The options of one column, each of which is read or refused. */
class FieldOptions {
  readonly #column: string;
  readonly #given: ReadonlyMap<string, PropertyNode>;
  readonly #read = new Set<string>();

  constructor(column: string, given: readonly (readonly [FieldOption, PropertyNode])[]) {
    this.#column = column;
    this.#given = new Map(given);
  }
  text(name: FieldOption): string | undefined {
    this.#read.add(name);
    const value = this.#given.get(name)?.value;
    return value === undefined || value === null ? undefined : String(value);
  }
  /** A number between bounds; `scale` digits after its point are taken into it. */
  number(name: FieldOption, otherwise: number, low: number, high: number, scale: number | undefined): number {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const number = text.trim() === '' ? NaN : Number(text) * 10 ** (scale ?? 0);
    const value = scale === undefined ? number : Math.round(number);
    const isExact = scale === undefined || Math.abs(value - number) < 1e-6;
    if (!isExact || !(value >= low && value <= high))
      this.refuse(
        name,
        `it must be a ${scale === 0 ? 'whole ' : ''}number from ${shown(low, scale)} to ${shown(high, scale)}`,
      );
    return value;
  }
  /** Milliseconds, of a text such as `15 m`. */
  duration(name: FieldOption, otherwise: number): number {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const [, number, unit] = /^\s*(\d+)\s*(MS|S|M|H|D)\s*$/i.exec(text) ?? [];
    if (number === undefined) return this.refuse(name, "it must be a number and ms, s, m, h or d, such as '15 m'");
    return Number(number) * units[unit!.toUpperCase()]!;
  }
  refuse(name: FieldOption, why: string): never {
    const { name: whole, value, span } = this.#given.get(name)!;
    throw new SqlError('INVALID_PROPERTY_VALUE', span, {
      name: whole,
      value: typeof value === 'string' ? `'${value}'` : String(value),
      why,
    });
  }
  /** Refuses what nobody has read. */
  checkRead(kind: string, type: SqlType): void {
    for (const name of this.#given.keys() as Iterable<FieldOption>)
      if (!this.#read.has(name))
        this.refuse(name, `a ${kind} ${typeText(type)} such as ${this.#column} has no such option`);
  }
}
const shown = (bound: number, scale: number | undefined): string =>
  (bound / 10 ** (scale ?? 0)).toLocaleString('en', { maximumFractionDigits: 20 });

function fieldOptions(properties: readonly PropertyNode[], schema: Schema): Map<string, FieldOptions> {
  const given = new Map<string, [FieldOption, PropertyNode][]>();
  for (const property of properties) {
    const dot = property.name.lastIndexOf('.');
    const wanted = property.name.slice(prefix.length, Math.max(dot, prefix.length));
    const column = schema.find(({ name }) => name.toUpperCase() === wanted);
    const option = optionNames.find((name) => name === property.name.slice(dot + 1).toLowerCase());
    if (column === undefined || option === undefined) {
      const names = schema.flatMap(({ name }) => optionNames.map((each) => `${prefix}${name}.${each}`.toUpperCase()));
      const suggestion = closest(property.name, names);
      throw new SqlError('INVALID_PROPERTY', property.span, { name: property.name, suggestion });
    }
    given.set(column.name, [...(given.get(column.name) ?? []), [option, property]]);
  }
  return new Map([...given].map(([name, options]) => [name, new FieldOptions(name, options)]));
}

interface Made {
  readonly field: GeneratedField;
  /** How many values there are, where they end. */
  readonly rows: number | undefined;
}

function fieldOf({ name, type }: Column, options: FieldOptions): Made {
  const kind = options.text('kind')?.trim().toLowerCase() ?? 'random';
  if (kind !== 'random' && kind !== 'sequence') return options.refuse('kind', 'it must be random or sequence');
  const { values, rows } =
    kind === 'sequence' ? sequenceOf(type, options) : { values: randomOf(type, options, name), rows: undefined };
  const nullRate = options.number('null-rate', 0, 0, 1, undefined);
  options.checkRead(kind, type);
  return { field: { type, values, nullRate }, rows };
}

const largest = Number.MAX_SAFE_INTEGER;
/** The bounds of what a type holds, in its units, and how many digits it has after the point; undefined of other types. */
function boundsOf(type: SqlType): { low: number; high: number; scale: number | undefined } | undefined {
  switch (type.kind) {
    case 'INTEGER':
      return { low: -2147483648, high: 2147483647, scale: 0 };
    case 'BIGINT':
      return { low: -largest, high: largest, scale: 0 };
    case 'DOUBLE':
      return { low: -1e300, high: 1e300, scale: undefined };
    case 'DECIMAL': {
      const high = Math.min(10 ** type.precision - 1, largest);
      return { low: -high, high, scale: type.scale };
    }
    default:
      return undefined;
  }
}

function randomOf(type: SqlType, options: FieldOptions, column: string): Generated {
  const bounds = boundsOf(type);
  if (bounds !== undefined) {
    const { low, high, scale } = bounds;
    const most = scale === undefined ? 1 : Math.min(999 * 10 ** scale, high);
    const min = options.number('min', Math.min(0, most), low, high, scale);
    const max = options.number('max', Math.max(most, min), low, high, scale);
    if (max < min) options.refuse('max', 'it is less than MIN');
    return { kind: 'number', min, max };
  }
  switch (type.kind) {
    case 'BOOLEAN':
      return { kind: 'boolean' };
    case 'STRING': {
      const listed = options.text('values');
      if (listed !== undefined) return { kind: 'oneOf', values: listed.split(',').map((value) => value.trim()) };
      return { kind: 'text', length: options.number('length', 8, 1, 100_000, 0) };
    }
    case 'BYTES':
      return { kind: 'bytes', length: options.number('length', 8, 1, 100_000, 0) };
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return { kind: 'time', maxPastMs: options.duration('max-past', 0) };
    case 'ARRAY': {
      const length = options.number('length', 3, 0, 10_000, 0);
      return { kind: 'list', length, element: plain(type.element, column) };
    }
    case 'MAP': {
      const length = options.number('length', 3, 0, 10_000, 0);
      return { kind: 'entries', length, value: plain(type.value, column) };
    }
    default: {
      const fields = type.kind === 'STRUCT' ? type.fields : [];
      const makes = ({ name, type: of }: (typeof fields)[number]): GeneratedField => ({
        type: of,
        values: plain(of, name),
        nullRate: 0,
      });
      return { kind: 'fields', fields: fields.map(makes) };
    }
  }
}
/** What is within another type has no options. */
const plain = (type: SqlType, name: string): Generated => randomOf(type, new FieldOptions(name, []), name);

function sequenceOf(type: SqlType, options: FieldOptions): { values: Generated; rows: number | undefined } {
  const bounds = boundsOf(type.kind === 'STRING' ? { kind: 'BIGINT' } : type);
  if (type.kind === 'TIMESTAMP') return timesOf(options);
  if (bounds === undefined) return options.refuse('kind', `there is no sequence of ${typeText(type)}`);
  const { low, high, scale } = bounds;
  const start = options.number('start', 0, low, high, scale);
  const step = options.number('step', 10 ** (scale ?? 0), low, high, scale);
  const end = options.number('end', step < 0 ? low : high, low, high, scale);
  return { values: { kind: 'sequence', start, step }, rows: countOf(start, end, step) };
}

/** Times from START on, STEP after STEP. */
function timesOf(options: FieldOptions): { values: Generated; rows: number | undefined } {
  const time = (name: FieldOption): number | undefined => {
    const text = options.text(name);
    try {
      return text === undefined ? undefined : parseTimestamp(withT(text));
    } catch {
      return options.refuse(name, "it must be a time, such as '2026-01-31T12:00:00'");
    }
  };
  const start = time('start') ?? 0;
  const step = options.duration('step', 1000);
  return { values: { kind: 'sequence', start, step }, rows: countOf(start, time('end') ?? Infinity, step) };
}

/** How many values a sequence has; undefined for no end. */
function countOf(start: number, end: number, step: number): number | undefined {
  if (step === 0 || Math.abs(end) === Infinity) return undefined;
  return Math.max(0, Math.floor((end - start) / step) + 1);
}
