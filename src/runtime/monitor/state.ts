import type { ColumnStats } from '../../specs/column-stats.ts';
import type { MonitorSpec } from '../../specs/monitor.ts';
import type { Row } from '../../types/sql-type.ts';
import { addStats, emptyStats } from './column-stats.ts';
import type { CheckMemory, Past } from './judge.ts';
import { addQuality, emptyQuality, type Quality } from './quality.ts';

/**
 * What is known of the rows of a pane, the largest stretch that all windows consist of whole: how many, their newest time, their
 * columns, whether any has come since the clock made the window be looked at, and what labels say.
 */
export type PaneState = [rows: number, newest: number, columns: ColumnStats[], isNew: 0 | 1, quality: Quality | null];

/**
 * What is remembered of a segment: as text, from which window on it is looked at, the time of its newest event, its checks, the
 * metrics of windows before, and the row that each check gave last.
 */
export type SegmentState = [
  text: string | null,
  since: number,
  newest: number,
  checks: CheckMemory[],
  history: Past[],
  shown: Row[],
  /** Panes of windows that are over, for which labels have come since they were told of. */
  labelled: number[],
];

export const emptyPane = ({ columns }: Pick<MonitorSpec<unknown>, 'columns'>): PaneState => [
  0,
  -1,
  columns.map(emptyStats),
  0,
  null,
];

type Measured = Pick<MonitorSpec<unknown>, 'columns' | 'previousWindows'>;

/** The panes together. */
export function together(spec: Measured, panes: readonly PaneState[]): PaneState {
  const whole = emptyPane(spec);
  if (panes.length === 1) whole[2] = alone(spec, panes[0]!);
  for (const [rows, newest, columns, , quality] of panes) {
    whole[0] += rows;
    whole[1] = Math.max(whole[1], newest);
    if (panes.length > 1) columns.forEach((stats, i) => addStats(whole[2][i]!, stats));
    if (quality !== null) addQuality((whole[4] ??= emptyQuality()), quality);
  }
  return whole;
}

/** What was said of the columns of a pane, with its rows then, until the window behind it is compared with it. */
const told = new WeakMap<readonly ColumnStats[], { readonly rows: number; readonly columns: ColumnStats[] }>();

/** The columns of a window of one pane. */
function alone(spec: Measured, [rows, , columns]: PaneState): ColumnStats[] {
  const known = told.get(columns);
  told.delete(columns);
  if (known?.rows === rows) return known.columns;
  const whole = spec.columns.map(emptyStats);
  columns.forEach((stats, i) => addStats(whole[i]!, stats));
  if (spec.previousWindows === 1) told.set(columns, { rows, columns: whole });
  return whole;
}
