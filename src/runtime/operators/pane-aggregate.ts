import type { Row } from '../../types/sql-type.ts';
import type { WindowSpec } from '../../specs/window.ts';
import type { AggregateSet, States } from '../aggregation.ts';
import { Change, hasNull, keyText } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator } from '../operator.ts';
import { Panes } from '../panes.ts';
import { pieces } from '../pieces.ts';
import { SlidingMerge } from '../sliding-merge.ts';
import type { EditedEntry, WindowStore, WindowView } from '../stores/window-store.ts';
import { firstWindowStart, putBounds, steps } from '../windows.ts';

/** A group that has changed since the last `drain`: its changed panes and its last change. */
interface Touched {
  readonly text: string;
  readonly panes: number[];
  sequence: number;
}

/** A store's entry: the group's key, and its states in a run of consecutive panes (null for a pane without rows). */
type PaneRun = [key: Row, ...panes: (States | null)[]];

/** The number of panes per entry: few, because an entry is rewritten as a whole. */
const panesPerRun = 4;
const emptyRun: readonly null[] = Array.from({ length: 1 + panesPerRun }, () => null);
function newRun(key: Row): PaneRun {
  const run = emptyRun.slice() as unknown as PaneRun;
  run[0] = key;
  return run;
}
const runOf = (pane: number): number => Math.floor(pane / panesPerRun);
/** The index of a pane in its run's entry. */
const placeOf = (pane: number): number => 1 + (pane % panesPerRun);

/**
 * GROUP BY in hopping and tumbling windows, with one state per pane, so that an event updates one state however many windows
 * contain it. At the end of a micro-batch a window's row is merged from the states of its panes. Consecutive panes of a group
 * share an entry of the store, so that most windows need one or two reads. Used for aggregates whose merge is independent of
 * order, and windows that are not retained after they close: with panes, a late change would alter closed windows too. For the
 * same reason an event that is late for some of its windows makes earlier changes be emitted first. All other cases use
 * `WindowedAggregate`.
 */
export class PaneAggregate implements Operator {
  readonly #store: WindowStore<PaneRun>;
  readonly #aggregates: AggregateSet;
  readonly #window: WindowSpec;
  readonly #onLate: (change: Change) => void;
  readonly #panes: Panes;
  readonly #sliding: SlidingMerge;
  #streamTime: number;
  #expired: number;
  /** In order of their first change; a store entry's mark is the group's index in this list. */
  #touched: Touched[] = [];
  #edited: EditedEntry<PaneRun>[] = [];
  readonly #places = new Map<string, number>();
  /** Windows that end at or before this time were already closed at the first of the changes that are not emitted yet. */
  #closedBefore = -Infinity;

  constructor(
    store: WindowStore<PaneRun>,
    aggregates: AggregateSet,
    window: WindowSpec,
    onLate: (change: Change) => void,
  ) {
    this.#store = store;
    this.#aggregates = aggregates;
    this.#window = window;
    this.#onLate = onLate;
    this.#panes = new Panes(window);
    this.#sliding = new SlidingMerge(aggregates);
    [this.#streamTime, this.#expired] = (store.meta ?? [-1, 0]) as [number, number];
  }

  /** The memory of a store's entry beside its states, with half of its panes in use. Measured on Node 20. */
  static readonly form = { name: 'panes', entryOverhead: 260 + panesPerRun * 45 };

  /** Whether panes give the same results as one state per window. */
  static suits({ sizeMs, advanceMs, graceMs, retentionMs }: WindowSpec, aggregates: AggregateSet): boolean {
    return advanceMs <= sizeMs && retentionMs <= sizeMs + graceMs && aggregates.orderFree;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const { sizeMs, advanceMs, graceMs } = this.#window;
    const result: Change[] = [];
    this.#prefetch(changes);
    for (const change of changes) {
      const { key, after, timestamp, sequence } = change;
      if (after === undefined || hasNull(key)) continue;
      if (timestamp > this.#streamTime) this.#streamTime = timestamp;
      const limit = this.#streamTime - graceMs;
      if (Math.floor(timestamp / advanceMs) * advanceMs + sizeMs <= limit) {
        this.#onLate(change);
        continue;
      }
      if (firstWindowStart(timestamp, this.#window) + sizeMs <= limit) {
        for (const piece of this.drain()) result.push(...rowsOf(piece));
        this.#closedBefore = limit;
      }
      const text = keyText(key);
      const pane = this.#panes.indexOf(timestamp);
      const entry = this.#store.edit(this.#startOf(runOf(pane)), text);
      const run = (entry.value ??= newRun(key));
      const states = (run[placeOf(pane)] ??= this.#aggregates.init(timestamp)) as States;
      this.#aggregates.at(sequence);
      this.#aggregates.add(states, after, timestamp);
      if (entry.mark < 0) {
        entry.mark = this.#place(text);
        this.#edited.push(entry);
      }
      const touched = this.#touched[entry.mark]!;
      touched.sequence = sequence;
      if (touched.panes.at(-1) !== pane && !touched.panes.includes(pane)) touched.panes.push(pane);
    }
    return batchOf(result);
  }

  #startOf(run: number): number {
    return this.#panes.startOf(run * panesPerRun);
  }

  #place(text: string): number {
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.#touched.push({ text, panes: [], sequence: 0 }) - 1;
      this.#places.set(text, place);
    }
    return place;
  }

  /** Loads the panes of events that are not in the cache: those of late events, or all after a restart. */
  #prefetch(changes: readonly Change[]): void {
    const views = this.#views();
    const wanted: [number, string][] = [];
    for (const { key, timestamp } of changes) {
      const run = runOf(this.#panes.indexOf(timestamp));
      if (!views(run).complete) wanted.push([this.#startOf(run), keyText(key)]);
    }
    this.#store.prefetch(wanted);
  }

  /** The store's views by run of panes, cached so that each is looked up once. */
  #views(): (run: number) => WindowView<PaneRun> {
    const views = new Map<number, WindowView<PaneRun>>();
    let last = -1;
    let view: WindowView<PaneRun> | undefined;
    return (run) => {
      if (run === last) return view!;
      view = views.get((last = run));
      if (view === undefined) views.set(run, (view = this.#store.window(this.#startOf(run))));
      return view;
    };
  }

  /** Emits the rows of every window with a changed pane; groups are in order of their last change. */
  *drain(): Iterable<Batch> {
    const all = this.#touched.sort((a, b) => a.sequence - b.sequence);
    for (const entry of this.#edited) entry.mark = -1;
    this.#touched = [];
    this.#edited = [];
    this.#places.clear();
    const views = this.#views();
    for (const piece of pieces(all, 100)) {
      const result: Change[] = [];
      this.#prefetchWindows(piece, views);
      for (const touched of piece) this.#rowsOf(touched, views, result);
      yield batchOf(result);
    }
    this.#closedBefore = -Infinity;
    // Only after the rows are emitted, because they may need panes that expire.
    this.#remember();
  }

  #prefetchWindows(groups: readonly Touched[], views: (run: number) => WindowView<PaneRun>): void {
    const wanted: [number, string][] = [];
    for (const { text, panes } of groups) {
      panes.sort((a, b) => a - b);
      const last = runOf(panes.at(-1)! + this.#panes.perWindow - 1);
      for (let run = runOf(this.#panes.firstOfWindows(panes[0]!)); run <= last; run++)
        if (!views(run).complete) wanted.push([this.#startOf(run), text]);
    }
    this.#store.prefetch(wanted);
  }

  #rowsOf({ text, panes, sequence }: Touched, views: (run: number) => WindowView<PaneRun>, result: Change[]): void {
    const { perAdvance, perWindow } = this.#panes;
    const sliding = this.#sliding;
    sliding.clear();
    let key: Row | undefined;
    let next = this.#panes.firstOfWindows(panes[0]!);
    let changed = 0;
    let run: PaneRun | undefined;
    let at = -1;
    for (let first = next; first <= panes.at(-1)!; first += perAdvance) {
      for (; next < first + perWindow; next++) {
        if (runOf(next) !== at) run = views((at = runOf(next))).get(text);
        const states = run?.[placeOf(next)];
        if (states === undefined || states === null) continue;
        sliding.push(next, states as States);
        key ??= run![0];
      }
      sliding.dropBefore(first);
      while (panes[changed]! < first) changed++;
      if (panes[changed]! >= first + perWindow) continue;
      const start = this.#panes.startOf(first);
      if (start + this.#window.sizeMs > this.#closedBefore) result.push(this.#row(key!, start, sliding, sequence));
    }
  }

  #remember(): void {
    const { sizeMs, graceMs, advanceMs } = this.#window;
    const expired = this.#streamTime - sizeMs - graceMs;
    // Expire many panes with one deletion: in steps of a tenth of the retention time.
    if (expired - this.#expired > Math.max((sizeMs + graceMs) / 10, advanceMs)) {
      // A run expires when its last pane does.
      this.#store.expire(this.#startOf(runOf(this.#panes.indexOf(Math.max(0, expired)))));
      this.#expired = expired;
    }
    this.#store.setMeta([this.#streamTime, this.#expired]);
  }

  #row(key: Row, start: number, panes: SlidingMerge, sequence: number): Change {
    this.#aggregates.at(sequence);
    const end = start + this.#window.sizeMs;
    const { timestamp } = panes;
    const row = putBounds(panes.row(key, 3), timestamp, start, end);
    return new Change(key, undefined, row, timestamp, sequence, { start, end });
  }

  /** The rows of the open windows, by key, then window start. */
  *current(key?: Row): Iterable<Change> {
    const { sizeMs, graceMs } = this.#window;
    const { perAdvance, perWindow } = this.#panes;
    const groups = new Map<string, { readonly key: Row; readonly panes: [number, States][] }>();
    const oldest = this.#startOf(runOf(this.#panes.indexOf(Math.max(0, this.#streamTime - sizeMs - graceMs))));
    for (const [time, text, [runKey, ...run]] of this.#kept(key, oldest)) {
      let group = groups.get(text);
      if (group === undefined) groups.set(text, (group = { key: runKey, panes: [] }));
      const first = this.#panes.indexOf(time);
      for (const [i, states] of run.entries()) if (states !== null) group.panes.push([first + i, states]);
    }
    const sliding = new SlidingMerge(this.#aggregates);
    for (const { key: groupKey, panes } of groups.values()) {
      const [newest] = panes.at(-1)!;
      sliding.clear();
      let at = 0;
      for (let first = this.#panes.firstOfWindows(panes[0]![0]); first <= newest; first += perAdvance) {
        for (; at < panes.length && panes[at]![0] < first + perWindow; at++) sliding.push(...panes[at]!);
        sliding.dropBefore(first);
        const start = this.#panes.startOf(first);
        if (!sliding.isEmpty && start + sizeMs > this.#streamTime - graceMs)
          yield this.#row(groupKey, start, sliding, 0);
      }
    }
  }

  *#kept(key: Row | undefined, oldest: number): Iterable<readonly [start: number, text: string, run: PaneRun]> {
    if (key === undefined) {
      yield* this.#store.entries(oldest);
      return;
    }
    const text = keyText(key);
    const runMs = this.#startOf(1);
    for (const [start, run] of this.#store.ofKey(text, steps(oldest, this.#streamTime, runMs)))
      yield [start, text, run];
  }
}
