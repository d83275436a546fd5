import { rescale, unscaledBytes } from '../../types/decimals.ts';
import { EvaluationError } from '../../types/numbers.ts';
import { typeText, type Long, type SqlType, type Value } from '../../types/sql-type.ts';
import type { Bytes } from '../../util/bytes.ts';
import { entryFields, type Avro, type AvroField } from './schema.ts';
import { defaultBytes } from './defaults.ts';
import { putLong } from './wire.ts';
import { DecodeError } from '../define.ts';

type WriteAvro = (value: Value, out: Bytes) => void;

/** Writes values of a SQL type by a schema; throws `DecodeError` at once where the schema cannot hold the type. */
export function avroWriter(schema: Avro, type: SqlType, path: string): WriteAvro {
  const write = branchWriter(schema, type, path);
  if (write === undefined) throw new DecodeError(`${path}: Avro ${schema.kind} cannot hold ${typeText(type)}`);
  return write;
}

function branchWriter(schema: Avro, type: SqlType, path: string): WriteAvro | undefined {
  if (schema.kind === 'union') {
    const none = schema.branches.findIndex(({ kind }) => kind === 'null');
    const writers = schema.branches.map((branch) => branchWriter(branch, type, path));
    const branch = writers.findIndex((writer) => writer !== undefined);
    if (branch < 0) return undefined;
    const write = writers[branch]!;
    return (value, out) => {
      if (value === null && none >= 0) {
        putLong(none, out);
        return;
      }
      putLong(branch, out);
      write(value, out);
    };
  }
  const write = converter(schema, type, path);
  if (write === undefined) return undefined;
  return (value, out) => {
    if (value === null) throw new EvaluationError(`${path}: the schema does not allow null`);
    write(value, out);
  };
}

const writeLong: WriteAvro = (value, out) => putLong(value as Long, out);
const writeDouble: WriteAvro = (value, out) =>
  void (out.length = out.need(8).writeDoubleLE(value as number, out.length));
const writeFloat: WriteAvro = (value, out) => void (out.length = out.need(4).writeFloatLE(value as number, out.length));
const writeText: WriteAvro = (value, out) => writeBytes(Buffer.from(value as string), out);
const writeBytes: WriteAvro = (value, out) => {
  putLong((value as Buffer).length, out);
  out.copy(value as Buffer);
};

function converter(schema: Avro, type: SqlType, path: string): WriteAvro | undefined {
  const { kind } = schema;
  switch (type.kind) {
    case 'BOOLEAN':
      return kind === 'boolean' ? (value, out) => out.byte(value === true ? 1 : 0) : undefined;
    case 'INTEGER':
      return kind === 'int' || kind === 'long' ? writeLong : kind === 'double' ? writeDouble : undefined;
    case 'BIGINT':
      return kind === 'long' ? writeLong : undefined;
    case 'DOUBLE':
      return kind === 'double' ? writeDouble : kind === 'float' ? writeFloat : undefined;
    case 'DATE':
    case 'TIME':
      return kind === 'int' ? writeLong : undefined;
    case 'TIMESTAMP':
      return kind === 'long' ? writeLong : undefined;
    case 'STRING':
      return kind === 'string' ? writeText : schema.kind === 'enum' ? enumWriter(schema.symbols, path) : undefined;
    case 'BYTES':
      return bytesWriter(schema, path);
    case 'DECIMAL': {
      const write = bytesWriter(schema, path);
      if (write === undefined || !('logical' in schema) || schema.logical !== 'decimal') return undefined;
      const { scale = 0 } = schema;
      return (value, out) => {
        const unscaled = rescale(value as Long, type.scale, scale);
        write(unscaledBytes(unscaled, schema.kind === 'fixed' ? schema.size : undefined), out);
      };
    }
    case 'ARRAY':
      if (schema.kind !== 'array') return undefined;
      return itemsWriter(avroWriter(schema.items, type.element, path));
    case 'MAP': {
      const entry = entryFields(schema);
      if (entry === undefined && schema.kind !== 'map') return undefined;
      const key = avroWriter(entry?.[0] ?? { kind: 'string' }, type.key, path);
      const item = avroWriter(entry?.[1] ?? (schema as Extract<Avro, { kind: 'map' }>).values, type.value, path);
      return (value, out) => {
        const { size } = value as ReadonlyMap<Value, Value>;
        if (size > 0) putLong(size, out);
        for (const [name, each] of value as ReadonlyMap<Value, Value>) {
          key(name, out);
          item(each, out);
        }
        putLong(0, out);
      };
    }
    case 'STRUCT': {
      if (schema.kind !== 'record') return undefined;
      const columns = type.fields.map((field, slot) => ({ ...field, slot }));
      const write = recordWriter(schema.fields, columns, path);
      return (value, out) => write(value as readonly Value[], out);
    }
  }
}

function enumWriter(symbols: readonly string[], path: string): WriteAvro {
  return (value, out) => {
    const index = symbols.indexOf(value as string);
    if (index < 0) throw new EvaluationError(`${path}: "${value as string}" is none of ${symbols.join(', ')}`);
    putLong(index, out);
  };
}

function bytesWriter(schema: Avro, path: string): WriteAvro | undefined {
  if (schema.kind === 'bytes') return writeBytes;
  if (schema.kind !== 'fixed') return undefined;
  return (value, out) => {
    if ((value as Buffer).length !== schema.size)
      throw new EvaluationError(`${path}: ${schema.size} bytes are needed, not ${(value as Buffer).length}`);
    out.copy(value as Buffer);
  };
}

function itemsWriter(write: WriteAvro): WriteAvro {
  return (value, out) => {
    const items = value as readonly Value[];
    if (items.length > 0) putLong(items.length, out);
    for (const item of items) write(item, out);
    putLong(0, out);
  };
}

/** Writes a record's fields from the columns that have their names; a field without one must have a default or allow null. */
export function recordWriter(
  fields: readonly AvroField[],
  columns: readonly { readonly name: string; readonly type: SqlType; readonly slot: number }[],
  path: string,
): (row: readonly Value[], out: Bytes) => void {
  const writers = fields.map(({ name, type, default: fallback }) => {
    const column =
      columns.find((each) => each.name === name) ?? columns.find((each) => each.name === name.toUpperCase());
    const none = type.kind === 'union' ? type.branches.findIndex(({ kind }) => kind === 'null') : -1;
    const given = fallback === undefined ? undefined : defaultBytes(type, fallback);
    if (column !== undefined) {
      const write = avroWriter(type, column.type, `${path}.${name}`);
      if (given === undefined || none >= 0) return { slot: column.slot, write };
      // As Connect has it: what may not be null is its default then.
      return {
        slot: column.slot,
        write: (value: Value, out: Bytes) => (value === null ? out.copy(given) : write(value, out)),
      };
    }
    if (given !== undefined) return { slot: -1, write: (_value: Value, out: Bytes) => out.copy(given) };
    if (none < 0) throw new DecodeError(`${path}: the schema needs a field "${name}", and no column has that name`);
    return { slot: -1, write: (_value: Value, out: Bytes) => putLong(none, out) };
  });
  return (row, out) => {
    for (let i = 0; i < writers.length; i++) {
      const { slot, write } = writers[i]!;
      write(slot < 0 ? null : row[slot]!, out);
    }
  };
}
