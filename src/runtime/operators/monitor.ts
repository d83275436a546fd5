import type { Expr } from '../../expressions/node.ts';
import type { MonitorSpec } from '../../specs/monitor.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { Change, keyText } from '../change.ts';
import { batchOf, noChanges, rowsOf, type Batch } from '../batch.ts';
import { judge, measure, remember, type CompiledCheck } from '../monitor/judge.ts';
import { metricFunctions, type MeasuredWindow, type MetricFunction } from '../monitor/metrics.ts';
import { addPair, emptyQuality } from '../monitor/quality.ts';
import { addRows, Runs, type MeasuredValues, type Run } from '../monitor/runs.ts';
import { emptyPane, together, type PaneState, type SegmentState } from '../monitor/state.ts';
import type { Operator, RecordPosition } from '../operator.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';
import type { EditedEntry, WindowStore } from '../stores/window-store.ts';
import { steps } from '../windows.ts';

export interface MonitorStores {
  readonly segments: KeyValueStore<SegmentState>;
  readonly panes: WindowStore<PaneState>;
}
export interface MonitorParts {
  readonly spec: MonitorSpec<Expr>;
  readonly values: MeasuredValues;
  readonly time: (row: Row) => Value;
  /** The segment of a row; undefined where there is one. */
  readonly segments: ((row: Row) => Row) | undefined;
  readonly segmentText: (segment: Row) => string;
  /** Of rows that bring a label, and only of those, its value and that of the score. */
  readonly label: ((row: Row) => Value) | undefined;
  readonly score: ((row: Row) => Value) | undefined;
  readonly labelScale: number;
  readonly scoreScale: number;
  readonly checks: readonly CompiledCheck[];
  readonly position: RecordPosition;
  readonly onLate: (change: Change) => void;
  /** Whether rows without a segment would come to this partition. */
  readonly isFirst: boolean;
  readonly now?: () => number;
}

/** Which checks are looked at, and whether only those tell something whose state has changed. */
interface Only {
  readonly checks: readonly number[];
  readonly changesOnly: boolean;
}

/** The most windows without a row that are told of, one behind the other: the newest ones. */
const mostEmpty = 100;

/**
 * Measures windows and judges them when stream time has passed their end and grace, or the clock has and nothing more comes. What
 * the clock has closed is open to rows that come all the same; such a window is told of again when stream time passes it.
 */
export class Monitor implements Operator {
  readonly #stores: MonitorStores;
  readonly #parts: MonitorParts;
  readonly #now: () => number;
  readonly #paneMs: number;
  readonly #most: number;
  readonly #agingChecks: readonly number[];
  readonly #labelChecks: readonly number[];
  #segments: Map<string, SegmentState> | undefined;
  #streamTime: number;
  /** Windows that start before this are closed by stream time. */
  #closed: number;
  /** Windows that start before this have been told of by the clock. */
  #ticked: number;
  #expired: number;
  /** Some closed ones may be among them; undefined until they are asked for. */
  #panesSince: Set<number> | undefined;
  /** None waits between micro-batches. */
  readonly #runs = new Runs((text, run) => this.#measure(text, run));

  constructor(stores: MonitorStores, parts: MonitorParts) {
    this.#stores = stores;
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
    const { window, metrics, checks } = parts.spec;
    this.#paneMs = divisor(window.sizeMs, window.advanceMs);
    this.#most = Math.max(0, ...metrics.map(({ previous }) => previous?.windows ?? 0)) + 1;
    const checksOf = (is: (metric: MetricFunction) => boolean | undefined): number[] =>
      checks.flatMap(({ conditions }, i) => {
        const read = conditions.flatMap((each) => each.metrics).map((at) => metricFunctions[metrics[at]!.fn]);
        return read.some((metric) => metric !== undefined && is(metric) === true) ? [i] : [];
      });
    this.#agingChecks = checksOf(({ ages }) => ages);
    this.#labelChecks = checksOf(({ needsLabels }) => needsLabels);
    [this.#streamTime, this.#closed, this.#ticked, this.#expired] = (stores.panes.meta ?? [-1, 0, 0, 0]) as [
      number,
      number,
      number,
      number,
    ];
  }

  #known(): Map<string, SegmentState> {
    return (this.#segments ??= new Map(this.#stores.segments.entries()));
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    if (changes.length === 0) return noChanges;
    const { spec, position, time, onLate, label: labelOf } = this.#parts;
    const { graceMs, sizeMs, advanceMs } = spec.window;
    const result: Change[] = [];
    for (const change of changes) {
      const { after, sequence } = change;
      if (after === undefined) continue;
      position.sequence = sequence;
      const at = Number(time(after) ?? change.timestamp);
      const pane = Math.floor(at / this.#paneMs) * this.#paneMs;
      const label = labelOf?.(after) ?? null;
      if (label !== null) {
        this.#addLabel(pane, after, label);
        continue;
      }
      // The newest window that holds the pane.
      if (Math.floor(at / advanceMs) * advanceMs < this.#closed) {
        onLate(change);
        continue;
      }
      this.#add(pane, at, after);
      if (at <= this.#streamTime) continue;
      this.#streamTime = at;
      const next = Math.floor((at - graceMs - sizeMs) / advanceMs) * advanceMs + advanceMs;
      if (next > this.#closed) this.#close(next, sequence, result);
    }
    this.#runs.measure();
    this.#remember();
    return batchOf(result);
  }

  #add(pane: number, at: number, row: Row): void {
    const { segments, segmentText } = this.#parts;
    const segment = segments?.(row);
    const text = segment === undefined ? '' : keyText(segment);
    if (!this.#runs.has(text) && !this.#known().has(text))
      this.#begin(text, segment === undefined ? null : segmentText(segment), at);
    this.#runs.add(text, pane, at, row);
  }
  #measure(text: string, { pane, rows, newest }: Run): void {
    const { spec, values } = this.#parts;
    const entry = this.#editPane(pane, text);
    const state = (entry.value ??= emptyPane(spec));
    state[0] += rows.length;
    if (newest > state[1]) state[1] = newest;
    state[3] = 1;
    addRows(state[2], spec, values, rows);
  }
  #editPane(pane: number, text: string): EditedEntry<PaneState> {
    this.#panesSince?.add(pane);
    return this.#stores.panes.edit(pane, text);
  }

  /** A label whose row has come before it; it counts in the window of the row, also when that is over. */
  #addLabel(pane: number, row: Row, label: NonNullable<Value>): void {
    const { spec, segments, segmentText, score, scoreScale, labelScale } = this.#parts;
    const given = score!(row);
    const segment = segments?.(row);
    const text = segment === undefined ? '' : keyText(segment);
    const known = this.#known().get(text);
    if (given === null || pane < this.#expired) return;
    if (known === undefined) this.#begin(text, segment === undefined ? null : segmentText(segment), pane);
    const entry = this.#editPane(pane, text);
    const state = (entry.value ??= emptyPane(spec));
    addPair((state[4] ??= emptyQuality()), Number(given) / scoreScale, Number(label) / labelScale);
    if (known === undefined || pane >= this.#closed || known[6].includes(pane)) return;
    known[6].push(pane);
    this.#stores.segments.put(text, known);
  }

  #begin(text: string, shown: string | null, at: number): void {
    const { sizeMs, advanceMs } = this.#parts.spec.window;
    const since = Math.max(0, (Math.floor((at - sizeMs) / advanceMs) + 1) * advanceMs);
    const state: SegmentState = [
      shown,
      since,
      at,
      this.#parts.spec.checks.map(() => [-1, 0, 0, 'INSUFFICIENT_DATA']),
      [],
      [],
      [],
    ];
    this.#known().set(text, state);
    this.#stores.segments.put(text, state);
  }

  /** Tells of the windows up to `next` that stream time has passed. */
  #close(next: number, sequence: number, result: Change[]): void {
    this.#runs.measure();
    this.#tellLabelled(sequence, result);
    for (const start of this.#windowsUntil(next)) {
      const isNews = start >= this.#ticked;
      this.#tell(start, sequence, result, (panes) => isNews || panes.some((pane) => pane[3] === 1));
    }
    this.#closed = next;
    this.#ticked = Math.max(this.#ticked, next);
  }

  /** Tells of windows again for which labels have come since. */
  #tellLabelled(sequence: number, result: Change[]): void {
    const { window } = this.#parts.spec;
    for (const text of [...this.#known().keys()].sort()) {
      const segment = this.#known().get(text)!;
      const starts = new Set<number>();
      for (const pane of segment[6]) {
        const first = Math.max(0, (Math.floor((pane - window.sizeMs) / window.advanceMs) + 1) * window.advanceMs);
        for (const start of steps(first, pane, window.advanceMs)) if (start < this.#closed) starts.add(start);
      }
      segment[6] = [];
      for (const start of [...starts].sort((a, b) => a - b))
        this.#judge(text, segment, start, sequence, result, { checks: this.#labelChecks, changesOnly: false });
    }
  }

  /** The panes of windows that stream time has not closed. */
  #openPanes(): Set<number> {
    const open = (this.#panesSince ??= new Set(this.#stores.panes.starts(this.#closed, Number.MAX_SAFE_INTEGER)));
    for (const pane of open) if (pane < this.#closed) open.delete(pane);
    return open;
  }

  /** The windows that are not closed yet, of long stretches without a row the newest only. */
  #windowsUntil(next: number): number[] {
    const { sizeMs, advanceMs } = this.#parts.spec.window;
    const since = Math.min(...[...this.#known().values()].map((state) => state[1]));
    const from = Math.max(this.#closed, since);
    const starts = new Set(steps(Math.max(from, next - mostEmpty * advanceMs), next - advanceMs, advanceMs));
    for (const pane of this.#openPanes()) {
      if (pane >= next + sizeMs) continue;
      const oldest = Math.max(from, (Math.floor((pane - sizeMs) / advanceMs) + 1) * advanceMs);
      for (const start of steps(oldest, Math.min(pane, next - advanceMs), advanceMs)) starts.add(start);
    }
    return [...starts].sort((a, b) => a - b);
  }

  /** Judges all checks of a window, segment by segment. */
  #tell(
    start: number,
    sequence: number,
    result: Change[],
    isDue: (panes: readonly PaneState[]) => boolean,
    only?: Only,
  ): void {
    const { spec } = this.#parts;
    const known = this.#known();
    for (const text of [...known.keys()].sort()) {
      const segment = known.get(text)!;
      if (segment[1] > start || (spec.onlySegment !== undefined && segment[0] !== spec.onlySegment)) continue;
      if (isDue(this.#panes(text, start, start + spec.window.sizeMs)))
        this.#judge(text, segment, start, sequence, result, only);
    }
  }

  #panes(text: string, from: number, to: number): PaneState[] {
    return [...this.#stores.panes.ofKey(text, steps(Math.max(0, from), to - 1, this.#paneMs))].map(([, pane]) => pane);
  }
  #markTold(text: string, from: number, to: number): void {
    const { panes } = this.#stores;
    for (const [start, pane] of [...panes.ofKey(text, steps(from, to - 1, this.#paneMs))])
      if (pane[3] === 1) panes.edit(start, text).value = [pane[0], pane[1], pane[2], 0, pane[4]];
  }

  #judge(
    text: string,
    segment: SegmentState,
    start: number,
    sequence: number,
    result: Change[],
    only: Only | undefined,
  ): void {
    const { spec, checks } = this.#parts;
    const window = together(spec, this.#panes(text, start, start + spec.window.sizeMs));
    const end = start + spec.window.sizeMs;
    segment[2] = Math.max(segment[2], window[1]);
    const values = measure(spec, this.#measured(text, segment, start, window), start, segment[4]);
    if (only === undefined) segment[4] = remember(segment[4], start, values, this.#most);
    for (const [i, check] of spec.checks.entries()) {
      if (only?.checks.includes(i) === false) continue;
      const before = segment[3][i]![3];
      const { state, value, threshold } = judge(check, checks[i]!, values, start, segment[3][i]!);
      if (only?.changesOnly === true && state === before) continue;
      const metric = check.metric === undefined ? undefined : spec.metrics[check.metric];
      const column = metric?.column === undefined ? null : spec.columns[metric.column]!.name;
      const row: Row = [
        spec.name,
        spec.target,
        segment[0],
        start,
        end,
        check.name,
        metric?.text ?? null,
        column,
        value,
        threshold,
        spec.baselineId,
        window[0],
        spec.labelWithinMs === undefined || window[0] === 0 ? null : (window[4]?.[0] ?? 0) / window[0],
        check.severity,
        state,
      ];
      segment[5][i] = row;
      result.push(new Change([spec.name], undefined, row, end, sequence));
    }
    this.#stores.segments.put(text, segment);
  }

  #measured(text: string, segment: SegmentState, start: number, window: PaneState): MeasuredWindow {
    const { spec } = this.#parts;
    const { previousWindows, columns, bins, minRows, schemaChange } = spec;
    const from = start - (previousWindows ?? 0) * spec.window.sizeMs;
    const before = (): PaneState[2] | undefined =>
      segment[1] > from ? undefined : together(spec, this.#panes(text, from, start))[2];
    const beside = this.#baselineSegment();
    const baseline =
      beside !== undefined
        ? together(spec, this.#panes(beside, start, start + spec.window.sizeMs))[2]
        : previousWindows === undefined
          ? columns.map(({ baseline: given }) => given)
          : before();
    return {
      rows: window[0],
      columns: window[2],
      baseline,
      edges: columns.map(({ edges }) => edges),
      bins,
      minRows,
      age: segment[2] < 0 ? undefined : Math.max(0, this.#now() - segment[2]),
      schemaUnchanged: schemaChange === undefined,
      quality: window[4] ?? undefined,
    };
  }
  #baselineSegment(): string | undefined {
    const { baselineSegment } = this.#parts.spec;
    if (baselineSegment === undefined) return undefined;
    for (const [text, [shown]] of this.#known()) if (shown === baselineSegment) return text;
    return '';
  }

  /** Tells of windows that the clock has passed, and of checks that change with it. Called while no input is waiting. */
  tick(): Batch {
    const result: Change[] = [];
    const { sizeMs, advanceMs, graceMs } = this.#parts.spec.window;
    const now = this.#now();
    const next = Math.floor((now - graceMs - sizeMs) / advanceMs) * advanceMs + advanceMs;
    const { segments, isFirst } = this.#parts;
    if (segments === undefined && isFirst && this.#known().size === 0) {
      // Nothing has come yet: what is to come is missed from the next window on.
      this.#begin('', null, now);
      this.#known().get('')![2] = -1;
    }
    this.#tellLabelled(0, result);
    const pending = this.#windowsUntil(next).filter((start) => start >= this.#ticked);
    for (const start of pending) {
      this.#tell(start, 0, result, () => true);
      for (const text of this.#known().keys()) this.#markTold(text, start, start + sizeMs);
    }
    if (next > this.#ticked) this.#ticked = next;
    const current = Math.max(next, Math.floor(now / advanceMs) * advanceMs);
    if (this.#agingChecks.length > 0)
      this.#tell(current, 0, result, () => true, { checks: this.#agingChecks, changesOnly: true });
    if (result.length > 0 || pending.length > 0) this.#remember();
    return batchOf(result);
  }

  #remember(): void {
    const { window, previousWindows = 0, labelWithinMs = 0 } = this.#parts.spec;
    const expired = this.#closed - (1 + previousWindows) * window.sizeMs - labelWithinMs;
    if (expired > this.#expired) {
      this.#stores.panes.expire(expired);
      this.#expired = expired;
    }
    this.#stores.panes.setMeta([this.#streamTime, this.#closed, this.#ticked, this.#expired]);
  }

  *current(): Iterable<Change> {
    for (const text of [...this.#known().keys()].sort())
      for (const row of this.#known().get(text)![5])
        yield new Change([this.#parts.spec.name], undefined, row, row[4] as number, 0);
  }
}

/** The greatest common divisor. */
function divisor(a: number, b: number): number {
  let [large, small] = [a, b];
  while (small > 0) [large, small] = [small, large % small];
  return large;
}
