import type { Value } from '../types/sql-type.ts';
import type { AggregateSet, GroupState } from './aggregation.ts';

/**
 * The merged state of what is between two moving edges, as a queue of two stacks: parts enter at the end and leave at the front,
 * each merged twice at most. The front holds merges up to its oldest part, ready to lose it.
 * Source: "Low-Latency Sliding-Window Aggregation in Worst-Case Constant Time", Tangwongsan et al., 2017 (Two-Stacks).
 */
export class SlidingMerge {
  readonly #aggregates: AggregateSet;
  /** The oldest part last: each group is the merge from that part to the end of the front. */
  readonly #frontStarts: number[] = [];
  readonly #front: GroupState[] = [];
  readonly #backStarts: number[] = [];
  readonly #back: GroupState[] = [];
  #backMerged: GroupState | undefined;

  constructor(aggregates: AggregateSet) {
    this.#aggregates = aggregates;
  }

  clear(): void {
    this.#front.length = this.#frontStarts.length = this.#back.length = this.#backStarts.length = 0;
    this.#backMerged = undefined;
  }

  push(start: number, group: GroupState): void {
    this.#back.push(group);
    this.#backStarts.push(start);
    this.#backMerged = this.#backMerged === undefined ? group : this.#merge(this.#backMerged, group);
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
    let merged: GroupState | undefined;
    while (this.#back.length > 0) {
      const group = this.#back.pop()!;
      merged = merged === undefined ? group : this.#merge(group, merged);
      this.#front.push(merged);
      this.#frontStarts.push(this.#backStarts.pop()!);
    }
    this.#backMerged = undefined;
  }

  get isEmpty(): boolean {
    return this.#front.length === 0 && this.#back.length === 0;
  }

  /** Appends the results of all parts together to a row; gives their newest timestamp. There must be a part. */
  results(into: Value[]): number {
    const front = this.#front.at(-1);
    const back = this.#backMerged;
    if (front === undefined || back === undefined) {
      const [timestamp, , states] = (front ?? back)!;
      this.#aggregates.results(states, into);
      return timestamp;
    }
    this.#aggregates.mergedResults(front[2], back[2], into);
    return Math.max(front[0], back[0]);
  }

  #merge(left: GroupState, right: GroupState): GroupState {
    return [Math.max(left[0], right[0]), left[1], this.#aggregates.merge(left[2], right[2])];
  }
}
