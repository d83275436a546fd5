import type { FileColumn } from '../files/parquet-schema.ts';
import { typeText, type Row, type Value } from '../types/sql-type.ts';

interface Facts {
  nulls: number;
  min: number | bigint | undefined;
  max: number | bigint | undefined;
}

/** What a manifest says of columns: their types, rates of nulls, least and greatest numbers. */
export class ColumnFacts {
  readonly #columns: readonly FileColumn[];
  readonly #facts: readonly Facts[];
  #rows = 0;

  constructor(columns: readonly FileColumn[]) {
    this.#columns = columns;
    this.#facts = columns.map(() => ({ nulls: 0, min: undefined, max: undefined }));
  }

  /** Counts a row whose first values are those of the columns. */
  add(row: Row): void {
    this.#rows++;
    for (let slot = 0; slot < this.#facts.length; slot++) note(this.#facts[slot]!, row[slot]!);
  }

  get result(): Record<string, unknown>[] {
    return this.#columns.map(({ name, type }, slot) => {
      const { nulls, min, max } = this.#facts[slot]!;
      const bounds = min === undefined ? {} : { min: plain(min), max: plain(max!) };
      return { name, type: typeText(type), nullRate: this.#rows === 0 ? 0 : nulls / this.#rows, ...bounds };
    });
  }
}

function note(facts: Facts, value: Value): void {
  if (value === null) facts.nulls++;
  if ((typeof value !== 'number' && typeof value !== 'bigint') || Number.isNaN(value)) return;
  if (facts.min === undefined || value < facts.min) facts.min = value;
  if (facts.max === undefined || value > facts.max) facts.max = value;
}
const plain = (value: number | bigint): number | string => (typeof value === 'bigint' ? String(value) : value);
