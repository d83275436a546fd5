import type { MonitorSpec } from '../../specs/monitor.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { metricFunctions, type MeasuredWindow } from './metrics.ts';

export type MonitorState = 'OK' | 'WARN' | 'ALERT' | 'INSUFFICIENT_DATA';

/**
 * What is remembered of a check: the window that was looked at last, how many windows in a row violated it up to that one and before
 * it, and its state.
 */
export type CheckMemory = [start: number, run: number, before: number, state: MonitorState];
/** The values of the metrics in a window. */
export type Past = readonly [start: number, values: Row];

/** A compiled check. */
export interface CompiledCheck {
  readonly conditions: readonly ((metrics: Row) => Value)[];
  readonly low: ((metrics: Row) => Value) | undefined;
  readonly high: ((metrics: Row) => Value) | undefined;
}

/** What a check says of a window. */
export interface Verdict {
  readonly state: MonitorState;
  readonly value: number | null;
  readonly threshold: number | null;
}

/** The values of all metrics in a window, those of windows before it included. */
export function measure(
  { metrics }: Pick<MonitorSpec<unknown>, 'metrics'>,
  window: MeasuredWindow,
  start: number,
  history: readonly Past[],
): Row {
  const values: Value[] = [];
  for (const metric of metrics) {
    if (metric.previous === undefined) values.push(metricFunctions[metric.fn]!.of(window, metric));
    else values.push(meanBefore(history, start, metric.previous));
  }
  return values;
}

/** The mean over the windows before; null until there are so many, and where one of them has no value. */
function meanBefore(
  history: readonly Past[],
  start: number,
  { metric, windows }: { readonly metric: number; readonly windows: number },
): number | null {
  const before = history.filter(([at]) => at < start).slice(-windows);
  if (before.length < windows) return null;
  let sum = 0;
  for (const [, values] of before) {
    const value = values[metric];
    if (typeof value !== 'number') return null;
    sum += value;
  }
  return sum / windows;
}

/** The window's values beside those before, of which no more are kept than are asked for. */
export function remember(history: readonly Past[], start: number, values: Row, most: number): Past[] {
  const others = history.filter(([at]) => at !== start);
  const at = others.findIndex(([each]) => each > start);
  const all = at < 0 ? [...others, [start, values] as const] : others.toSpliced(at, 0, [start, values]);
  return all.slice(-most);
}

/**
 * Judges one check. A window that is looked at again takes the place of what it said before; one older than the last changes nothing
 * of what is remembered.
 */
export function judge(
  check: MonitorSpec<unknown>['checks'][number],
  compiled: CompiledCheck,
  metrics: Row,
  start: number,
  memory: CheckMemory,
): Verdict {
  const holds = holdsIn(check, compiled, metrics);
  const [last, runThen, before] = memory;
  const run = start > last ? runThen : start === last ? before : 0;
  const violated = holds === false ? run + 1 : 0;
  const state = holds === null ? 'INSUFFICIENT_DATA' : holds ? 'OK' : violated >= check.windows ? 'ALERT' : 'WARN';
  if (start >= last) [memory[0], memory[1], memory[2], memory[3]] = [start, violated, run, state];
  const shown = check.metric === undefined ? null : metrics[check.metric]!;
  const value = typeof shown === 'boolean' ? Number(shown) : (shown as number | null);
  const low = asNumber(compiled.low?.(metrics));
  const high = asNumber(compiled.high?.(metrics));
  return { state, value, threshold: high === null || (low !== null && value !== null && value < low) ? low : high };
}
/** SQL's AND: false if one condition is; unknown if one that is not true has no value to look at. */
function holdsIn(
  { conditions }: MonitorSpec<unknown>['checks'][number],
  compiled: CompiledCheck,
  metrics: Row,
): boolean | null {
  let result: boolean | null = true;
  for (const [i, condition] of compiled.conditions.entries()) {
    if (condition(metrics) === true) continue;
    if (conditions[i]!.metrics.every((at) => metrics[at] !== null)) return false;
    result = null;
  }
  return result;
}
const asNumber = (value: Value | undefined): number | null =>
  value === undefined || value === null ? null : Number(value);
