import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localFile } from '../../src/files/local-folder.ts';
import { openParquet } from '../../src/files/parquet-reader.ts';
import { parquetEncoder } from '../../src/files/parquet-writer.ts';
import { BIGINT, STRING, type Row } from '../../src/types/sql-type.ts';
import { newFolder } from '../support/files.ts';

const columns = [
  { name: 'ID', type: BIGINT },
  { name: 'TEXT', type: STRING },
];
const rowsOf = (version: string, count: number): Row[] =>
  Array.from({ length: count }, (_, i) => [i, `${version}${i}`]);

test('a reader of a file meets one version of it, also when another takes its name meanwhile', async () => {
  const path = join(newFolder(), 'rows.parquet');
  const encode = await parquetEncoder(columns);
  const put = (version: string, count: number): void => {
    writeFileSync(`${path}.next`, encode(rowsOf(version, count)));
    renameSync(`${path}.next`, path);
  };
  put('first', 25_000);
  const read: Row[] = [];
  const file = await openParquet(localFile(path));
  let count = 0;
  for await (const batch of file.rows(['ID', 'TEXT'])) {
    if (count++ === 0) put('second', 40);
    read.push(...batch);
  }
  expect(read).toEqual(rowsOf('first', 25_000));
  const again: Row[] = [];
  for await (const batch of file.rows(['ID', 'TEXT'])) again.push(...batch);
  expect(again).toEqual(rowsOf('second', 40));
});
