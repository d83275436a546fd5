import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parquetEncoder } from '../../src/files/parquet-writer.ts';
import { localFile } from '../../src/files/local-folder.ts';
import { openParquet } from '../../src/files/parquet-reader.ts';
import { Sorter } from '../../src/files/sorter.ts';
import { writeFileSync } from 'node:fs';
import {
  array,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  DOUBLE,
  INTEGER,
  map,
  STRING,
  struct,
  TIME,
  TIMESTAMP,
  type Row,
} from '../../src/types/sql-type.ts';
import { duckDb, newFolder, rowsOf } from '../support/files.ts';

test('sorts by bytes, whatever fits in memory, and leaves nothing behind', () => {
  const entries = fc.array(fc.tuple(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 200 })), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(entries, fc.integer({ min: 0, max: 20_000 }), (all, memory) => {
      const folder = join(newFolder(), 'sort');
      const sorter = new Sorter(folder, memory);
      for (const [key, value] of all) sorter.add(Buffer.from(key), Buffer.from(value));
      const text = (parts: readonly Uint8Array[]): string =>
        parts.map((part) => Buffer.from(part).toString('hex')).join();
      const read = [...sorter.sorted()].map(({ key, value }) => [text([key]), text([key, value])] as const);
      expect(read.map(([key]) => key)).toEqual(all.map(([key]) => text([key])).sort());
      expect(read.map(([, whole]) => whole).sort()).toEqual(all.map(text).sort());
      expect(existsSync(folder)).toBe(false);
    }),
    { numRuns: 40 },
  );
});

const columns = [
  { name: 'b', type: BOOLEAN },
  { name: 'i', type: INTEGER },
  { name: 'l', type: BIGINT },
  { name: 'd', type: DOUBLE },
  { name: 'n', type: decimal(5, 2) },
  { name: 'w', type: decimal(38, 3) },
  { name: 's', type: STRING },
  { name: 'y', type: BYTES },
  { name: 'day', type: DATE },
  { name: 'tm', type: TIME },
  { name: 'ts', type: TIMESTAMP },
  { name: 'a', type: array(array(BIGINT)) },
  { name: 'm', type: map(STRING, DOUBLE) },
  {
    name: 'x',
    type: struct([
      { name: 'p', type: BIGINT },
      { name: 'q', type: array(STRING) },
    ]),
  },
  { name: 'mi', type: map(INTEGER, STRING) },
];
const rows: readonly Row[] = [
  [
    true,
    1,
    9007199254740993n,
    Infinity,
    12345,
    -(10n ** 37n),
    'ü',
    Buffer.from([0, 255]),
    20_000,
    3_600_000,
    1_700_000_000_123,
    [[1, null], null, []],
    new Map([
      ['k', 1.5],
      ['j', null],
    ]),
    [5, ['a', null]],
    new Map([[1, 'x']]),
  ],
  columns.map(() => null),
  [false, -2147483648, -1, -0.25, -1, 0, '', Buffer.alloc(0), -1, 0, -1, [], new Map(), [null, null], new Map()],
];

test('every SQL type is read back as it was written, and is what DuckDB reads', async () => {
  const path = join(newFolder(), 'all.parquet');
  writeFileSync(path, (await parquetEncoder(columns))(rows));
  const file = await openParquet(localFile(path));
  expect(file.columns).toEqual(columns);
  const read: Row[] = [];
  for await (const batch of file.rows(columns.map(({ name }) => name))) read.push(...batch);
  expect(read).toEqual(rows);
  const duckdb = await duckDb();
  const [first] = await rowsOf(duckdb, `SELECT * FROM read_parquet('${path}')`);
  expect(first).toEqual([
    true,
    1,
    '9007199254740993',
    'Infinity',
    '123.45',
    '-10000000000000000000000000000000000.000',
    'ü',
    '\\x00\\xFF',
    '2024-10-04',
    '01:00:00',
    '2023-11-14 22:13:20.123+00',
    [['1', null], null, []],
    [
      { key: 'k', value: 1.5 },
      { key: 'j', value: null },
    ],
    { p: '5', q: ['a', null] },
    [{ key: 1, value: 'x' }],
  ]);
});
