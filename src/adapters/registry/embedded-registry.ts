import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { schemaFormat } from '../../formats/index.ts';
import { sameData } from '../../util/same-data.ts';
import {
  SchemaRefused,
  type CompatibilityLevel,
  type NewSchema,
  type SchemaRegistry,
  type SchemaVersion,
  type ServedRegistry,
  type TypedSchema,
} from '../../runtime/ports/schema-registry.ts';

interface Contents {
  readonly schemas: [id: number, schema: NewSchema][];
  /** The schema ids of each subject's versions, newest last. */
  readonly subjects: [subject: string, ids: readonly number[]][];
  /** The compatibility levels of subjects; the empty subject holds the default. */
  readonly levels?: [subject: string, level: CompatibilityLevel][];
}

/**
 * The built-in registry, used when none is configured: a file in the state folder, or memory only. A new schema must be
 * BACKWARD compatible, unless another level is set; checked for Avro and Protobuf.
 */
export class EmbeddedRegistry implements ServedRegistry {
  readonly #path: string | undefined;
  readonly #schemas: Map<number, NewSchema>;
  readonly #subjects: Map<string, readonly number[]>;
  readonly #levels: Map<string, CompatibilityLevel>;

  constructor(path?: string) {
    this.#path = path;
    const { schemas, subjects, levels }: Contents = (path === undefined ? undefined : load(path)) ?? {
      schemas: [],
      subjects: [],
    };
    this.#schemas = new Map(schemas);
    this.#subjects = new Map(subjects);
    this.#levels = new Map(levels);
  }

  level(subject = ''): CompatibilityLevel {
    return this.#levels.get(subject) ?? this.#levels.get('') ?? 'BACKWARD';
  }
  setLevel(level: CompatibilityLevel, subject = ''): void {
    this.#levels.set(subject, level);
    this.#save();
  }

  subjects(): readonly string[] {
    return [...this.#subjects.keys()].sort();
  }
  versions(subject: string): readonly SchemaVersion[] | undefined {
    return this.#subjects.get(subject)?.map((id, i) => ({ id, version: i + 1, ...this.#schemas.get(id)! }));
  }
  schema(id: number): NewSchema | undefined {
    return this.#schemas.get(id);
  }
  latest(subject: string): ReturnType<SchemaRegistry['latest']> {
    const newest = this.versions(subject)?.at(-1);
    return Promise.resolve(newest && { id: newest.id, ...this.#whole(newest) });
  }
  byId(id: number): Promise<TypedSchema | undefined> {
    const schema = this.#schemas.get(id);
    return Promise.resolve(schema && this.#whole(schema));
  }

  /** A schema with the texts of the schemas that it references, directly and indirectly. */
  #whole({ type, text, references }: NewSchema): TypedSchema {
    const referenced = (references ?? []).flatMap(({ name, subject, version }) => {
      const named = this.versions(subject)?.[version - 1];
      if (named === undefined)
        throw new SchemaRefused(`invalid reference: subject "${subject}" has no version ${version}`);
      return [{ name, text: named.text }, ...(this.#whole(named).references ?? [])];
    });
    return { type, text, ...(referenced.length > 0 ? { references: referenced } : {}) };
  }

  /** Registers a schema; `id` is set for a schema from another registry that keeps its id. */
  register(subject: string, schema: NewSchema, id?: number): Promise<number> {
    return Promise.resolve().then(() => this.#register(subject, schema, id));
  }
  #register(subject: string, schema: NewSchema, wanted: number | undefined): number {
    const versions = this.versions(subject) ?? [];
    const isSame = (other: NewSchema): boolean =>
      other.type === schema.type &&
      other.text === schema.text &&
      sameData(other.references ?? [], schema.references ?? []);
    const same = versions.find(isSame);
    if (same !== undefined) return same.id;
    const whole = this.#whole(schema);
    checkValid(whole);
    const level = this.level(subject);
    const before = level.endsWith('_TRANSITIVE') ? versions : versions.slice(-1);
    for (const earlier of before) checkCompatible(this.#whole(earlier), earlier.version, whole, level);
    const known = wanted ?? [...this.#schemas].find(([, candidate]) => isSame(candidate))?.[0];
    const id = known ?? this.#freeId();
    if (wanted !== undefined && this.#schemas.has(wanted) && !isSame(this.#schemas.get(wanted)!))
      throw new SchemaRefused(`invalid id: ${wanted} is another schema's`);
    this.#schemas.set(id, schema);
    this.#subjects.set(subject, [...versions.map((version) => version.id), id]);
    this.#save();
    return id;
  }

  /** Schemas are never deleted, so ids are not reused. */
  #freeId(): number {
    let id = this.#schemas.size + 1;
    while (id > 1 && !this.#schemas.has(id - 1)) id--;
    while (this.#schemas.has(id)) id++;
    return id;
  }

  remove(subject: string): void {
    this.#subjects.delete(subject);
    this.#save();
  }

  /** Writes a new file and renames it over the old one, so that a crash leaves one of them intact. */
  #save(): void {
    if (this.#path === undefined) return;
    mkdirSync(dirname(this.#path), { recursive: true });
    const contents: Contents = {
      schemas: [...this.#schemas],
      subjects: [...this.#subjects],
      levels: [...this.#levels],
    };
    writeFileSync(`${this.#path}.new`, JSON.stringify(contents), { flush: true });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function load(path: string): Contents | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Contents;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function checkValid(schema: TypedSchema): void {
  try {
    schemaFormat(schema.type).check(schema);
  } catch (error) {
    throw new SchemaRefused(`invalid ${schema.type} schema: ${(error as Error).message}`);
  }
}

function checkCompatible(older: TypedSchema, version: number, newer: TypedSchema, level: CompatibilityLevel): void {
  if (level === 'NONE') return;
  const { cannotRead } = schemaFormat(newer.type);
  const problem =
    older.type !== newer.type
      ? `it is ${older.type}, not ${newer.type}`
      : ((level.startsWith('FORWARD') ? undefined : cannotRead(newer, older)) ??
        (level.startsWith('BACKWARD') ? undefined : cannotRead(older, newer)));
  if (problem !== undefined) throw new SchemaRefused(`incompatible with version ${version} (${level}): ${problem}`);
}
