import type { Value, Row } from '../types/sql-type.ts';
import type { AggregateSet, States } from './aggregation.ts';

/**
 * The merged state of what is between two moving edges, as a queue of two stacks: parts enter at the end and leave at the front,
 * each merged twice at most. The front holds merges up to its oldest part, ready to lose it.
 * Source: "Low-Latency Sliding-Window Aggregation in Worst-Case Constant Time", Tangwongsan et al., 2017 (Two-Stacks).
 */
export class SlidingMerge {
  readonly #aggregates: AggregateSet;
  /** The oldest part last: each is the merge from that part to the end of the front. */
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

  /** Takes out every part that starts before `edge`. */
  dropBefore(edge: number): void {
    for (;;) {
      const oldest = this.#frontStarts.at(-1) ?? this.#backStarts[0];
      if (oldest === undefined || oldest >= edge) return;
      if (this.#front.length === 0) this.#turn();
      this.#front.pop();
      this.#frontStarts.pop();
    }
  }

  /** Moves the back over to the front. */
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

  /** Of all parts together. There must be a part. */
  get timestamp(): number {
    return Math.max(this.#front.at(-1)?.[0] ?? -1, this.#backMerged?.[0] ?? -1);
  }
  /** A row of a key and the results of all parts together, with room for more values. There must be a part. */
  row(key: Row, room: number): Value[] {
    const front = this.#front.at(-1);
    const back = this.#backMerged;
    return front === undefined ? this.#aggregates.row(key, back!, room) : this.#aggregates.row(key, front, room, back);
  }
}
