import { DecodeError, UnknownSchema, type SchemaSource } from '../formats/define.ts';

/** The schemas that were fetched from the registry; null stands for one that it does not have. */
export class SchemaCache implements SchemaSource {
  readonly #texts = new Map<number, string | null>();
  readonly #fetch: (id: number) => Promise<string | undefined>;

  constructor(fetch: (id: number) => Promise<string | undefined>) {
    this.#fetch = fetch;
  }

  /** Fetches a schema; when the registry does not answer it is still unknown, and this throws. */
  async load(id: number): Promise<void> {
    if (!this.#texts.has(id)) this.#texts.set(id, (await this.#fetch(id)) ?? null);
  }
  get(id: number): string {
    const text = this.#texts.get(id);
    if (text === undefined) throw new UnknownSchema(id);
    if (text === null) throw new DecodeError(`the schema registry has no schema ${id}`);
    return text;
  }
}
