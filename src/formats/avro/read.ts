import { fits, rescale, unscaledFrom } from '../../types/decimals.ts';
import { doubleText } from '../../types/numbers.ts';
import { typeText, type SqlType, type Value } from '../../types/sql-type.ts';
import { branchFields, type BranchField } from './branches.ts';
import { entryFields, logicalTimes, type Avro } from './schema.ts';
import type { AvroReader } from './wire.ts';
import { DecodeError, fieldNamed } from '../define.ts';
import { timeNumber } from '../time-numbers.ts';

type ReadAvro = (reader: AvroReader) => Value;
type RecordSchema = Extract<Avro, { kind: 'record' }>;

/** A reader of data with this schema as values of a SQL type; without a type the data is skipped. */
export function avroReader(schema: Avro, type: SqlType | undefined, path: string): ReadAvro {
  if (schema.kind === 'union') {
    const several = type?.kind === 'STRUCT' ? branchFields(schema, type) : undefined;
    if (several !== undefined) return branchReader(several, path);
    const branches = schema.branches.map((branch) => avroReader(branch, type, path));
    return (reader) => {
      const branch = branches[reader.small()];
      if (branch === undefined) throw new DecodeError(`${path}: the union has no such branch`);
      return branch(reader);
    };
  }
  if (schema.kind === 'null') return () => null;
  if (type === undefined) return skipper(schema);
  const convert = converter(schema, type, path);
  if (convert !== undefined) return convert;
  // Fails only when such a value is read, because a branch of a union may never occur.
  return () => {
    throw new DecodeError(`${path}: Avro ${schema.kind} cannot be read as ${typeText(type)}`);
  };
}

/** Reads the branch of a union of several types into the field that stands for it. */
function branchReader(
  { branches, width }: { branches: readonly BranchField[]; width: number },
  path: string,
): ReadAvro {
  const readers = branches.map(({ branch, field }) =>
    avroReader(branch, field?.type, `${path}.${field?.name ?? branch.kind}`),
  );
  return (reader) => {
    const index = reader.small();
    const read = readers[index];
    if (read === undefined) throw new DecodeError(`${path}: the union has no such branch`);
    const value = read(reader);
    if (branches[index]!.branch.kind === 'null') return null;
    const row = new Array<Value>(width).fill(null);
    const slot = branches[index]!.field?.slot;
    if (slot !== undefined) row[slot] = value;
    return row;
  };
}

function converter(schema: Avro, type: SqlType, path: string): ReadAvro | undefined {
  switch (type.kind) {
    case 'BOOLEAN':
      return schema.kind === 'boolean' ? readBoolean : undefined;
    case 'INTEGER':
      return schema.kind === 'int' ? readLong : undefined;
    case 'BIGINT':
      return schema.kind === 'int' || schema.kind === 'long' ? readLong : undefined;
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return logicalTimes[type.kind](schema) ? timeReader(type.kind) : undefined;
    case 'DOUBLE':
      return schema.kind === 'double' ? readDouble : schema.kind === 'float' ? readFloat : undefined;
    case 'STRING':
      return textReader(schema);
    case 'BYTES':
      return bytesReader(schema);
    case 'DECIMAL': {
      const bytes = bytesReader(schema);
      if (bytes === undefined || !('logical' in schema) || schema.logical !== 'decimal') return undefined;
      return (reader) => {
        const value = rescale(unscaledFrom(bytes(reader) as Buffer), schema.scale ?? 0, type.scale);
        if (!fits(value, type.precision)) throw new DecodeError(`${path}: more than ${type.precision} digits`);
        return value;
      };
    }
    case 'ARRAY': {
      if (schema.kind !== 'array') return undefined;
      const item = avroReader(schema.items, type.element, path);
      return (reader) => {
        const values: Value[] = [];
        reader.items(() => values.push(item(reader)));
        return values;
      };
    }
    case 'MAP': {
      const entry = entryFields(schema);
      const [keySchema, valueSchema]: readonly (Avro | undefined)[] =
        entry ?? (schema.kind === 'map' ? [{ kind: 'string' }, schema.values] : []);
      if (keySchema === undefined || valueSchema === undefined) return undefined;
      const key = avroReader(keySchema, type.key, path);
      const value = avroReader(valueSchema, type.value, path);
      return (reader) => {
        const values = new Map<Value, Value>();
        reader.items(() => {
          const name = key(reader);
          values.set(name, value(reader));
        });
        return values;
      };
    }
    case 'STRUCT': {
      if (schema.kind !== 'record') return undefined;
      const fields = recordReader(
        schema,
        type.fields.map((field, slot) => ({ ...field, slot })),
        path,
      );
      return (reader) => {
        const row: Value[] = type.fields.map(() => null);
        fields(reader, row);
        return row;
      };
    }
  }
}

const timeReader =
  (kind: keyof typeof logicalTimes): ReadAvro =>
  (reader) =>
    timeNumber(reader.zigzag(), kind);

const readBoolean: ReadAvro = (reader) => reader.byte() !== 0;
const readLong: ReadAvro = (reader) => reader.zigzag();
const readDouble: ReadAvro = (reader) => {
  const start = reader.pass(8);
  return reader.bytes.readDoubleLE(start);
};
const readFloat: ReadAvro = (reader) => {
  const start = reader.pass(4);
  return reader.bytes.readFloatLE(start);
};
const readText: ReadAvro = (reader) => {
  const start = reader.pass(reader.small());
  return reader.bytes.utf8Slice(start, reader.at);
};

/** Every scalar can be read as STRING, as Connect does. */
function textReader(schema: Avro): ReadAvro | undefined {
  switch (schema.kind) {
    case 'string':
      return readText;
    case 'enum': {
      const { symbols } = schema;
      return (reader) => {
        const symbol = symbols[reader.small()];
        if (symbol === undefined) throw new DecodeError('an enum has no such symbol');
        return symbol;
      };
    }
    case 'boolean':
      return (reader) => String(readBoolean(reader));
    case 'int':
    case 'long':
      return (reader) => String(reader.zigzag());
    case 'float':
      return (reader) => doubleText(readFloat(reader) as number);
    case 'double':
      return (reader) => doubleText(readDouble(reader) as number);
    default:
      return undefined;
  }
}

function bytesReader(schema: Avro): ReadAvro | undefined {
  if (schema.kind !== 'bytes' && schema.kind !== 'fixed') return undefined;
  const size = schema.kind === 'fixed' ? schema.size : undefined;
  return (reader) => {
    const start = reader.pass(size ?? reader.small());
    return Buffer.from(reader.bytes.subarray(start, reader.at));
  };
}

const skipping =
  (pass: (reader: AvroReader) => unknown): ReadAvro =>
  (reader) => {
    pass(reader);
    return null;
  };

function skipper(schema: Exclude<Avro, { kind: 'union' }>): ReadAvro {
  switch (schema.kind) {
    case 'boolean':
      return skipping((reader) => reader.pass(1));
    case 'int':
    case 'long':
    case 'enum':
      return skipping((reader) => reader.zigzag());
    case 'float':
      return skipping((reader) => reader.pass(4));
    case 'double':
      return skipping((reader) => reader.pass(8));
    case 'fixed': {
      const { size } = schema;
      return skipping((reader) => reader.pass(size));
    }
    case 'array':
    case 'map': {
      const item = avroReader(schema.kind === 'array' ? schema.items : schema.values, undefined, '');
      const isMap = schema.kind === 'map';
      return (reader) => {
        reader.items(() => {
          if (isMap) reader.pass(reader.small());
          item(reader);
        });
        return null;
      };
    }
    case 'recursive': {
      let skip: ReadAvro | undefined;
      return (reader) => (skip ??= avroReader(schema.target(), undefined, ''))(reader);
    }
    case 'record': {
      const fields = schema.fields.map(({ type }) => avroReader(type, undefined, ''));
      return (reader) => {
        for (const field of fields) field(reader);
        return null;
      };
    }
    default:
      return skipping((reader) => reader.pass(reader.small()));
  }
}

/** Reads a record's fields into the slots of the columns with their names; other fields are skipped. */
export function recordReader(
  schema: RecordSchema,
  columns: readonly { readonly name: string; readonly type: SqlType; readonly slot: number }[],
  path: string,
): (reader: AvroReader, row: Value[]) => void {
  const fields = schema.fields.map((field) => {
    const column = columns.find(({ name, slot }) => slot >= 0 && fieldNamed(schema.fields, name) === field);
    return { slot: column?.slot ?? -1, read: avroReader(field.type, column?.type, `${path}.${field.name}`) };
  });
  return (reader, row) => {
    for (let i = 0; i < fields.length; i++) {
      const { slot, read } = fields[i]!;
      const value = read(reader);
      if (slot >= 0) row[slot] = value;
    }
  };
}
