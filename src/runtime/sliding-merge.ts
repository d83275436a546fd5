import type { AggregateSet, GroupState } from './aggregation.ts';

interface Part {
  readonly start: number;
  readonly group: GroupState;
}

/**
 * The merged state of what is between two moving edges, as a queue of two stacks: parts enter at the end and leave at the front,
 * each merged twice at most. The front holds merges up to its oldest part, ready to lose it.
 * Source: "Low-Latency Sliding-Window Aggregation in Worst-Case Constant Time", Tangwongsan et al., 2017 (Two-Stacks).
 */
export class SlidingMerge {
  readonly #aggregates: AggregateSet;
  /** The oldest part last: each group is the merge from that part to the end of the front. */
  readonly #front: Part[] = [];
  readonly #back: Part[] = [];
  #backMerged: GroupState | undefined;

  constructor(aggregates: AggregateSet) {
    this.#aggregates = aggregates;
  }

  push(start: number, group: GroupState): void {
    this.#back.push({ start, group });
    this.#backMerged = this.#backMerged === undefined ? group : this.#merge(this.#backMerged, group);
  }

  /** Takes out every part that starts before `edge`. */
  dropBefore(edge: number): void {
    for (;;) {
      const oldest = this.#front.at(-1) ?? this.#back[0];
      if (oldest === undefined || oldest.start >= edge) return;
      if (this.#front.length === 0) this.#turn();
      this.#front.pop();
    }
  }

  /** Moves the back over to the front. */
  #turn(): void {
    let merged: GroupState | undefined;
    while (this.#back.length > 0) {
      const { start, group } = this.#back.pop()!;
      merged = merged === undefined ? group : this.#merge(group, merged);
      this.#front.push({ start, group: merged });
    }
    this.#backMerged = undefined;
  }

  /** The merge of all parts, undefined when there is none. Not to be changed: it may be a part itself. */
  get merged(): GroupState | undefined {
    const front = this.#front.at(-1)?.group;
    if (front === undefined || this.#backMerged === undefined) return front ?? this.#backMerged;
    return this.#merge(front, this.#backMerged);
  }

  #merge(left: GroupState, right: GroupState): GroupState {
    return [Math.max(left[0], right[0]), left[1], this.#aggregates.merge(left[2], right[2])];
  }
}
