import { partitionOf } from '../../src/records/murmur2.ts';
import type { OverFrame } from '../../src/specs/window.ts';
import type { Value } from '../../src/types/sql-type.ts';
import type { Random } from '../fuzz/random.ts';

/** The columns that random streams may have beside their key `u`, the time `ts` and the number of arrival `n`. */
export const columnTypes = {
  i: 'INTEGER',
  b: 'BIGINT',
  d: 'DOUBLE',
  e: 'DOUBLE',
  c: 'DECIMAL(18, 4)',
  s: 'STRING',
  m: 'TIMESTAMP',
  f: 'BOOLEAN',
} as const;
export type ColumnName = keyof typeof columnTypes;
export const columnNames = Object.keys(columnTypes) as ColumnName[];

export interface CallModel {
  readonly fn: string;
  readonly arg: ColumnName | undefined;
  /** The second column of CORRELATION. */
  readonly second?: ColumnName | undefined;
  /** How many rows back, which row, or how many values. */
  readonly count?: number | undefined;
  /** The last argument of functions that have a number there: a weight, a half-life in milliseconds, a share. */
  readonly parameter?: number | undefined;
  /** Of detectors: their options as JSON. Their frames end with the current row. */
  readonly options?: string | undefined;
  /** What LAG gives where there is no such row. */
  readonly fallback?: number | undefined;
  readonly ignoreNulls?: boolean;
  readonly filter?: string | undefined;
  readonly frame: OverFrame;
  readonly partitionBy: 'u' | ColumnName;
}
export interface OverModel {
  readonly orderBy: 'ROWTIME' | 'ts';
  readonly graceMs: number | undefined;
  readonly final: boolean;
  readonly partitions: number;
  readonly calls: readonly CallModel[];
}
export interface EventModel {
  readonly n: number;
  readonly u: string;
  /** The time of its record; and of its column `ts`, unless that is null. */
  readonly ts: number;
  readonly hasTs: boolean;
  readonly values: Readonly<Record<ColumnName, Value>>;
}

/** What random queries and events may have. */
export interface Scope {
  readonly functions: readonly string[];
  /** Whether there are huge and tiny numbers, NaN and infinities, and numbers at the limits of their types. */
  readonly wild: boolean;
}

const argumentsOf: Readonly<Record<string, readonly ColumnName[]>> = {
  COUNT: ['i', 'b', 'd', 'c', 's', 'm', 'f'],
  COUNT_DISTINCT: ['i', 'b', 'd', 'c', 's', 'm', 'f'],
  SUM: ['i', 'b', 'd', 'c'],
  AVG: ['i', 'b', 'd', 'c'],
  MIN: ['i', 'b', 'd', 'c', 's', 'm'],
  MAX: ['i', 'b', 'd', 'c', 's', 'm'],
  VAR_SAMP: ['i', 'd'],
  VAR_POP: ['i', 'd'],
  STDDEV_SAMP: ['i', 'd'],
  STDDEV_POP: ['i', 'd'],
  CORRELATION: ['d'],
  FIRST_VALUE: columnNames,
  LAST_VALUE: columnNames,
  NTH_VALUE: columnNames,
  LAG: columnNames,
  COLLECT_LIST: columnNames,
  COLLECT_SET: ['i', 's', 'f'],
  HISTOGRAM: ['s'],
  TOPK: ['i', 's'],
  TOPKDISTINCT: ['i', 's'],
  EWMA: ['i', 'd'],
  EWMA_HALFLIFE: ['i', 'd'],
  DECAYED_SUM: ['i', 'd'],
  APPROX_PERCENTILE: ['i', 'd'],
  APPROX_COUNT_DISTINCT: ['i', 'b', 's'],
  PERCENTILE: ['i', 'd'],
  ML_STANDARD_SCALER: ['i', 'd'],
  ML_MIN_MAX_SCALER: ['i', 'd'],
  ML_MAX_ABS_SCALER: ['i', 'd'],
  ML_ROBUST_SCALER: ['i', 'd'],
  ML_ONE_HOT_ENCODER: ['i', 's'],
  ML_LABEL_ENCODER: ['i', 's'],
  ML_DETECT_ANOMALIES: ['i', 'd'],
  PAGE_HINKLEY: ['i', 'd'],
  ADWIN: ['i', 'd'],
};
/** Options that detectors may have. */
const detectors: Readonly<Record<string, (random: Random) => Readonly<Record<string, unknown>>>> = {
  ML_DETECT_ANOMALIES: (random) => {
    const confidencePercentage = random.pick([50, 90, 99]);
    const alpha = random.pick([0.1, 0.5, 1]);
    const minTrainingSize = random.pick([2, 3, 5]);
    const season = { m: random.pick([2, 3]), beta: random.pick([0, 0.1, 0.5]), gamma: random.pick([0, 0.3]) };
    return random.pick([
      { confidencePercentage, minTrainingSize, maxTrainingSize: random.pick([5, 20]) },
      { confidencePercentage, minTrainingSize, alpha, method: 'EWMA' },
      { confidencePercentage, alpha, ...season, method: 'SEASONAL' },
    ]);
  },
  PAGE_HINKLEY: (random) => ({
    minInstances: random.pick([1, 4]),
    delta: random.pick([0, 0.005, 2]),
    threshold: random.pick([1.5, 30, 900]),
    alpha: random.pick([0.9, 0.9999, 1]),
    mode: random.pick(['UP', 'DOWN', 'BOTH']),
  }),
  ADWIN: (random) => ({
    delta: random.pick([0.05, 0.6, 0.99]),
    clock: random.pick([1, 3]),
    maxBuckets: random.pick([2, 5]),
    minWindowLength: random.pick([1, 3]),
    gracePeriod: random.pick([2, 6]),
  }),
};
/** What the last argument of a function may be. */
const parameters: Readonly<Record<string, readonly number[]>> = {
  EWMA: [0.1, 0.5, 1],
  EWMA_HALFLIFE: [700, 10_000, 300_000],
  DECAYED_SUM: [700, 10_000, 300_000],
  DECAYED_COUNT: [700, 10_000, 300_000],
  APPROX_PERCENTILE: [0, 0.5, 0.95, 1],
  PERCENTILE: [0, 0.25, 0.5, 0.9, 1],
};
/** What takes no column. */
const rowFunctions = new Set(['ROW_NUMBER', 'DECAYED_COUNT']);
/** What takes the value of one row. */
export const picks: ReadonlySet<string> = new Set(['FIRST_VALUE', 'LAST_VALUE', 'NTH_VALUE', 'LAG']);
const untiled = new Set([
  'LAG',
  'NTH_VALUE',
  'ROW_NUMBER',
  'COLLECT_LIST',
  'COLLECT_SET',
  'ML_ONE_HOT_ENCODER',
  'ML_LABEL_ENCODER',
  'ML_DETECT_ANOMALIES',
  'PAGE_HINKLEY',
  'ADWIN',
]);
const counted = new Set(['NTH_VALUE', 'TOPK', 'TOPKDISTINCT']);
const wholePartition = { start: undefined, end: 0, exclude: undefined, maxSize: undefined, tileMs: undefined } as const;

/** A random query over the stream `events`. */
export function randomOver(random: Random, scope: Scope): OverModel {
  const chance = (p: number): boolean => random.next() < p;
  const frame = (fn: string): OverFrame => {
    // What is learned of many rows shows with long frames.
    const judges = detectors[fn] !== undefined;
    if (chance(judges ? 0.6 : 0.1)) return { ...wholePartition, unit: chance(0.8) ? 'RANGE' : 'ROWS' };
    const tiles = !untiled.has(fn) && chance(0.12);
    if (tiles) {
      const tileMs = random.pick([2, 5, 10]) * 1000;
      const start = tileMs * (1 + random.below(8));
      return { ...wholePartition, unit: 'RANGE', start, tileMs };
    }
    const unit = chance(0.6) ? 'RANGE' : 'ROWS';
    const size = unit === 'RANGE' ? random.pick([0, 1, 5, 20, 60, 300]) * 1000 : random.pick([0, 1, 2, 3, 7, 30]);
    const end = !judges && chance(0.25) ? Math.floor(size * random.next()) : 0;
    return {
      unit,
      start: chance(0.1) ? undefined : size,
      end: unit === 'RANGE' ? Math.floor(end / 500) * 500 : end,
      exclude: !judges && chance(0.25) ? random.pick(['CURRENT ROW', 'GROUP', 'TIES']) : undefined,
      maxSize: chance(0.15) ? 1 + random.below(6) : undefined,
      tileMs: undefined,
    };
  };
  const final = chance(0.4);
  const common = chance(0.7) ? 'u' : random.pick(['s', 'i'] as const);
  const isMixed = chance(0.2);
  const call = (): CallModel => {
    const fn = random.pick(scope.functions);
    const partitionBy = isMixed ? random.pick(['u', 's', 'i'] as const) : common;
    if (fn === 'ROW_NUMBER') return { fn, arg: undefined, frame: { ...wholePartition, unit: 'RANGE' }, partitionBy };
    const arg = rowFunctions.has(fn) || (fn === 'COUNT' && chance(0.4)) ? undefined : random.pick(argumentsOf[fn]!);
    const back = 1 + random.below(3);
    const fallback = fn === 'LAG' && (arg === 'i' || arg === 'b') && chance(0.4) ? -7 : undefined;
    return {
      fn,
      arg,
      second: fn === 'CORRELATION' ? 'e' : undefined,
      count: counted.has(fn) || (fn === 'LAG' && (fallback !== undefined || chance(0.7))) ? back : undefined,
      parameter: parameters[fn] && random.pick(parameters[fn]),
      fallback,
      ignoreNulls: picks.has(fn) && chance(0.4),
      options: detectors[fn] && JSON.stringify(detectors[fn](random)),
      filter:
        !picks.has(fn) && detectors[fn] === undefined && chance(0.2)
          ? random.pick(['i > 2', "s = 'a'", 'f', 'i IS NULL'])
          : undefined,
      frame: fn === 'LAG' ? { ...wholePartition, unit: 'RANGE' } : frame(fn),
      partitionBy,
    };
  };
  return {
    orderBy: chance(0.6) ? 'ts' : 'ROWTIME',
    graceMs: chance(0.2) ? undefined : random.pick([0, 2, 10, 60, 600]) * 1000,
    final,
    partitions: chance(0.6) ? 1 : 3,
    calls: Array.from({ length: 1 + random.below(6) }, call),
  };
}

const bound = (unit: string, amount: number | undefined): string => {
  if (amount === undefined) return 'UNBOUNDED PRECEDING';
  if (amount === 0) return 'CURRENT ROW';
  return unit === 'ROWS' ? `${amount} PRECEDING` : `INTERVAL '${amount}' MILLISECONDS PRECEDING`;
};

function callText(call: CallModel, model: OverModel): string {
  const { fn, arg, second, count, parameter, options, fallback, ignoreNulls, filter, frame } = call;
  // The number of arrival stands for the time, which is given back as it is.
  const told = options === undefined ? [] : fn === 'ML_DETECT_ANOMALIES' ? ['n', `'${options}'`] : [`'${options}'`];
  const args = [arg ?? (fn === 'COUNT' ? '*' : undefined), second, count, parameter, fallback, ...told]
    .filter((each) => each !== undefined)
    .join(', ');
  const name = fn === 'COUNT_DISTINCT' ? `COUNT(DISTINCT ${args})` : `${fn}(${args})`;
  const { unit, start, end, exclude, maxSize, tileMs } = frame;
  const grace = model.graceMs === undefined ? '' : ` GRACE PERIOD ${model.graceMs} MILLISECONDS`;
  const hasFrame = fn !== 'LAG' && fn !== 'ROW_NUMBER';
  const over = [
    `PARTITION BY ${call.partitionBy} ORDER BY ${model.orderBy}`,
    hasFrame ? ` ${unit} BETWEEN ${bound(unit, start)} AND ${bound(unit, end)}` : '',
    exclude === undefined ? '' : ` EXCLUDE ${exclude}`,
    maxSize === undefined ? '' : ` MAXSIZE ${maxSize}`,
    tileMs === undefined ? '' : ` TILE ${tileMs} MILLISECONDS`,
    grace,
  ].join('');
  return `${name}${filter === undefined ? '' : ` FILTER (WHERE ${filter})`}${ignoreNulls ? ' IGNORE NULLS' : ''} OVER (${over})`;
}

/** The statements of a query: its result has the number of arrival `N`, and `V0`, `V1` … */
export function overScript(model: OverModel): string {
  const columns = columnNames.map((name) => `${name} ${columnTypes[name]}`).join(', ');
  const calls = model.calls.map((call, i) => `${callText(call, model)} AS v${i}`).join(',\n  ');
  return `CREATE STREAM events (u STRING KEY, n BIGINT, ts BIGINT, ${columns}) WITH (kafka_topic='events', value_format='JSON', partitions=${model.partitions});
CREATE STREAM results AS SELECT u, n,
  ${calls}
FROM events EMIT ${model.final ? 'FINAL' : 'CHANGES'};`;
}

const wildDoubles = [1e308, -1e308, 1.7e308, 1e-308, 5e-324, -5e-324, NaN, Infinity, -Infinity, 1e16, 0.1, 0.2, 0.3];
const wildLongs = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 62n, -(2n ** 62n), 2n ** 53n, 1n - 2n ** 53n];

/** A long as the engine has it: a number while that is safe. */
const long = (value: bigint): number | bigint =>
  value >= -(2n ** 53n - 1n) && value <= 2n ** 53n - 1n ? Number(value) : value;

/** Random events in the order of their arrival. */
export function randomEvents(random: Random, model: OverModel, count: number, scope: Scope): EventModel[] {
  const chance = (p: number): boolean => random.next() < p;
  const wildness = scope.wild ? random.pick([0, 0.03, 0.5]) : 0;
  const keys = new Set<string>(model.calls.map(({ partitionBy }) => partitionBy));
  const nulls = random.pick([0, 0.1, 0.4]);
  const users = 1 + random.below(8);
  const disorder = random.pick([0, 0.1, 0.4]);
  const graceMs = Math.min(model.graceMs ?? 100_000, 100_000);
  const money = (): number => Math.round((random.next() * 2000 - 500) * 100) / 100;
  const double = (): number => (chance(wildness) ? random.pick(wildDoubles) : chance(0.2) ? random.below(4) : money());
  const draw: { readonly [Name in ColumnName]: () => Value } = {
    i: () => (chance(wildness) ? random.pick([2 ** 31 - 1, -(2 ** 31)]) : random.below(6)),
    b: () => (chance(wildness) ? long(random.pick(wildLongs)) : random.below(1_000_000) - 300_000),
    d: double,
    e: double,
    c: () => (chance(wildness) ? random.pick([10 ** 15, -(10 ** 15)]) : random.below(20_000_000) - 5_000_000),
    s: () => random.pick(['a', 'b', 'c', '', 'ä"\\', 'long '.repeat(5)]),
    m: () => 1_700_000_000_000 + random.below(1_000_000),
    f: () => chance(0.5),
  };
  let now = 1_700_000_000_000 + random.below(100_000);
  return Array.from({ length: count }, (_, n): EventModel => {
    if (chance(0.7)) now += random.pick([0, 500, 1000, 1000, 3000]);
    if (chance(0.004)) now += random.pick([100, 700, 90_000]) * 1000;
    const behind = chance(disorder) ? Math.floor((random.next() * (graceMs * 1.2 + 2000)) / 500) * 500 : 0;
    const u = `u${chance(0.5) ? 0 : random.below(users)}`;
    const values = columnNames.map((name) => [name, chance(keys.has(name) ? nulls / 10 : nulls) ? null : draw[name]()]);
    return {
      n,
      u,
      ts: now - behind,
      hasTs: !chance(nulls / 20),
      values: Object.fromEntries(values) as EventModel['values'],
    };
  });
}

/** Calls that are partitioned alike; a query answers one group after the other, that of the stream's own key first. */
export interface CallGroup extends Omit<OverModel, 'calls'> {
  readonly partitionBy: 'u' | ColumnName;
  readonly calls: readonly CallModel[];
}
export function groupsOf(model: OverModel): CallGroup[] {
  const keys = [...new Set(model.calls.map(({ partitionBy }) => partitionBy))];
  return keys
    .sort((a, b) => Number(b === 'u') - Number(a === 'u'))
    .map((partitionBy) => ({
      ...model,
      partitionBy,
      calls: model.calls.filter((call) => call.partitionBy === partitionBy),
    }));
}

/** What an event is partitioned by, as a text; undefined where that or its time is null: such rows are in no frame, and get nulls. */
export function partitionText(
  { partitionBy, orderBy }: CallGroup,
  { u, hasTs, values }: EventModel,
): string | undefined {
  if (orderBy === 'ts' && !hasTs) return undefined;
  if (partitionBy === 'u') return u;
  const value = values[partitionBy];
  return value === null ? undefined : String(value);
}
/** The partition of the task that an event comes to. */
export const taskPartition = (model: CallGroup, partition: string): number => partitionOf(partition, model.partitions);

/** The grace where a query says none. */
export const defaultGraceMs = 86_400_000;
