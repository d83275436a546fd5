import type { RegisteredSchema, SchemaFormat } from '../../formats/define.ts';

export type SchemaType = SchemaFormat['type'] | 'PROTOBUF';

/** A schema registry as Confluent's: subjects with versions of schemas, each schema with an id. */
export interface SchemaRegistry {
  /** The newest schema of a subject, or undefined. */
  latest(subject: string): Promise<(RegisteredSchema & { readonly type: SchemaType }) | undefined>;
  /** The text of a schema, or undefined when there is none with this id. */
  byId(id: number): Promise<string | undefined>;
  /** The id of a schema that is then the newest of the subject; throws `SchemaRefused` when it is incompatible or no schema. */
  register(subject: string, type: SchemaType, text: string): Promise<number>;
}

/** A version of a subject: versions are numbered from 1 on. */
export interface SchemaVersion extends RegisteredSchema {
  readonly type: SchemaType;
  readonly version: number;
}

/** A registry that this node holds itself, and serves to others. */
export interface ServedRegistry extends SchemaRegistry {
  subjects(): readonly string[];
  /** The versions of a subject, the newest last; undefined when it does not exist. */
  versions(subject: string): readonly SchemaVersion[] | undefined;
  schema(id: number): { readonly type: SchemaType; readonly text: string } | undefined;
  /** Forgets a subject; its schemas keep their ids. */
  remove(subject: string): void;
}

/** What a registry answered: the schema is incompatible with an earlier one, or is none. */
export class SchemaRefused extends Error {
  override readonly name = 'SchemaRefused';
}
