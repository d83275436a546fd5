import type { SchemaElement } from 'hyparquet';
import { unscaledFrom } from '../types/decimals.ts';
import { canonical } from '../types/numbers.ts';
import type { SqlType, Value } from '../types/sql-type.ts';

/** A column of a file. */
export interface FileColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** The widest DECIMAL that 64 bits hold. */
const longDigits = 18;
/** The bytes of a wider one, which hold 38 digits. */
const wideBytes = 16;

/** The schema of a file with these columns: every column may be null. */
export const parquetSchemaOf = (columns: readonly FileColumn[]): SchemaElement[] => [
  { name: 'root', num_children: columns.length },
  ...columns.flatMap(({ name, type }) => elementsOf(name, type, 'OPTIONAL')),
];

/** A type as Parquet has it: its logical type, so that a reader sees the SQL type and not its bytes. */
function elementsOf(name: string, type: SqlType, repetition: 'OPTIONAL' | 'REQUIRED'): SchemaElement[] {
  const leaf = (element: Omit<SchemaElement, 'name' | 'repetition_type'>): SchemaElement[] => [
    { name, repetition_type: repetition, ...element },
  ];
  switch (type.kind) {
    case 'BOOLEAN':
      return leaf({ type: 'BOOLEAN' });
    case 'INTEGER':
      return leaf({ type: 'INT32' });
    case 'BIGINT':
      return leaf({ type: 'INT64' });
    case 'DOUBLE':
      return leaf({ type: 'DOUBLE' });
    case 'DECIMAL': {
      const { precision, scale } = type;
      const decimal = { converted_type: 'DECIMAL', precision, scale } as const;
      return precision <= longDigits
        ? leaf({ type: 'INT64', ...decimal })
        : leaf({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: wideBytes, ...decimal });
    }
    case 'STRING':
      return leaf({ type: 'BYTE_ARRAY', converted_type: 'UTF8' });
    case 'BYTES':
      return leaf({ type: 'BYTE_ARRAY' });
    case 'DATE':
      return leaf({ type: 'INT32', converted_type: 'DATE' });
    case 'TIME':
      return leaf({ type: 'INT32', converted_type: 'TIME_MILLIS' });
    case 'TIMESTAMP':
      return leaf({
        type: 'INT64',
        converted_type: 'TIMESTAMP_MILLIS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
      });
    case 'ARRAY':
      return [
        { name, converted_type: 'LIST', repetition_type: repetition, num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        ...elementsOf('element', type.element, 'OPTIONAL'),
      ];
    case 'MAP':
      return [
        { name, converted_type: 'MAP', repetition_type: repetition, num_children: 1 },
        { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
        ...elementsOf('key', type.key, 'REQUIRED'),
        ...elementsOf('value', type.value, 'OPTIONAL'),
      ];
    case 'STRUCT':
      return [
        { name, repetition_type: repetition, num_children: type.fields.length },
        ...type.fields.flatMap((field) => elementsOf(field.name, field.type, 'OPTIONAL')),
      ];
  }
}

/** Turns a value that is not null into what the writer takes. */
export type ToFile = (value: NonNullable<Value>) => unknown;
const same: ToFile = (value) => value;

/** How values of a type are given to the writer; undefined: as they are. */
export function toFile(type: SqlType): ToFile | undefined {
  switch (type.kind) {
    case 'BIGINT':
    case 'DECIMAL':
    case 'TIMESTAMP':
      return (value) => BigInt(value as number | bigint);
    case 'ARRAY': {
      const element = nullable(type.element);
      return (value) => (value as readonly Value[]).map(element);
    }
    case 'MAP': {
      const [key, item] = [nullable(type.key), nullable(type.value)];
      return (value) => {
        // A key that is null has no place in Parquet.
        const entries = [...(value as ReadonlyMap<Value, Value>)].filter(([name]) => name !== null);
        return entries.map(([name, of]) => ({ key: key(name), value: item(of) }));
      };
    }
    case 'STRUCT': {
      const fields = type.fields.map((field) => [field.name, nullable(field.type)] as const);
      return (value) =>
        Object.fromEntries(fields.map(([name, convert], i) => [name, convert((value as readonly Value[])[i]!)]));
    }
    default:
      return undefined;
  }
}
function nullable(type: SqlType): (value: Value) => unknown {
  const convert = toFile(type) ?? same;
  return (value) => (value === null ? null : convert(value));
}

/** The SQL value of what the reader gives with `parsers` and decimals left as integers. */
export function fromFile(type: SqlType): (stored: unknown) => Value {
  const convert = notNull(type);
  return (stored) => (stored === null || stored === undefined ? null : convert(stored));
}
function notNull(type: SqlType): (stored: unknown) => Value {
  switch (type.kind) {
    case 'BIGINT':
      return (stored) => canonical(BigInt(stored as bigint | number));
    case 'DECIMAL':
      return (stored) =>
        stored instanceof Uint8Array ? unscaledFrom(Buffer.from(stored)) : canonical(BigInt(stored as bigint | number));
    case 'INTEGER':
    case 'DOUBLE':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return Number;
    case 'BYTES':
      return (stored) => Buffer.from(stored as Uint8Array);
    case 'ARRAY': {
      const element = fromFile(type.element);
      return (stored) => (stored as unknown[]).map(element);
    }
    case 'MAP': {
      const [key, item] = [fromFile(type.key), fromFile(type.value)];
      return (stored) => new Map(entriesOf(stored).map(([name, value]) => [key(name), item(value)]));
    }
    case 'STRUCT': {
      const fields = type.fields.map((field) => [field.name, fromFile(field.type)] as const);
      return (stored) => fields.map(([name, convert]) => convert((stored as Record<string, unknown>)[name]));
    }
    default:
      return (stored) => stored as Value;
  }
}

/** The entries of a MAP, which the reader gives as an object or, for keys that are no texts, as a list of pairs. */
function entriesOf(stored: unknown): [unknown, unknown][] {
  if (Array.isArray(stored)) return stored.map(({ key, value }: { key: unknown; value: unknown }) => [key, value]);
  return stored instanceof Map ? [...(stored as Map<unknown, unknown>)] : Object.entries(stored as object);
}
