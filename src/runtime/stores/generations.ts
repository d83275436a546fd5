/** A cache with two generations: entries of the old one that were not used while the young one filled are evicted together. */
export class Generations<V> {
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  #cost = 0;
  readonly #costOf: (value: V) => number;

  /** `costOf` is about the size of a value in bytes. */
  constructor(costOf: (value: V) => number) {
    this.#costOf = costOf;
  }

  get isEmpty(): boolean {
    return this.#young.size === 0 && this.#old.size === 0;
  }
  /** Whether a value is cached. Unlike `get` this does not count as a use. */
  has(key: string): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }
  get(key: string): V | undefined {
    let value = this.#young.get(key);
    if (value !== undefined) return value;
    value = this.#old.get(key);
    if (value === undefined) return undefined;
    this.#old.delete(key);
    this.add(key, value);
    return value;
  }
  add(key: string, value: V): void {
    this.#young.set(key, value);
    this.#cost += this.#costOf(value);
  }
  /** A value of the young generation has grown by so many bytes. */
  grow(bytes: number): void {
    this.#cost += bytes;
  }

  /** Starts a new generation if the young one exceeds half of `bytes`. Returns whether values were evicted. */
  age(bytes: number): boolean {
    if (this.#cost <= bytes / 2) return false;
    const drops = this.#old.size > 0;
    this.#old = this.#young;
    this.#young = new Map();
    this.#cost = 0;
    return drops;
  }
}
