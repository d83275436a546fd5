import type { Value, Row } from '../types/sql-type.ts';
import type { AggregateSet, States } from './aggregation.ts';

/**
 * The merged state of the panes between two moving bounds, as a queue of two stacks: panes are pushed at the back and dropped
 * at the front, and each is merged at most twice. The front stack holds, for each of its panes, the merge from that pane to the
 * end of the stack. Source: "Low-Latency Sliding-Window Aggregation in Worst-Case Constant Time", Tangwongsan et al., 2017
 * (Two-Stacks).
 */
export class SlidingMerge {
  readonly #aggregates: AggregateSet;
  /** The merges of the front stack, oldest pane last: each covers its pane to the end of the front stack. */
  readonly #frontStarts: number[] = [];
  readonly #front: States[] = [];
  readonly #backStarts: number[] = [];
  readonly #back: States[] = [];
  #backMerged: States | undefined;

  constructor(aggregates: AggregateSet) {
    this.#aggregates = aggregates;
  }

  clear(): void {
    this.#front.length = this.#frontStarts.length = this.#back.length = this.#backStarts.length = 0;
    this.#backMerged = undefined;
  }

  push(start: number, states: States): void {
    this.#back.push(states);
    this.#backStarts.push(start);
    this.#backMerged = this.#backMerged === undefined ? states : this.#aggregates.merge(this.#backMerged, states);
  }

  /** Drops every pane that starts before `edge`. */
  dropBefore(edge: number): void {
    for (;;) {
      const oldest = this.#frontStarts.at(-1) ?? this.#backStarts[0];
      if (oldest === undefined || oldest >= edge) return;
      if (this.#front.length === 0) this.#turn();
      this.#front.pop();
      this.#frontStarts.pop();
    }
  }

  /** Moves the back stack to the front stack, which is empty. */
  #turn(): void {
    let merged: States | undefined;
    while (this.#back.length > 0) {
      const states = this.#back.pop()!;
      merged = merged === undefined ? states : this.#aggregates.merge(states, merged);
      this.#front.push(merged);
      this.#frontStarts.push(this.#backStarts.pop()!);
    }
    this.#backMerged = undefined;
  }

  get isEmpty(): boolean {
    return this.#front.length === 0 && this.#back.length === 0;
  }

  /** The newest event time of all panes. There must be a pane. */
  get timestamp(): number {
    return Math.max(this.#front.at(-1)?.[0] ?? -1, this.#backMerged?.[0] ?? -1);
  }
  /** The output row: a key and the results of all panes merged, with `room` free slots. There must be a pane. */
  row(key: Row, room: number): Value[] {
    const front = this.#front.at(-1);
    const back = this.#backMerged;
    return front === undefined ? this.#aggregates.row(key, back!, room) : this.#aggregates.row(key, front, room, back);
  }
}
