import { expect, test } from 'vitest';
import { parseJson, type Json } from '../../../src/types/json.ts';
import { columnsOf } from '../../../src/repl/shown-columns.ts';
import { LiveTable } from '../../../src/repl/live-table.ts';

/** Values as an answer has them. */
const row = (...values: readonly (string | number | null)[]): Json[] => parseJson(JSON.stringify(values)) as Json[];
const shown = (table: LiveTable, height = 24, now = 10_000): string[] => table.render(80, height, now);

test('a row changes in its place, goes with its tombstone, and comes back at the end', () => {
  const table = new LiveTable(columnsOf('`K` STRING KEY, `N` INTEGER'));
  for (const k of ['a', 'b', 'c']) table.apply(row(k, 1), false, 0);
  table.apply(row('b', 20), false, 100);
  table.apply(row('a', null), true, 200);
  table.apply(row('a', 5), false, 300);
  expect(shown(table)).toEqual([
    '3 rows | 6 changes, 0.0 a second | 1 deleted | Ctrl-C ends',
    '+---+----+',
    '| K |  N |',
    '+---+----+',
    '| b | 20 |',
    '| c |  1 |',
    '| a |  5 |',
    '+---+----+',
  ]);
});

test('of more rows than the screen has lines for those are shown that changed last, in the order in which they came', () => {
  const table = new LiveTable(columnsOf('`K` STRING KEY, `N` INTEGER'));
  for (let i = 0; i < 9; i++) table.apply(row(`k${i}`, i), false, i);
  table.apply(row('k1', 100), false, 50);
  expect(shown(table, 8)).toEqual([
    '9 rows, the 3 that changed last | 10 changes, 0.0 a second | 0 deleted | Ctrl-C ends',
    '+----+-----+',
    '| K  |   N |',
    '+----+-----+',
    '| k1 | 100 |',
    '| k7 |   7 |',
    '| k8 |   8 |',
    '+----+-----+',
  ]);
});

test('rates are those of the last five seconds', () => {
  const table = new LiveTable(columnsOf('`K` STRING KEY'));
  for (let at = 0; at < 10_000; at += 100) table.apply(row('k'), false, at);
  expect(table.rate(10_000)).toBe(10);
  expect(table.rate(12_500)).toBe(5);
  expect(table.rate(20_000)).toBe(0);
});

test('rows are known by their key and window; without a key by the first column', () => {
  const windowed = new LiveTable(columnsOf('`K` STRING KEY, `WINDOWSTART` BIGINT KEY, `N` INTEGER'));
  const times = new LiveTable(columnsOf('`N` INTEGER, `K` STRING, `WINDOWSTART` BIGINT'));
  for (const [k, start] of [
    ['a', 0],
    ['a', 10],
    ['a', 10],
    ['b', 10],
  ] as const) {
    windowed.apply(row(k, start, 1), false, 0);
    times.apply(row(1, k, start), false, 0);
  }
  expect([shown(windowed)[0], shown(times)[0]]).toEqual([
    '3 rows | 4 changes, 0.0 a second | 0 deleted | Ctrl-C ends',
    '2 rows | 4 changes, 0.0 a second | 0 deleted | Ctrl-C ends',
  ]);
});

test('the columns of a schema have their keys, and the names within a STRUCT are none', () => {
  expect(columnsOf('`A``B` STRUCT<`X` INTEGER, `Y` STRING> KEY, `N` DECIMAL(4, 2), `M` MAP<STRING, BIGINT>')).toEqual([
    { name: 'A`B', isNumber: false, isKey: true },
    { name: 'N', isNumber: true, isKey: false },
    { name: 'M', isNumber: false, isKey: false },
  ]);
});
