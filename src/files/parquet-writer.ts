import type { Row, Value } from '../types/sql-type.ts';
import { parquetSchemaOf, toFile, type FileColumn } from './parquet-schema.ts';

/** Makes the bytes of a Parquet file of rows. */
export type EncodeFile = (rows: readonly Row[]) => Uint8Array;

/** The most rows of a row group: readers skip and load whole groups. */
const groupRows = 10_000;

/** An encoder of files with these columns: dictionaries where they make a column smaller, compressed with Snappy. */
export async function parquetEncoder(columns: readonly FileColumn[]): Promise<EncodeFile> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const { compressSync } = await import('snappy');
  // The writer's own is in JavaScript.
  const compressors = { SNAPPY: (bytes: Uint8Array): Uint8Array => compressSync(bytes) };
  const schema = parquetSchemaOf(columns);
  const converters = columns.map(({ type }) => toFile(type));
  return (rows) => {
    const columnData = columns.map(({ name }, slot) => {
      const convert = converters[slot];
      const valueOf = (row: Row): unknown => {
        const value: Value | undefined = row[slot];
        return value === null || value === undefined ? null : convert === undefined ? value : convert(value);
      };
      return { name, data: rows.map(valueOf) };
    });
    const options = { schema, columnData, compressors, rowGroupSize: groupRows, createdBy: 'millrace' };
    return new Uint8Array(parquetWriteBuffer(options));
  };
}
