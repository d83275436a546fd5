import type { ColumnStats } from '../../specs/column-stats.ts';
import type { MonitorSpec } from '../../specs/monitor.ts';
import type { Row } from '../../types/sql-type.ts';
import { addColumn } from './column-stats.ts';

/** Rows of one pane and segment that are not measured yet. */
export interface Run {
  readonly pane: number;
  readonly rows: Row[];
  /** The greatest time of an event. */
  newest: number;
}

/** By segment the rows of a micro-batch that are not measured yet: each column is read over many rows at once. */
export class Runs {
  readonly #runs = new Map<string, Run>();
  readonly #measure: (segment: string, run: Run) => void;

  constructor(measure: (segment: string, run: Run) => void) {
    this.#measure = measure;
  }

  has(segment: string): boolean {
    return this.#runs.has(segment);
  }
  /** Adds a row. Those of another pane of the segment are measured first, so that each pane has its rows in order. */
  add(segment: string, pane: number, at: number, row: Row): void {
    let run = this.#runs.get(segment);
    if (run?.pane !== pane) {
      if (run !== undefined) this.#measure(segment, run);
      this.#runs.set(segment, (run = { pane, rows: [], newest: at }));
    }
    run.rows.push(row);
    if (at > run.newest) run.newest = at;
  }
  /** Measures all that wait. */
  measure(): void {
    for (const [segment, run] of this.#runs) this.#measure(segment, run);
    this.#runs.clear();
  }
}

/** What the values of a monitor are: their slots, and what they are divided by, which are DECIMALs without their point. */
export interface MeasuredValues {
  readonly slots: readonly number[];
  readonly scales: readonly number[];
}

/** Adds the values of rows to what is known of their columns. */
export function addRows(
  stats: readonly ColumnStats[],
  { columns }: Pick<MonitorSpec<unknown>, 'columns'>,
  { slots, scales }: MeasuredValues,
  rows: readonly Row[],
): void {
  for (const [i, column] of columns.entries()) addColumn(stats[i]!, column, rows, slots[i]!, scales[i]);
}
