import { identity } from '../../types/compare.ts';
import type { Row, Value } from '../../types/sql-type.ts';

interface Entry {
  readonly outputs: readonly Value[];
  readonly until: number;
}

/** What the rows that were scored last were answered, by their inputs; the one used longest ago goes first. */
export class AnswerCache {
  readonly #entries = new Map<string, Entry>();
  readonly #size: number;
  readonly #ttlMs: number;

  constructor(size: number, ttlMs = Infinity) {
    this.#size = size;
    this.#ttlMs = ttlMs;
  }

  get(key: string): readonly Value[] | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (performance.now() >= entry.until) return undefined;
    this.#entries.set(key, entry);
    return entry.outputs;
  }

  set(key: string, outputs: readonly Value[]): void {
    this.#entries.delete(key);
    this.#entries.set(key, { outputs, until: performance.now() + this.#ttlMs });
    if (this.#entries.size > this.#size) this.#entries.delete(this.#entries.keys().next().value!);
  }
}

/** Rows with equal inputs have equal keys, and no others. */
export const cacheKey = (row: Row): string => String(identity(row));
