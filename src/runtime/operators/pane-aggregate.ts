import type { WindowSpec } from '../../plan/window.ts';
import type { Value } from '../../types/sql-type.ts';
import type { AggregateSet, GroupState } from '../aggregation.ts';
import { Change, hasNull, keyText, type Row } from '../change.ts';
import type { Operator } from '../operator.ts';
import { SlidingMerge } from '../sliding-merge.ts';
import type { WindowStore } from '../stores/window-store.ts';
import { firstWindowStart } from '../windows.ts';

/** A group that changed since rows were last sent: the panes that did, and the last change. */
interface Touched {
  readonly text: string;
  readonly panes: number[];
  sequence: number;
}

/**
 * GROUP BY in hopping windows, kept as panes: the pieces into which the edges of all windows cut time, so that an event changes
 * one state however many windows hold it. A window's row is merged from its panes when it is sent, once a micro-batch.
 *
 * For aggregates whose merge does not depend on order, and windows that are not kept longer than they are open: a closed window
 * has no state of its own that a later change of a shared pane could leave alone. An event that is late for some of its windows
 * makes the rows before it be sent first, for the same reason. Everything else takes `WindowedAggregate`.
 */
export class PaneAggregate implements Operator {
  readonly #store: WindowStore<GroupState>;
  readonly #aggregates: AggregateSet;
  readonly #window: WindowSpec;
  readonly #onLate: (change: Change) => void;
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
    const before = this.#streamTime;
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
        this.#send(result);
        this.#closedBefore = limit;
      }
      const text = keyText(key);
      const pane = this.#paneOf(timestamp);
      const entry = this.#store.edit(pane, text);
      const group = (entry.value ??= [timestamp, key, this.#aggregates.init()]);
      if (timestamp > group[0]) group[0] = timestamp;
      this.#aggregates.add(group[2], after);
      const touched = this.#touched.get(text);
      if (touched === undefined) this.#touched.set(text, { text, panes: [pane], sequence });
      else {
        touched.sequence = sequence;
        if (touched.panes.at(-1) !== pane && !touched.panes.includes(pane)) touched.panes.push(pane);
      }
    }
    this.#send(result);
    if (this.#streamTime !== before) this.#remember();
    return result;
  }

  /** Panes start where windows start, and where they end. */
  #paneOf(timestamp: number): number {
    const { sizeMs, advanceMs } = this.#window;
    const start = Math.floor(timestamp / advanceMs) * advanceMs;
    const middle = start + (sizeMs % advanceMs);
    return timestamp >= middle ? middle : start;
  }
  #nextPane(pane: number): number {
    const { sizeMs, advanceMs } = this.#window;
    const middle = sizeMs % advanceMs;
    return middle === 0 ? pane + advanceMs : pane % advanceMs === 0 ? pane + middle : pane - middle + advanceMs;
  }

  #prefetch(changes: readonly Change[]): void {
    const wanted: [number, string][] = [];
    for (const { key, timestamp } of changes) {
      const pane = this.#paneOf(timestamp);
      if (!this.#store.isComplete(pane)) wanted.push([pane, keyText(key)]);
    }
    this.#store.prefetch(wanted);
  }

  /** Sends the rows of every window that holds a changed pane, groups in order of their last change. */
  #send(result: Change[]): void {
    if (this.#touched.size > 0) {
      const all = [...this.#touched.values()].sort((a, b) => a.sequence - b.sequence);
      this.#touched = new Map();
      this.#prefetchWindows(all);
      for (const touched of all) this.#sendGroup(touched, result);
    }
    this.#closedBefore = -Infinity;
  }

  #prefetchWindows(all: readonly Touched[]): void {
    const wanted: [number, string][] = [];
    for (const { text, panes } of all) {
      const last = Math.max(...panes) + this.#window.sizeMs;
      for (let pane = firstWindowStart(Math.min(...panes), this.#window); pane < last; pane = this.#nextPane(pane))
        if (!this.#store.isComplete(pane)) wanted.push([pane, text]);
    }
    this.#store.prefetch(wanted);
  }

  #sendGroup({ text, panes, sequence }: Touched, result: Change[]): void {
    const { sizeMs, advanceMs } = this.#window;
    panes.sort((a, b) => a - b);
    const last = Math.floor(panes.at(-1)! / advanceMs) * advanceMs;
    const sliding = this.#sliding;
    sliding.clear();
    let key: Row | undefined;
    let next = firstWindowStart(panes[0]!, this.#window);
    let changed = 0;
    for (let start = next; start <= last; start += advanceMs) {
      for (; next < start + sizeMs; next = this.#nextPane(next)) {
        const group = this.#store.get(next, text);
        if (group === undefined) continue;
        sliding.push(next, group);
        key ??= group[1];
      }
      sliding.dropBefore(start);
      while (panes[changed]! < start) changed++;
      if (panes[changed]! >= start + sizeMs || start + sizeMs <= this.#closedBefore) continue;
      result.push(this.#row(key!, start, sliding, sequence));
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
    const row: Value[] = [...key];
    const timestamp = panes.results(row);
    row.push(timestamp, start, end);
    return new Change(key, undefined, row, timestamp, sequence, { start, end });
  }

  /** The rows of the windows that are open, by key, then start. */
  *current(key?: Row): Iterable<Change> {
    const { sizeMs, graceMs, advanceMs } = this.#window;
    const wanted = key === undefined ? undefined : keyText(key);
    const groups = new Map<string, [number, GroupState][]>();
    for (const [pane, text, group] of this.#store.entries(Math.max(0, this.#streamTime - sizeMs - graceMs))) {
      if (wanted !== undefined && text !== wanted) continue;
      const panes = groups.get(text);
      if (panes === undefined) groups.set(text, [[pane, group]]);
      else panes.push([pane, group]);
    }
    for (const panes of groups.values()) {
      const sliding = new SlidingMerge(this.#aggregates);
      const [, groupKey] = panes[0]![1];
      const last = Math.floor(panes.at(-1)![0] / advanceMs) * advanceMs;
      let at = 0;
      for (let start = firstWindowStart(panes[0]![0], this.#window); start <= last; start += advanceMs) {
        for (; at < panes.length && panes[at]![0] < start + sizeMs; at++) sliding.push(...panes[at]!);
        sliding.dropBefore(start);
        if (!sliding.isEmpty && start + sizeMs > this.#streamTime - graceMs)
          yield this.#row(groupKey, start, sliding, 0);
      }
    }
  }
}
