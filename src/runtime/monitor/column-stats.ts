import type { ColumnStats } from '../../specs/column-stats.ts';
import type { MonitoredColumn } from '../../specs/monitor.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { addDigest, addValue, binOf, emptyDigest } from './digest.ts';

/** The most categories that are told apart; further ones count together. */
const mostCategories = 1000;
/** What further categories count as; no text of a column, which would be quoted. */
const otherCategories = '…';

export type Measured = Pick<MonitoredColumn, 'as' | 'edges' | 'keepsValues'>;

export const emptyStats = ({ as, edges, keepsValues }: Measured): ColumnStats => [
  0,
  0,
  0,
  0,
  as === 'number' && edges !== undefined ? new Array<number>(edges.length + 1).fill(0) : null,
  as === 'number' && keepsValues ? emptyDigest() : null,
  as === 'category' ? [] : null,
];

/** A value as a category: texts are quoted, so that they are none of our own words. */
const categoryOf = (value: NonNullable<Value>): string =>
  typeof value === 'string' ? JSON.stringify(value) : String(value);

/** Adds a value; a number that is none (NaN, an infinity) counts as missing. `scale` is what an unscaled DECIMAL is divided by. */
export function addTo(stats: ColumnStats, measured: Measured, value: Value, scale = 1): void {
  addColumn(stats, measured, [[value]], 0, scale);
}

/** Adds the values that rows have in a slot, in their order: what is counted is read and written once for all of them. */
export function addColumn(stats: ColumnStats, measured: Measured, rows: readonly Row[], slot: number, scale = 1): void {
  if (measured.as === 'number') addNumbers(stats, measured.edges, rows, slot, scale);
  else for (let i = 0; i < rows.length; i++) addOther(stats, measured.as, rows[i]![slot]!);
}

function addOther(stats: ColumnStats, as: 'presence' | 'category', value: Value): void {
  if (value === null) {
    stats[0]++;
    return;
  }
  stats[1]++;
  if (as === 'category') count(stats[6]!, categoryOf(value), 1);
}

function addNumbers(
  stats: ColumnStats,
  edges: readonly number[] | undefined,
  rows: readonly Row[],
  slot: number,
  scale: number,
): void {
  const [, , , , bins, digest] = stats;
  let [nulls, times, mean, squares] = stats;
  for (let i = 0; i < rows.length; i++) {
    const value = rows[i]![slot]!;
    const number = typeof value === 'number' ? value / scale : value === null ? NaN : Number(value) / scale;
    if (!Number.isFinite(number)) {
      nulls++;
      continue;
    }
    const distance = number - mean;
    times++;
    mean += distance / times;
    squares += distance * (number - mean);
    if (bins !== null) bins[binOf(edges!, number)]!++;
    if (digest !== null) addValue(digest, number);
  }
  stats[0] = nulls;
  stats[1] = times;
  stats[2] = mean;
  stats[3] = squares;
}

/** Where each category stands in its list, for lists that are being added to. */
const places = new WeakMap<object, Map<string, number>>();

function count(categories: NonNullable<ColumnStats[6]>, name: string, times: number): void {
  let known = places.get(categories);
  if (known === undefined) places.set(categories, (known = new Map(categories.map(([each], i) => [each, i]))));
  let named = name;
  if (!known.has(named) && categories.length >= mostCategories) named = otherCategories;
  const at = known.get(named);
  if (at !== undefined) categories[at]![1] += times;
  else known.set(named, categories.push([named, times]) - 1);
}

/** Adds what another window or part knows of the same column. */
export function addStats(into: ColumnStats, from: ColumnStats): void {
  const counted = into[1] + from[1];
  if (from[1] > 0) {
    const distance = from[2] - into[2];
    into[3] += from[3] + (distance * distance * into[1] * from[1]) / counted;
    into[2] += (distance * from[1]) / counted;
  }
  into[0] += from[0];
  into[1] = counted;
  from[4]?.forEach((each, i) => (into[4]![i]! += each));
  if (from[5] !== null) addDigest(into[5]!, from[5]);
  for (const [name, times] of from[6] ?? []) count(into[6]!, name, times);
}

/** The standard deviation of all values. */
export const deviationOf = (stats: ColumnStats): number => (stats[1] === 0 ? 0 : Math.sqrt(stats[3] / stats[1]));
