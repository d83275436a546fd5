import type { AsyncBuffer, FileMetaData, SchemaElement } from 'hyparquet';
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
} from '../types/sql-type.ts';
import type { Row, SqlType, Value } from '../types/sql-type.ts';
import type { DataFile, FileBytes } from './data-folder.ts';
import { fromFile, type FileColumn } from './parquet-schema.ts';

/** A Parquet file that can be read. */
export interface ParquetFile {
  readonly columns: readonly FileColumn[];
  /**
   * Its rows, in batches, with these columns; one that the file does not have is NULL in all of them. They are those of one version
   * of the file, also when another takes its name meanwhile.
   */
  rows(names: readonly string[]): AsyncIterable<readonly Row[]>;
}

const parsers = {
  timestampFromMilliseconds: Number,
  timestampFromMicroseconds: (micros: bigint) => Number(micros / 1000n),
  timestampFromNanoseconds: (nanos: bigint) => Number(nanos / 1_000_000n),
  dateFromDays: (days: number) => days,
};

/** The most rows that are read at once. */
const batchRows = 10_000;

/** Opens a file; types of columns that SQL has none for are left out. */
export async function openParquet(from: DataFile): Promise<ParquetFile> {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const first = await from.open();
  let columns: readonly FileColumn[];
  try {
    columns = columnsOf(await parquetMetadataAsync(bytesOf(first)));
  } finally {
    await first.close();
  }
  return {
    columns,
    async *rows(names) {
      const handle = await from.open();
      try {
        const file = bytesOf(handle);
        const metadata = await parquetMetadataAsync(file);
        const there = columnsOf(metadata);
        const converters = names.map((name) => {
          const column = there.find((candidate) => candidate.name === name);
          return column && fromFile(column.type);
        });
        const known = names.filter((_, i) => converters[i] !== undefined);
        // The reader would make decimals numbers, which lose digits: without their logical type they stay whole.
        const schema = metadata.schema.map((each) => (each.converted_type === 'DECIMAL' ? withoutType(each) : each));
        const wanted = { file, metadata: { ...metadata, schema }, columns: known, parsers, utf8: false };
        const total = Number(metadata.num_rows);
        for (let rowStart = 0; rowStart < total; rowStart += batchRows) {
          const rowEnd = Math.min(rowStart + batchRows, total);
          const objects = await parquetReadObjects({ ...wanted, rowStart, rowEnd });
          yield objects.map((object) => names.map((name, i): Value => converters[i]?.(object[name]) ?? null));
        }
      } finally {
        await handle.close();
      }
    },
  };
}

/** An open file as the reader takes it: its own opens the file by its name for each piece, and may meet two versions. */
const bytesOf = (file: FileBytes): AsyncBuffer => ({
  byteLength: file.size,
  slice: (start, end = file.size) => file.slice(start, end),
});

function withoutType({ converted_type: _converted, logical_type: _logical, ...element }: SchemaElement): SchemaElement {
  return element;
}

function columnsOf({ schema }: FileMetaData): FileColumn[] {
  let at = 0;
  const read = (): { readonly name: string; readonly type: SqlType | undefined } => {
    const element = schema[at++]!;
    const children = Array.from({ length: element.num_children ?? 0 }, read);
    return { name: element.name, type: children.length === 0 ? leafType(element) : groupType(element, children) };
  };
  const root = schema[0]!;
  at = 1;
  const columns = Array.from({ length: root.num_children ?? 0 }, read);
  return columns.flatMap(({ name, type }) => (type === undefined ? [] : [{ name, type }]));
}

type Typed = readonly { readonly name: string; readonly type: SqlType | undefined }[];

function groupType(
  { converted_type: converted, logical_type: logical }: SchemaElement,
  children: Typed,
): SqlType | undefined {
  const [only] = children;
  if (converted === 'LIST' || logical?.type === 'LIST') {
    const inner = only?.type;
    return inner?.kind === 'STRUCT' && inner.fields.length === 1 ? array(inner.fields[0]!.type) : inner && array(inner);
  }
  if (converted === 'MAP' || logical?.type === 'MAP') {
    const inner = only?.type;
    return inner?.kind === 'STRUCT' ? map(inner.fields[0]!.type, inner.fields[1]!.type) : undefined;
  }
  const fields = children.flatMap(({ name, type }) => (type === undefined ? [] : [{ name, type }]));
  return fields.length === children.length ? struct(fields) : undefined;
}

function leafType(element: SchemaElement): SqlType | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (converted === 'DECIMAL') return decimal(element.precision ?? 38, element.scale ?? 0);
  if (converted === 'DATE' || logical?.type === 'DATE') return DATE;
  if (converted === 'TIME_MILLIS') return TIME;
  if (converted === 'TIMESTAMP_MILLIS' || converted === 'TIMESTAMP_MICROS' || logical?.type === 'TIMESTAMP')
    return TIMESTAMP;
  if (converted === 'UTF8' || converted === 'ENUM' || logical?.type === 'STRING') return STRING;
  switch (type) {
    case 'BOOLEAN':
      return BOOLEAN;
    case 'INT32':
      return INTEGER;
    case 'INT64':
      return BIGINT;
    case 'FLOAT':
    case 'DOUBLE':
      return DOUBLE;
    case 'BYTE_ARRAY':
      return converted === undefined && logical === undefined ? BYTES : undefined;
    default:
      return undefined;
  }
}
