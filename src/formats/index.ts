import { avro } from './avro.ts';
import type { Format, SchemaFormat } from './define.ts';
import { delimited } from './delimited.ts';
import { json } from './json.ts';
import { jsonSr } from './json-sr.ts';
import { kafka } from './kafka.ts';
import { none } from './none.ts';
import { protobuf } from './protobuf.ts';
import { protobufNosr } from './protobuf-nosr.ts';

const formats: readonly Format[] = [json, jsonSr, avro, kafka, delimited, protobuf, protobufNosr, none];
const byName = new Map(formats.map((format) => [format.name, format]));

/** The format of keys of a source without key columns. */
export const keylessFormat = none.name;

/** The format with this name in any case, or undefined. */
export function findFormat(name: string): Format | undefined {
  return byName.get(name.toUpperCase());
}
export const formatNames = (): string[] => [...byName.keys()].sort();

const registered = formats.flatMap((format) => format.registered ?? []);
/** The types of schemas in a registry. */
export const schemaTypes = registered.map(({ type }) => type).sort();
/** The schema type when a client gives none. */
export const defaultSchemaType = 'AVRO' satisfies SchemaFormat['type'];
/** The format with this schema type. */
export const schemaFormat = (type: SchemaFormat['type']): SchemaFormat =>
  registered.find((candidate) => candidate.type === type)!;
