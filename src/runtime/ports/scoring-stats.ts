/** Counts by the upper bounds that they were counted with; the last count has no bound. */
export interface Buckets {
  readonly counts: readonly number[];
  readonly sum: number;
}

/** States of a circuit breaker, by how few calls it lets through. */
export const circuitStates = ['closed', 'half-open', 'open'] as const;

/** What a version of a model has scored on this node since its start. */
export interface VersionStats {
  readonly model: string;
  readonly version: number;
  /** Whether these are the rows that it saw as a shadow; `dropped` are those that came while its calls were too many. */
  readonly isShadow?: true;
  /** Rows by what became of them: `ok`, `null_input`, or the class of the failure. */
  readonly rows: Readonly<Record<string, number>>;
  /** Calls of the model by their outcome: `ok` or the class of the failure. */
  readonly calls: Readonly<Record<string, number>>;
  /** How long calls took; bounds are `secondsBounds`. */
  readonly seconds: Buckets;
  /** How many rows calls had; bounds are `sizeBounds`. */
  readonly sizes: Buckets;
  /** Calls that run. */
  readonly inFlight: number;
  /** Whether calls are made; undefined without a circuit breaker. */
  readonly circuit?: (typeof circuitStates)[number];
  /** Rows that have the outputs of DEFAULT_VALUE. */
  readonly defaults: number;
}

/** Ten steps a decade, from 10 microseconds to 100 seconds. */
export const secondsBounds: readonly number[] = Array.from({ length: 71 }, (_, i) => {
  const [steps, decade] = [[1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8], Math.floor(i / 10) - 5];
  return Number(`${steps[i % 10]}e${decade}`);
});
export const sizeBounds: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096];

/** The place of a value among the bounds. */
export function bucketOf(bounds: readonly number[], value: number): number {
  let [low, high] = [0, bounds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= bounds[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The bound below which a part of the values lies; undefined without values. The longest have the greatest bound. */
export function quantile({ counts }: Buckets, bounds: readonly number[], part: number): number | undefined {
  const wanted = counts.reduce((sum, count) => sum + count, 0) * part;
  let below = 0;
  for (const [i, count] of counts.entries()) {
    below += count;
    if (count > 0 && below >= wanted) return bounds[i] ?? bounds.at(-1);
  }
  return undefined;
}

const added = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> => {
  const sum: Record<string, number> = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
};
const merged = (a: Buckets, b: Buckets): Buckets => ({
  counts: a.counts.map((count, i) => count + b.counts[i]!),
  sum: a.sum + b.sum,
});

/** Threads have a breaker each. */
function worseCircuit(a: VersionStats, b: VersionStats): Pick<VersionStats, 'circuit'> {
  const worst = circuitStates.findLast((state) => a.circuit === state || b.circuit === state);
  return worst === undefined ? {} : { circuit: worst };
}

/** The figures of several threads as those of one node. */
export function sumStats(parts: readonly VersionStats[]): VersionStats[] {
  const sums = new Map<string, VersionStats>();
  for (const part of parts) {
    const key = JSON.stringify([part.model, part.version, part.isShadow]);
    const sum = sums.get(key);
    sums.set(
      key,
      sum === undefined
        ? part
        : {
            ...part,
            rows: added(sum.rows, part.rows),
            calls: added(sum.calls, part.calls),
            seconds: merged(sum.seconds, part.seconds),
            sizes: merged(sum.sizes, part.sizes),
            ...worseCircuit(sum, part),
            inFlight: sum.inFlight + part.inFlight,
            defaults: sum.defaults + part.defaults,
          },
    );
  }
  return [...sums.values()].sort((a, b) => (a.model === b.model ? a.version - b.version : a.model < b.model ? -1 : 1));
}
