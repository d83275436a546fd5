import type { DuckDBAppender, DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { Value } from '../../src/types/sql-type.ts';
import { duckText, listOf } from './duckdb.ts';
import { exactAverage, exactCorrelation, exactDeviation, exactSum, exactVariance, quotient } from './exact.ts';
import {
  columnNames,
  columnTypes,
  defaultGraceMs,
  partitionText,
  taskPartition,
  type CallGroup,
  type CallModel,
  type ColumnName,
  type EventModel,
} from './over-model.ts';
import type { Expected } from './over-trial.ts';

/** What DuckDB is asked for one call, and what its answers say. `where` names the rows that count; `by` is their order. */
interface Question {
  readonly select: (where: (condition?: string) => string, by: string) => readonly string[];
  readonly expected: (cells: readonly DuckDBValue[]) => Expected;
  /** Whether peers in another order give another answer. */
  readonly ordered: boolean;
}

const text: Question['expected'] = ([cell]) => duckText(cell!);
const doubles = (cell: DuckDBValue): number[] => listOf(cell).map(Number);
/** A number as it must be to the last bit. */
const bits = (value: number | null): Expected => String(value);

/** Statistics of doubles are worked out from the frame's values, without rounding; whole numbers are summed by DuckDB. */
function question({ fn, arg, second, count, fallback, ignoreNulls }: CallModel): Question {
  const x = arg ?? '*';
  const type = arg === undefined ? undefined : columnTypes[arg];
  const skipped = ignoreNulls ? `${x} IS NOT NULL` : undefined;
  const one = (call: string): Question => ({
    select: (where) => [`${call}${where()}`],
    expected: text,
    ordered: false,
  });
  const ofDoubles = (finish: (values: readonly number[]) => Expected): Question => ({
    select: (where) => [`list(${x}::DOUBLE)${where(`${x} IS NOT NULL`)}`],
    expected: ([cell]) => finish(doubles(cell!)),
    ordered: false,
  });
  switch (fn) {
    case 'COUNT':
      return one(`count(${x})`);
    case 'ROW_NUMBER':
      return one('count(*)');
    case 'COUNT_DISTINCT':
      return one(`count(DISTINCT ${x})`);
    case 'MIN':
    case 'MAX':
      return one(`${fn}(${x})`);
    case 'HISTOGRAM':
      return one(`histogram(${x})`);
    case 'SUM':
      if (type === 'DOUBLE') return ofDoubles((values) => bits(exactSum(values)));
      return {
        ...one(`sum(${x})`),
        expected: ([sum]) =>
          typeof sum === 'bigint' && BigInt.asIntN(64, sum) !== sum ? { near: null, isBeyond: true } : duckText(sum!),
      };
    case 'AVG':
      if (type === 'DOUBLE') return ofDoubles((values) => bits(exactAverage(values)));
      return {
        select: (where) => [`sum(${x})${where()}`, `count(${x})${where()}`],
        expected: ([sum, n]) => {
          if (sum === null) return 'null';
          const whole = BigInt(duckText(sum!));
          return bits(quotient(whole, (n as bigint) * (arg === 'c' ? 10_000n : 1n)));
        },
        ordered: false,
      };
    case 'VAR_SAMP':
    case 'VAR_POP':
      return ofDoubles((values) => ({ near: exactVariance(values, fn === 'VAR_SAMP') }));
    case 'STDDEV_SAMP':
    case 'STDDEV_POP':
      return ofDoubles((values) => ({ near: exactDeviation(values, fn === 'STDDEV_SAMP') }));
    case 'CORRELATION': {
      const both = `${x} IS NOT NULL AND ${second!} IS NOT NULL`;
      return {
        select: (where) => [`list([${x}, ${second!}])${where(both)}`],
        expected: ([pairs]) => ({
          near: exactCorrelation(listOf(pairs!).map((pair) => doubles(pair) as [number, number])),
        }),
        ordered: false,
      };
    }
    case 'COLLECT_LIST':
      return { ...one(''), select: (where, by) => [`list(${x}${by})${where()}`], ordered: true };
    case 'FIRST_VALUE':
    case 'LAST_VALUE':
      return {
        select: (where, by) => [`${fn === 'FIRST_VALUE' ? 'first' : 'last'}(${x}${by})${where(skipped)}`],
        expected: text,
        ordered: true,
      };
    case 'NTH_VALUE':
      return {
        select: (where, by) => [`(list(${x}${by})${where(skipped)})[${count!}]`],
        expected: text,
        ordered: true,
      };
    case 'LAG': {
      // The rows before the current one, the newest first.
      const before = ['back > 0', ...(skipped === undefined ? [] : [skipped])].join(' AND ');
      return {
        select: (where) => [`list(${x} ORDER BY back)${where(before)}`],
        expected: ([rows]) => {
          const values = listOf(rows!);
          const at = (count ?? 1) - 1;
          return at < values.length ? duckText(values[at]!) : String(fallback ?? null);
        },
        ordered: true,
      };
    }
    default:
      throw new TypeError(`the oracle does not know ${fn}`);
  }
}

/** Whether a row `t`, `n`, `back` rows before the current one (`ct`, `id`), is in a frame: its bounds and its EXCLUDE written out. */
function inFrame({ frame: { unit, start, end, exclude, tileMs } }: CallModel): string {
  const conditions =
    unit === 'ROWS'
      ? [`back >= ${end}`, ...(start === undefined ? [] : [`back <= ${start}`])]
      : [
          `ct - t >= ${end}`,
          ...(start === undefined
            ? []
            : [tileMs === undefined ? `ct - t <= ${start}` : `t >= ((ct - ${start}) // ${tileMs}) * ${tileMs}`]),
        ];
  if (exclude === 'CURRENT ROW') conditions.push('n <> id');
  if (exclude === 'GROUP') conditions.push('t <> ct');
  if (exclude === 'TIES') conditions.push('(t <> ct OR n = id)');
  return conditions.join(' AND ');
}

/**
 * The rows that were not too late, as the table `kept`, each with its place in its partition: a row is dropped when stream time, the
 * greatest time that came to its task's partition before it, is more than the grace ahead.
 */
async function load(duck: DuckDBConnection, model: CallGroup, events: readonly EventModel[]): Promise<void> {
  const columns = columnNames.map((name) => `${name} ${duckType(name)}`).join(', ');
  await duck.run(`CREATE OR REPLACE TEMP TABLE event (n INTEGER, p VARCHAR, q INTEGER, t BIGINT, ${columns})`);
  const appender = await duck.createAppender('event');
  const { DuckDBDecimalValue } = await import('@duckdb/node-api');
  const put: { readonly [Type in string]: (to: DuckDBAppender, value: Value) => void } = {
    INTEGER: (to, value) => to.appendInteger(value as number),
    BIGINT: (to, value) => to.appendBigInt(BigInt(value as number)),
    DOUBLE: (to, value) => to.appendDouble(value as number),
    'DECIMAL(18, 4)': (to, value) => to.appendDecimal(new DuckDBDecimalValue(BigInt(value as number), 18, 4)),
    VARCHAR: (to, value) => to.appendVarchar(value as string),
    BOOLEAN: (to, value) => to.appendBoolean(value as boolean),
  };
  for (const event of events) {
    const partition = partitionText(model, event);
    if (partition === undefined) continue;
    appender.appendInteger(event.n);
    appender.appendVarchar(partition);
    appender.appendInteger(taskPartition(model, partition));
    appender.appendBigInt(BigInt(event.ts));
    for (const name of columnNames) {
      const value = event.values[name];
      if (value === null) appender.appendNull();
      else put[duckType(name)]!(appender, value);
    }
    appender.endRow();
  }
  appender.closeSync();
  await duck.run(`CREATE OR REPLACE TEMP TABLE kept AS
    SELECT *, row_number() OVER (PARTITION BY p ORDER BY t, n) AS place FROM (
      SELECT *, max(t) OVER (PARTITION BY q ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen FROM event
    ) WHERE seen IS NULL OR t >= seen - ${model.graceMs ?? defaultGraceMs}`);
}
/** A time is the number of its milliseconds. */
function duckType(name: ColumnName): string {
  const type = columnTypes[name];
  return type === 'STRING' ? 'VARCHAR' : type === 'TIMESTAMP' ? 'BIGINT' : type;
}

/** What each call must give for each event that was not too late, by its number of arrival. */
export async function overByDuckDb(
  duck: DuckDBConnection,
  model: CallGroup,
  events: readonly EventModel[],
): Promise<Map<number, Expected[]>> {
  await load(duck, model, events);
  const native = model.calls.map((call) => (model.final ? nativeWindow(call) : undefined));
  const byRow = await ask(
    duck,
    fromNative(native),
    model,
    native.map((window) => window !== undefined),
  );
  const byPairs = await ask(
    duck,
    fromPairs(model),
    model,
    native.map((window) => window === undefined),
  );
  const rows = new Map<number, Expected[]>();
  for (const answers of [byRow, byPairs]) {
    for (const [id, cells] of answers) {
      const row = rows.get(id) ?? [];
      for (const [i, cell] of cells.entries()) if (cell !== undefined) row[i] = cell;
      rows.set(id, row);
    }
  }
  return rows;
}

type Select = (call: CallModel, i: number) => readonly string[];
interface Source {
  readonly select: Select;
  readonly from: string;
}

/** The window of a call in DuckDB's own SQL; undefined where it has no word for it, or where peers have no order in it. */
function nativeWindow(call: CallModel): string | undefined {
  const { unit, start, end, exclude, maxSize, tileMs } = call.frame;
  if (maxSize !== undefined || tileMs !== undefined || call.fn === 'LAG') return undefined;
  if ((unit === 'RANGE' && question(call).ordered) || call.ignoreNulls === true) return undefined;
  if (unit === 'ROWS' && exclude !== undefined && exclude !== 'CURRENT ROW') return undefined;
  if (call.fn === 'ROW_NUMBER') return '(PARTITION BY p ORDER BY t, n)';
  const bound = (amount: number | undefined): string =>
    amount === undefined ? 'UNBOUNDED PRECEDING' : amount === 0 ? 'CURRENT ROW' : `${amount} PRECEDING`;
  const order = unit === 'ROWS' ? 't, n' : 't';
  return `(PARTITION BY p ORDER BY ${order} ${unit} BETWEEN ${bound(start)} AND ${bound(end)}${exclude === undefined ? '' : ` EXCLUDE ${exclude}`})`;
}
function fromNative(windows: readonly (string | undefined)[]): Source {
  return {
    select: (call, i) =>
      question(call).select((condition) => {
        const conditions = [condition, call.filter].filter((each) => each !== undefined);
        const filter = conditions.length === 0 ? '' : ` FILTER (WHERE ${conditions.join(' AND ')})`;
        return `${filter} OVER ${windows[i]!}`;
      }, ''),
    from: 'SELECT n AS id, $ FROM kept',
  };
}

/** Each row beside the rows before it that it may see: those that have come, or, when rows are final, all. Then frames are conditions. */
function fromPairs({ calls, final }: CallGroup): Source {
  const pair = final
    ? `SELECT a.n AS id, a.t AS ct, b.*, a.place - b.place AS back FROM kept a JOIN kept b ON a.p = b.p AND b.t <= a.t`
    : `SELECT a.n AS id, a.t AS ct, b.*, row_number() OVER (PARTITION BY a.n ORDER BY b.t DESC, b.n DESC) - 1 AS back
       FROM kept a JOIN kept b ON a.p = b.p AND b.t <= a.t AND b.n <= a.n`;
  const frames = calls.map((call, i) => `${call.fn === 'ROW_NUMBER' ? 'back >= 0' : inFrame(call)} AS frame${i}`);
  const newest = calls.map(({ frame: { maxSize } }, i) =>
    maxSize === undefined
      ? `frame${i} AS in${i}`
      : `frame${i} AND row_number() OVER (PARTITION BY id, frame${i} ORDER BY t DESC, n DESC) <= ${maxSize} AS in${i}`,
  );
  return {
    select: (call, i) =>
      question(call).select((condition) => {
        const conditions = [`in${i}`, condition, call.filter].filter((each) => each !== undefined);
        return ` FILTER (WHERE ${conditions.map((each) => `(${each})`).join(' AND ')})`;
      }, ' ORDER BY t, n'),
    from: `WITH pair AS (${pair}), framed AS (SELECT *, ${frames.join(', ')} FROM pair), numbered AS (SELECT *, ${newest.join(', ')} FROM framed)
      SELECT id, $ FROM numbered GROUP BY id`,
  };
}

/** Asks for some of the calls; what was not asked is undefined. */
async function ask(
  duck: DuckDBConnection,
  { select, from }: Source,
  { calls }: CallGroup,
  wanted: readonly boolean[],
): Promise<Map<number, (Expected | undefined)[]>> {
  if (!wanted.includes(true)) return new Map();
  const columns = calls.map((call, i) => (wanted[i] ? select(call, i) : []));
  const reader = await duck.runAndReadAll(from.replace('$', () => columns.flat().join(', ')));
  return new Map(
    reader.getRows().map(([id, ...cells]) => {
      let at = 0;
      const expected = calls.map((call, i) => {
        if (!wanted[i]) return undefined;
        const own = cells.slice(at, (at += columns[i]!.length));
        return question(call).expected(own);
      });
      return [Number(id), expected];
    }),
  );
}
