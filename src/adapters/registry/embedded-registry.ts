import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { backwardProblem } from '../../formats/avro/compatible.ts';
import { parseAvro } from '../../formats/avro/schema.ts';
import {
  SchemaRefused,
  type SchemaType,
  type SchemaVersion,
  type ServedRegistry,
} from '../../runtime/ports/schema-registry.ts';

interface Stored {
  readonly type: SchemaType;
  readonly text: string;
}
interface Contents {
  /** By id, from 1 on. */
  readonly schemas: Stored[];
  /** Each subject's versions as ids, the newest last. */
  readonly subjects: [subject: string, ids: readonly number[]][];
}

/**
 * The registry that is there when none is configured: in a file of the state folder, or in memory without one. What is registered
 * must be able to read what came before it (BACKWARD), for Avro.
 */
export class EmbeddedRegistry implements ServedRegistry {
  readonly #path: string | undefined;
  readonly #schemas: Stored[];
  readonly #subjects: Map<string, readonly number[]>;

  constructor(path?: string) {
    this.#path = path;
    const { schemas, subjects } = (path === undefined ? undefined : load(path)) ?? { schemas: [], subjects: [] };
    this.#schemas = schemas;
    this.#subjects = new Map(subjects);
  }

  subjects(): readonly string[] {
    return [...this.#subjects.keys()].sort();
  }
  versions(subject: string): readonly SchemaVersion[] | undefined {
    return this.#subjects.get(subject)?.map((id, i) => ({ id, version: i + 1, ...this.#schemas[id - 1]! }));
  }
  schema(id: number): Stored | undefined {
    return this.#schemas[id - 1];
  }
  latest(subject: string): Promise<SchemaVersion | undefined> {
    return Promise.resolve(this.versions(subject)?.at(-1));
  }
  byId(id: number): Promise<string | undefined> {
    return Promise.resolve(this.schema(id)?.text);
  }

  register(subject: string, type: SchemaType, text: string): Promise<number> {
    return Promise.resolve().then(() => this.#register(subject, type, text));
  }
  #register(subject: string, type: SchemaType, text: string): number {
    const versions = this.versions(subject) ?? [];
    const same = versions.find((each) => each.type === type && each.text === text);
    if (same !== undefined) return same.id;
    checkValid({ type, text });
    const latest = versions.at(-1);
    if (latest !== undefined) checkCompatible(latest, { type, text });
    const known = this.#schemas.findIndex((each) => each.type === type && each.text === text);
    const id = known >= 0 ? known + 1 : this.#schemas.push({ type, text });
    this.#subjects.set(subject, [...versions.map((each) => each.id), id]);
    this.#save();
    return id;
  }

  remove(subject: string): void {
    this.#subjects.delete(subject);
    this.#save();
  }

  /** A whole new file in the place of the old one: a crash leaves one or the other. */
  #save(): void {
    if (this.#path === undefined) return;
    mkdirSync(dirname(this.#path), { recursive: true });
    const contents: Contents = { schemas: this.#schemas, subjects: [...this.#subjects] };
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

function checkValid({ type, text }: Stored): void {
  try {
    if (type === 'AVRO') parseAvro(text);
    else if (type === 'JSON') JSON.parse(text);
  } catch (error) {
    throw new SchemaRefused(`invalid ${type} schema: ${(error as Error).message}`);
  }
}

function checkCompatible(older: SchemaVersion, newer: Stored): void {
  const problem =
    older.type !== newer.type
      ? `it is ${older.type}, not ${newer.type}`
      : newer.type === 'AVRO'
        ? backwardProblem(parseAvro(newer.text), parseAvro(older.text))
        : undefined;
  if (problem !== undefined) throw new SchemaRefused(`incompatible with version ${older.version}: ${problem}`);
}
