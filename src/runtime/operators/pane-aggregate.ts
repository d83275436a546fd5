import type { WindowSpec } from '../../plan/window.ts';
import type { AggregateSet, GroupState } from '../aggregation.ts';
import { Change, hasNull, keyText, type Row } from '../change.ts';
import type { Operator } from '../operator.ts';
import { Panes } from '../panes.ts';
import { pieces } from '../pieces.ts';
import { SlidingMerge } from '../sliding-merge.ts';
import type { WindowStore, WindowView } from '../stores/window-store.ts';
import { firstWindowStart, putBounds } from '../windows.ts';

/** A group that changed since rows were last given: the panes that did, and the last change. */
interface Touched {
  readonly text: string;
  readonly panes: number[];
  sequence: number;
}

/**
 * GROUP BY in hopping windows, kept as panes, so that an event changes one state however many windows hold it. A window's row is
 * merged from its panes when a micro-batch ends.
 *
 * For aggregates whose merge does not depend on order, and windows that are not kept longer than they are open: a closed window
 * has no state of its own that a later change of a shared pane could leave alone. An event that is late for some of its windows
 * makes the rows before it leave first, for the same reason. Everything else takes `WindowedAggregate`.
 */
export class PaneAggregate implements Operator {
  readonly #store: WindowStore<GroupState>;
  readonly #aggregates: AggregateSet;
  readonly #window: WindowSpec;
  readonly #onLate: (change: Change) => void;
  readonly #panes: Panes;
  readonly #sliding: SlidingMerge;
  #streamTime: number;
  #expired: number;
  #touched = new Map<string, Touched>();
  /** Windows that end at or before this were closed when the rows to come were first changed. */
  #closedBefore = -Infinity;

  constructor(
    store: WindowStore<GroupState>,
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

  /** Whether panes give what a state for each window would. */
  static suits({ sizeMs, advanceMs, graceMs, retentionMs }: WindowSpec, aggregates: AggregateSet): boolean {
    return advanceMs < sizeMs && retentionMs <= sizeMs + graceMs && aggregates.orderFree;
  }

  process([changes]: readonly (readonly Change[])[]): readonly Change[] {
    const { sizeMs, advanceMs, graceMs } = this.#window;
    const result: Change[] = [];
    this.#prefetch(changes!);
    for (const change of changes!) {
      const { key, after, timestamp, sequence } = change;
      if (after === undefined || hasNull(key)) continue;
      if (timestamp > this.#streamTime) this.#streamTime = timestamp;
      const limit = this.#streamTime - graceMs;
      if (Math.floor(timestamp / advanceMs) * advanceMs + sizeMs <= limit) {
        this.#onLate(change);
        continue;
      }
      if (firstWindowStart(timestamp, this.#window) + sizeMs <= limit) {
        for (const piece of this.drain()) result.push(...piece);
        this.#closedBefore = limit;
      }
      const text = keyText(key);
      const pane = this.#panes.indexOf(timestamp);
      const entry = this.#store.edit(this.#panes.startOf(pane), text);
      const group = (entry.value ??= [key, this.#aggregates.init(timestamp)]);
      this.#aggregates.add(group[1], after, timestamp);
      const touched = this.#touched.get(text);
      if (touched === undefined) this.#touched.set(text, { text, panes: [pane], sequence });
      else {
        touched.sequence = sequence;
        if (touched.panes.at(-1) !== pane && !touched.panes.includes(pane)) touched.panes.push(pane);
      }
    }
    return result;
  }

  /** Loads the panes of events that are not in the cache: those of late events, or all behind a restart. */
  #prefetch(changes: readonly Change[]): void {
    const views = this.#views();
    const wanted: [number, string][] = [];
    for (const { key, timestamp } of changes) {
      const pane = this.#panes.indexOf(timestamp);
      if (!views(pane).complete) wanted.push([this.#panes.startOf(pane), keyText(key)]);
    }
    this.#store.prefetch(wanted);
  }

  /** The store's windows by pane, each looked up once. */
  #views(): (pane: number) => WindowView<GroupState> {
    const views = new Map<number, WindowView<GroupState>>();
    return (pane) => {
      let view = views.get(pane);
      if (view === undefined) views.set(pane, (view = this.#store.window(this.#panes.startOf(pane))));
      return view;
    };
  }

  /** The rows of every window that holds a changed pane, groups in order of their last change. */
  *drain(): Iterable<readonly Change[]> {
    const all = [...this.#touched.values()].sort((a, b) => a.sequence - b.sequence);
    this.#touched = new Map();
    const views = this.#views();
    for (const piece of pieces(all, 100)) {
      const result: Change[] = [];
      this.#prefetchWindows(piece, views);
      for (const touched of piece) this.#rowsOf(touched, views, result);
      yield result;
    }
    this.#closedBefore = -Infinity;
    // Not before: panes that expire may still be needed for the rows above.
    this.#remember();
  }

  #prefetchWindows(groups: readonly Touched[], views: (pane: number) => WindowView<GroupState>): void {
    const wanted: [number, string][] = [];
    for (const { text, panes } of groups) {
      panes.sort((a, b) => a - b);
      const end = panes.at(-1)! + this.#panes.perWindow;
      for (let pane = this.#panes.firstOfWindows(panes[0]!); pane < end; pane++)
        if (!views(pane).complete) wanted.push([this.#panes.startOf(pane), text]);
    }
    this.#store.prefetch(wanted);
  }

  #rowsOf({ text, panes, sequence }: Touched, views: (pane: number) => WindowView<GroupState>, result: Change[]): void {
    const { perAdvance, perWindow } = this.#panes;
    const sliding = this.#sliding;
    sliding.clear();
    let key: Row | undefined;
    let next = this.#panes.firstOfWindows(panes[0]!);
    let changed = 0;
    for (let first = next; first <= panes.at(-1)!; first += perAdvance) {
      for (; next < first + perWindow; next++) {
        const group = views(next).get(text);
        if (group === undefined) continue;
        sliding.push(next, group[1]);
        key ??= group[0];
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
    // One deletion for many panes: expiry moves in steps of a tenth of what is kept.
    if (expired - this.#expired > Math.max((sizeMs + graceMs) / 10, advanceMs)) {
      this.#store.expire(expired);
      this.#expired = expired;
    }
    this.#store.setMeta([this.#streamTime, this.#expired]);
  }

  #row(key: Row, start: number, panes: SlidingMerge, sequence: number): Change {
    const end = start + this.#window.sizeMs;
    const { timestamp } = panes;
    const row = putBounds(panes.row(key, 3), timestamp, start, end);
    return new Change(key, undefined, row, timestamp, sequence, { start, end });
  }

  /** The rows of the windows that are open, by key, then start. */
  *current(key?: Row): Iterable<Change> {
    const { sizeMs, graceMs } = this.#window;
    const { perAdvance, perWindow } = this.#panes;
    const wanted = key === undefined ? undefined : keyText(key);
    const groups = new Map<string, [number, GroupState][]>();
    for (const [time, text, group] of this.#store.entries(Math.max(0, this.#streamTime - sizeMs - graceMs))) {
      if (wanted !== undefined && text !== wanted) continue;
      const pane = this.#panes.indexOf(time);
      const panes = groups.get(text);
      if (panes === undefined) groups.set(text, [[pane, group]]);
      else panes.push([pane, group]);
    }
    const sliding = new SlidingMerge(this.#aggregates);
    for (const panes of groups.values()) {
      const [[oldest, [groupKey]]] = panes as [[number, GroupState]];
      const [newest] = panes.at(-1)!;
      sliding.clear();
      let at = 0;
      for (let first = this.#panes.firstOfWindows(oldest); first <= newest; first += perAdvance) {
        for (; at < panes.length && panes[at]![0] < first + perWindow; at++)
          sliding.push(panes[at]![0], panes[at]![1][1]);
        sliding.dropBefore(first);
        const start = this.#panes.startOf(first);
        if (!sliding.isEmpty && start + sizeMs > this.#streamTime - graceMs)
          yield this.#row(groupKey, start, sliding, 0);
      }
    }
  }
}
