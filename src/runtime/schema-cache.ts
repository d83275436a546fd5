import { DecodeError, UnknownSchema, type SchemaSource, type SchemaText } from '../formats/define.ts';

/** The schemas fetched from the registry by id; null when the registry has no such schema. */
export class SchemaCache implements SchemaSource {
  readonly #known = new Map<number, SchemaText | null>();
  readonly #fetch: (id: number) => Promise<SchemaText | undefined>;

  constructor(fetch: (id: number) => Promise<SchemaText | undefined>) {
    this.#fetch = fetch;
  }

  /** Fetches a schema. When the registry does not answer, this throws and the schema is fetched again next time. */
  async load(id: number): Promise<void> {
    if (!this.#known.has(id)) this.#known.set(id, (await this.#fetch(id)) ?? null);
  }
  get(id: number): SchemaText {
    const schema = this.#known.get(id);
    if (schema === undefined) throw new UnknownSchema(id);
    if (schema === null) throw new DecodeError(`the schema registry has no schema ${id}`);
    return schema;
  }
}
