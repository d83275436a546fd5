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

/** What keys are held in where there are none. */
export const keylessFormat = none.name;

/** The format of a name in any case, or undefined. */
export function findFormat(name: string): Format | undefined {
  return byName.get(name.toUpperCase());
}
export const formatNames = (): string[] => [...byName.keys()].sort();

const registered = formats.flatMap((format) => format.registered ?? []);
/** The types of schemas that a registry holds. */
export const schemaTypes = registered.map(({ type }) => type).sort();
/** The type of a schema that a registry's client does not name. */
export const defaultSchemaType = 'AVRO' satisfies SchemaFormat['type'];
/** What is known of a type of schemas. */
export const schemaFormat = (type: SchemaFormat['type']): SchemaFormat =>
  registered.find((each) => each.type === type)!;
