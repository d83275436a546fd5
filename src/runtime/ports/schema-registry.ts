import type { RegisteredSchema, SchemaFormat, SchemaText } from '../../formats/define.ts';

export type SchemaType = SchemaFormat['type'];

export interface TypedSchema extends SchemaText {
  readonly type: SchemaType;
}

/** A schema to register; what it names is said by the subjects and versions where that stands. */
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

/** A schema registry as Confluent's: subjects with versions of schemas, each schema with an id. */
export interface SchemaRegistry {
  /** The newest schema of a subject, or undefined. */
  latest(subject: string): Promise<(RegisteredSchema & TypedSchema) | undefined>;
  /** A schema with what it names, or undefined when there is none with this id. */
  byId(id: number): Promise<TypedSchema | undefined>;
  /** The id of a schema that is then the newest of the subject; throws `SchemaRefused` when it is incompatible or no schema. */
  register(subject: string, schema: NewSchema): Promise<number>;
}

/** A version of a subject: versions are numbered from 1 on. */
export interface SchemaVersion extends NewSchema {
  readonly id: number;
  readonly version: number;
}

/** What a newer schema must be able to do with the one before it, or with all of them: Confluent's levels. */
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

/** A registry that this node holds itself, and serves to others. */
export interface ServedRegistry extends SchemaRegistry {
  subjects(): readonly string[];
  /** The versions of a subject, the newest last; undefined when it does not exist. */
  versions(subject: string): readonly SchemaVersion[] | undefined;
  schema(id: number): NewSchema | undefined;
  /** The level of a subject, or without one that of all which have none of their own. */
  level(subject?: string): CompatibilityLevel;
  setLevel(level: CompatibilityLevel, subject?: string): void;
  /** Forgets a subject; its schemas keep their ids. */
  remove(subject: string): void;
}

/** What a registry answered: the schema is incompatible with an earlier one, or is none. */
export class SchemaRefused extends Error {
  override readonly name = 'SchemaRefused';
}
