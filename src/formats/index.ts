import { avro } from './avro.ts';
import type { Format } from './define.ts';
import { delimited } from './delimited.ts';
import { json } from './json.ts';
import { jsonSr } from './json-sr.ts';
import { kafka } from './kafka.ts';
import { none } from './none.ts';
import { protobuf } from './protobuf.ts';
import { protobufNosr } from './protobuf-nosr.ts';

const formats: readonly Format[] = [json, jsonSr, avro, kafka, delimited, protobuf, protobufNosr, none];
const byName = new Map(formats.map((format) => [format.name, format]));

/** The format of a name in any case, or undefined. */
export function findFormat(name: string): Format | undefined {
  return byName.get(name.toUpperCase());
}
export const formatNames = (): string[] => [...byName.keys()].sort();
