import type { RegisteredSchema, SchemaFormat, SchemaText } from '../../formats/define.ts';

export type SchemaType = SchemaFormat['type'];

export interface TypedSchema extends SchemaText {
  readonly type: SchemaType;
}

/** A schema to register. Its references name subjects and versions in the registry. */
export interface NewSchema {
  readonly type: SchemaType;
  readonly text: string;
  readonly references?: readonly SchemaReference[] | undefined;
}
export interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/** A schema registry as Confluent's: subjects have versions, each version is a schema with an id. */
export interface SchemaRegistry {
  /** The newest schema of a subject, or undefined. */
  latest(subject: string): Promise<(RegisteredSchema & TypedSchema) | undefined>;
  /** The schema with this id and the schemas that it references; undefined when it does not exist. */
  byId(id: number): Promise<TypedSchema | undefined>;
  /** Registers the newest schema of a subject; returns its id. Throws `SchemaRefused` for an incompatible or invalid schema. */
  register(subject: string, schema: NewSchema): Promise<number>;
}

/** A version of a subject, numbered from 1. */
export interface SchemaVersion extends NewSchema {
  readonly id: number;
  readonly version: number;
}

/** Confluent's compatibility levels: between a new schema and the last one, or with all earlier ones (TRANSITIVE). */
export const compatibilityLevels = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const;
export type CompatibilityLevel = (typeof compatibilityLevels)[number];

/** A registry that this node stores itself and serves to clients. */
export interface ServedRegistry extends SchemaRegistry {
  subjects(): readonly string[];
  /** The versions of a subject, newest last; undefined when it does not exist. */
  versions(subject: string): readonly SchemaVersion[] | undefined;
  schema(id: number): NewSchema | undefined;
  /** The compatibility level of a subject; without a subject, the default level. */
  level(subject?: string): CompatibilityLevel;
  setLevel(level: CompatibilityLevel, subject?: string): void;
  /** Removes a subject; its schemas keep their ids. */
  remove(subject: string): void;
}

/** The registry refused a schema: it is incompatible with an earlier one, or invalid. */
export class SchemaRefused extends Error {
  override readonly name = 'SchemaRefused';
}
