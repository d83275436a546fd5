/**
 * Generates names of expressions without an alias, as ksqlDB does: `KSQL_COL_n` with n from 0, skipping names that sources use.
 * A struct field keeps its name, with a suffix `_1`, `_2` … when the name is taken.
 */
export class NameGenerator {
  readonly #used = new Map<string, Set<number>>();
  #next = 0;

  constructor(sourceColumns: Iterable<string>) {
    for (const name of sourceColumns) this.#take(name);
  }

  #take(name: string): void {
    const { prefix, number } = split(name);
    const numbers = this.#used.get(prefix) ?? new Set();
    this.#used.set(prefix, numbers.add(number));
  }

  column(): string {
    const used = this.#used.get('KSQL_COL');
    while (used?.has(this.#next) === true && this.#usedBySource(this.#next)) this.#next++;
    return `KSQL_COL_${this.#next++}`;
  }

  #usedBySource(n: number): boolean {
    return this.#used.get('KSQL_COL')?.has(n) ?? false;
  }

  /** Reserves a name, with a numeric suffix when it is taken. */
  unique(name: string): string {
    const { prefix } = split(name);
    const numbers = this.#used.get(prefix) ?? new Set<number>();
    this.#used.set(prefix, numbers);
    let n = 0;
    while (numbers.has(n)) n++;
    numbers.add(n);
    return n === 0 ? prefix : `${prefix}_${n}`;
  }
}

function split(name: string): { prefix: string; number: number } {
  const match = /^(.*?)(?:_(\d+))?$/s.exec(name)!;
  return { prefix: match[1]!, number: match[2] === undefined ? 0 : Number(match[2]) };
}
