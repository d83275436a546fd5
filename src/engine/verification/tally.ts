import { equalValues } from '../../types/compare.ts';
import { jsonWriter } from '../../types/json-text.ts';
import type { Row, SqlType, Value } from '../../types/sql-type.ts';
import type { ViewColumns } from './answers.ts';
import type { Compared, Comparison, Difference, Place } from './report.ts';

/** What a difference is told with: where the rows of both sides are. */
export interface Where {
  readonly entity: Row;
  readonly time: number;
  readonly windowStart: number;
  readonly answeredAt: Place | null;
  readonly event: Place | null;
  readonly file: string | null;
}

/** How many differing rows are told of: those with the earliest feature times. */
const told = 10;

/** The earliest differing rows of all comparisons. */
export class Differences {
  #rows: (readonly Difference[])[] = [];

  add(row: readonly Difference[]): void {
    if (row.length === 0) return;
    this.#rows.push(row);
    if (this.#rows.length < 4 * told) return;
    this.#cut();
  }
  #cut(): void {
    this.#rows = this.#rows.sort(([a], [b]) => earlier(a!, b!)).slice(0, told);
  }
  all(): readonly Difference[] {
    this.#cut();
    return this.#rows.flat();
  }
}
const placeOf = ({ answeredAt, event }: Difference): Place | null => answeredAt ?? event;
function earlier(a: Difference, b: Difference): number {
  const [placeA, placeB] = [placeOf(a), placeOf(b)];
  return (
    a.time - b.time ||
    (placeA?.partition ?? -1) - (placeB?.partition ?? -1) ||
    (placeA?.offset ?? -1) - (placeB?.offset ?? -1)
  );
}

interface Counts {
  compared: number;
  mismatch: number;
  difference: number;
  total: number;
}

/** Counts one comparison of all rows, feature by feature. */
export class Tally {
  readonly #compared: Compared;
  readonly #columns: ViewColumns;
  readonly #differences: Differences;
  readonly #counts: readonly Counts[];
  readonly #entityTypes: readonly SqlType[];
  #rows = 0;
  #mismatch = 0;
  #missing = 0;
  #extra = 0;
  pending = 0;

  constructor(compared: Compared, columns: ViewColumns, entityTypes: readonly SqlType[], differences: Differences) {
    this.#compared = compared;
    this.#columns = columns;
    this.#entityTypes = entityTypes;
    this.#differences = differences;
    this.#counts = columns.features.map(() => ({ compared: 0, mismatch: 0, difference: 0, total: 0 }));
  }

  /** An answer and the row that it should be, or that should be it. */
  pair(online: Row, other: Row, where: Where): void {
    this.#rows++;
    const found: Difference[] = [];
    this.#columns.features.forEach(({ name, type }, i) => {
      const counts = this.#counts[i]!;
      const [a, b] = [online[i]!, other[i]!];
      counts.compared++;
      if (isNumber(a) && isNumber(b)) {
        counts.difference += Math.abs(Number(a) - Number(b));
        counts.total += Math.abs(Number(a)) + Math.abs(Number(b));
      }
      if (isSame(a, b)) return;
      counts.mismatch++;
      const values = { online: shown(type, a), other: shown(type, b) };
      found.push({ ...this.#told('mismatch', where), feature: name, ...values });
    });
    if (found.length > 0) this.#mismatch++;
    this.#differences.add(found);
  }
  missing(where: Where): void {
    this.#rows++;
    this.#missing++;
    this.#differences.add([this.#told('missing', where)]);
  }
  extra(where: Where): void {
    this.#rows++;
    this.#extra++;
    this.#differences.add([this.#told('extra', where)]);
  }
  /** Rows of which all features are the same. */
  same(online: Row): void {
    this.#rows++;
    for (let i = 0; i < online.length; i++) {
      const value = online[i]!;
      const counts = this.#counts[i]!;
      counts.compared++;
      if (isNumber(value)) counts.total += 2 * Math.abs(Number(value));
    }
  }

  #told(kind: Difference['kind'], where: Where): Difference {
    const { entity, time, windowStart, answeredAt, event, file } = where;
    return {
      comparison: this.#compared,
      kind,
      entity: Object.fromEntries(
        this.#columns.entity.map((name, i) => [name, shown(this.#entityTypes[i]!, entity[i] ?? null)]),
      ),
      time,
      windowStart: this.#columns.isWindowed ? windowStart : null,
      feature: null,
      online: null,
      other: null,
      answeredAt,
      event,
      file,
    };
  }

  get differing(): number {
    return this.#mismatch + this.#missing + this.#extra;
  }
  result(): Comparison {
    const [missing, extra] = [this.#missing, this.#extra];
    return {
      rows: this.#rows,
      mismatch: this.#mismatch,
      missing,
      extra,
      pending: this.pending,
      features: this.#columns.features.map(({ name }, i) => {
        const { compared, mismatch, difference, total } = this.#counts[i]!;
        const smape = total === 0 || Number.isNaN(total) ? null : difference / total;
        return { feature: name, compared, mismatch, missing, extra, smape };
      }),
    };
  }
}

const isNumber = (value: Value): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';
const isSame = (a: Value, b: Value): boolean => equalValues(a, b) || (Number.isNaN(a) && Number.isNaN(b));

/** A value as JSON has it; one that JSON has no exact form for is told as text. */
function shown(type: SqlType, value: Value): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  return jsonWriter(type)(value);
}
