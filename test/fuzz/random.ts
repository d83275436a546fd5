/** Numbers that a seed fixes: mulberry32, after Tommy Ettinger. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** From 0 to 1, 1 not being one of them. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  /** From 0 to `n` - 1. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** How often each outcome came, the most frequent first. */
export function histogram(counts: ReadonlyMap<string, number>): string {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(
      ([name, n]) => `  ${name.padEnd(32)} ${String(n).padStart(8)}  ${((100 * n) / total).toFixed(2).padStart(6)} %`,
    )
    .join('\n');
}
