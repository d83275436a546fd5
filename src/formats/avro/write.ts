import { rescale, unscaledBytes } from '../../types/decimals.ts';
import { EvaluationError } from '../../types/numbers.ts';
import { typeText, type Long, type SqlType, type Value } from '../../types/sql-type.ts';
import type { Bytes } from '../../util/bytes.ts';
import { branchFields, type BranchField } from './branches.ts';
import { entryFields, logicalTimes, type Avro, type AvroField } from './schema.ts';
import { defaultBytes } from './defaults.ts';
import { putLong } from './wire.ts';
import { DecodeError, fieldNamed } from '../define.ts';

type WriteAvro = (value: Value, out: Bytes) => void;

/** A writer of values of a SQL type with a schema; throws `DecodeError` when the schema cannot hold the type. */
export function avroWriter(schema: Avro, type: SqlType, path: string): WriteAvro {
  const write = branchWriter(schema, type, path);
  if (write === undefined) throw new DecodeError(`${path}: Avro ${avroName(schema)} cannot hold ${typeText(type)}`);
  return write;
}

/** A schema's kind with what decides which values it holds. */
function avroName(schema: Avro): string {
  if (schema.kind === 'union')
    return schema.branches
      .filter(({ kind }) => kind !== 'null')
      .map(avroName)
      .join(' or ');
  if (!('logical' in schema) || schema.logical === undefined) return schema.kind;
  const digits = schema.precision === undefined ? '' : `(${schema.precision}, ${schema.scale ?? 0})`;
  return `${schema.kind} as ${schema.logical}${digits}`;
}

function branchWriter(schema: Avro, type: SqlType, path: string): WriteAvro | undefined {
  if (schema.kind === 'union') {
    const none = schema.branches.findIndex(({ kind }) => kind === 'null');
    const several = type.kind === 'STRUCT' ? branchFields(schema, type) : undefined;
    if (several !== undefined) return structWriter(several.branches, none, path);
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

/** Writes the one field of a struct that is not null, as the branch of a union that it stands for. */
function structWriter(branches: readonly BranchField[], none: number, path: string): WriteAvro {
  const writers = branches.flatMap(({ branch, field }, index) =>
    field === undefined
      ? []
      : [{ slot: field.slot, index, write: avroWriter(branch, field.type, `${path}.${field.name}`) }],
  );
  return (value, out) => {
    const row = value as readonly Value[] | null;
    const [only, more] = writers.filter(({ slot }) => row !== null && row[slot] !== null);
    if (more !== undefined) throw new EvaluationError(`${path}: a union holds one of its types, not two`);
    const index = only?.index ?? none;
    if (index < 0) throw new EvaluationError(`${path}: the schema does not allow null`);
    putLong(index, out);
    only?.write(row![only.slot]!, out);
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
    case 'TIMESTAMP':
      return logicalTimes[type.kind](schema) ? writeLong : undefined;
    case 'STRING':
      return kind === 'string' ? writeText : schema.kind === 'enum' ? enumWriter(schema.symbols, path) : undefined;
    case 'BYTES':
      return 'logical' in schema && schema.logical === 'decimal' ? undefined : bytesWriter(schema, path);
    case 'DECIMAL': {
      const write = bytesWriter(schema, path);
      if (write === undefined || !('logical' in schema) || schema.logical !== 'decimal') return undefined;
      const { scale = 0, precision = 0 } = schema;
      if (scale < type.scale || precision - scale < type.precision - type.scale) return undefined;
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

/**
 * A writer of a record's fields from the columns with their names; a field without a column must have a default or be nullable.
 */
export function recordWriter(
  fields: readonly AvroField[],
  columns: readonly { readonly name: string; readonly type: SqlType; readonly slot: number }[],
  path: string,
): (row: readonly Value[], out: Bytes) => void {
  const missing = columns.find((column) => fieldNamed(fields, column.name) === undefined);
  if (missing !== undefined) throw new DecodeError(`${path}: the schema has no field for column "${missing.name}"`);
  const writers = fields.map((field) => {
    const { name, type, default: fallback } = field;
    const column = columns.find((column) => fieldNamed(fields, column.name) === field);
    const none = type.kind === 'union' ? type.branches.findIndex(({ kind }) => kind === 'null') : -1;
    const defaultValue = fallback === undefined ? undefined : defaultBytes(type, fallback);
    if (column !== undefined) {
      const write = avroWriter(type, column.type, `${path}.${name}`);
      if (defaultValue === undefined || none >= 0) return { slot: column.slot, write };
      // As Connect does, NULL in a non-nullable field becomes the field's default.
      return {
        slot: column.slot,
        write: (value: Value, out: Bytes) => (value === null ? out.copy(defaultValue) : write(value, out)),
      };
    }
    if (defaultValue !== undefined) return { slot: -1, write: (_value: Value, out: Bytes) => out.copy(defaultValue) };
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
