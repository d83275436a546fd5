import { Bytes } from '../../util/bytes.ts';
import { DecodeError } from '../define.ts';
import type { Avro, AvroJson } from './schema.ts';
import { putLong } from './wire.ts';

/** A field's default in binary form: https://avro.apache.org/docs/1.11.1/specification/#schema-record */
export function defaultBytes(schema: Avro, json: AvroJson): Buffer {
  const out = new Bytes(16);
  put(schema, json, out);
  return Buffer.from(out.from(0));
}

type JsonObject = { readonly [name: string]: AvroJson };

function put(schema: Avro, json: AvroJson, out: Bytes): void {
  switch (schema.kind) {
    case 'null':
      return;
    case 'boolean':
      out.byte(json === true ? 1 : 0);
      return;
    case 'int':
    case 'long':
      putLong(json as number, out);
      return;
    case 'float':
      out.length = out.need(4).writeFloatLE(json as number, out.length);
      return;
    case 'double':
      out.length = out.need(8).writeDoubleLE(json as number, out.length);
      return;
    case 'string':
    case 'bytes': {
      // In a default of type bytes, each code point stands for a byte.
      const bytes = Buffer.from(json as string, schema.kind === 'bytes' ? 'latin1' : 'utf8');
      putLong(bytes.length, out);
      out.copy(bytes);
      return;
    }
    case 'fixed':
      out.copy(Buffer.from(json as string, 'latin1'));
      return;
    case 'enum':
      putLong(Math.max(0, schema.symbols.indexOf(json as string)), out);
      return;
    case 'array':
    case 'map': {
      const entries = schema.kind === 'array' ? (json as readonly AvroJson[]) : Object.entries(json as JsonObject);
      if (entries.length > 0) putLong(entries.length, out);
      for (const entry of entries) {
        if (schema.kind === 'array') put(schema.items, entry, out);
        else {
          const [name, value] = entry as [string, AvroJson];
          put({ kind: 'string' }, name, out);
          put(schema.values, value, out);
        }
      }
      putLong(0, out);
      return;
    }
    case 'record':
      for (const { name, type, default: fallback } of schema.fields) {
        const value = (json as JsonObject)[name] ?? fallback;
        if (value === undefined) throw new DecodeError(`the default of a record has no "${name}"`);
        put(type, value, out);
      }
      return;
    case 'recursive':
      put(schema.target(), json, out);
      return;
    case 'union':
      // A union's default is a value of its first branch.
      putLong(0, out);
      put(schema.branches[0]!, json, out);
  }
}
