import { stripVTControlCharacters } from 'node:util';
import colors from 'picocolors';
import { cellText, type Shown, type ShownColumn } from './layouts.ts';
import { columnWidths, renderRow, ruleOf } from './table.ts';

interface LiveRow {
  values: readonly Shown[];
  /** When it changed last, in milliseconds of `performance.now()`. */
  at: number;
  changes: number;
}

/** Rates are those of so many milliseconds; a row is marked as changed for that long, too. */
const rateMs = 5000;
const markMs = 1000;
const mostRows = 10_000;

/** The rows of a table that changes, each in its place: what `\live` shows. A row is known by its key columns. */
export class LiveTable {
  readonly #columns: readonly ShownColumn[];
  readonly #keys: readonly number[];
  readonly #rows = new Map<string, LiveRow>();
  /** The times of the changes of the last seconds, each with how many there were in that tenth. */
  readonly #recent: { readonly at: number; count: number }[] = [];
  #total = 0;
  #deleted = 0;

  /** Without columns that are the key's, the first one and the window's are taken for it. */
  constructor(columns: readonly ShownColumn[]) {
    this.#columns = columns;
    const all = columns.map((_, i) => i);
    const marked = all.filter((i) => columns[i]!.isKey);
    const windows = all.filter((i) => /^WINDOW(START|END)$/.test(columns[i]!.name));
    this.#keys = [...new Set([...(marked.length > 0 ? marked : all.slice(0, 1)), ...windows])];
  }

  apply(values: readonly Shown[], isTombstone: boolean, now: number): void {
    this.#count(now);
    const key = JSON.stringify(this.#keys.map((i) => cellText(values[i])));
    const row = this.#rows.get(key);
    if (isTombstone) {
      if (this.#rows.delete(key)) this.#deleted++;
    } else if (row !== undefined) {
      row.values = values;
      row.at = now;
      row.changes++;
    } else {
      this.#rows.set(key, { values, at: now, changes: 1 });
      if (this.#rows.size > mostRows) this.#rows.delete(this.#rows.keys().next().value!);
    }
  }
  #count(now: number): void {
    this.#total++;
    const last = this.#recent.at(-1);
    if (last !== undefined && now - last.at < 100) last.count++;
    else this.#recent.push({ at: now, count: 1 });
  }

  /** Changes a second, over the last five. */
  rate(now: number): number {
    while (this.#recent.length > 0 && this.#recent[0]!.at < now - rateMs) this.#recent.shift();
    return this.#recent.reduce((sum, { count }) => sum + count, 0) / (rateMs / 1000);
  }

  /** The lines for a screen: where more rows are there than it holds, those that changed last, all in the order in which they came. */
  render(width: number, height: number, now: number): string[] {
    const rate = this.rate(now);
    const most = Math.max(1, height - 5);
    const rows = [...this.#rows.values()];
    const newest = new Set(rows.length <= most ? rows : [...rows].sort((a, b) => b.at - a.at).slice(0, most));
    const shown = rows.filter((row) => newest.has(row));
    const headers = this.#columns.map(({ name }) => name);
    const cells = shown.map(({ values }) => values.map((value) => stripVTControlCharacters(cellText(value))));
    const atRight = this.#columns.map(({ isNumber }) => isNumber);
    const widths = columnWidths(headers, cells, width);
    const rule = ruleOf(widths);
    const count = `${rows.length} row${rows.length === 1 ? '' : 's'}`;
    const all = shown.length < rows.length ? `${count}, the ${shown.length} that changed last` : count;
    const lines = [
      `${all} | ${this.#total} changes, ${rate.toFixed(1)} a second | ${this.#deleted} deleted | Ctrl-C ends`,
      rule,
      renderRow(headers, widths, atRight),
      rule,
    ];
    for (const [i, row] of shown.entries()) {
      const text = renderRow(cells[i]!, widths, atRight);
      lines.push(...(now - row.at < markMs ? colors.bold(text) : text).split('\n'));
    }
    return [...lines.slice(0, height - 1), rule].slice(0, height);
  }
}
