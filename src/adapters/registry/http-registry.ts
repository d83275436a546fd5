import { defaultSchemaType } from '../../formats/index.ts';
import {
  SchemaRefused,
  type NewSchema,
  type SchemaReference,
  type SchemaRegistry,
  type SchemaType,
  type TypedSchema,
} from '../../runtime/ports/schema-registry.ts';

const timeoutMs = 10_000;
const mediaType = 'application/vnd.schemaregistry.v1+json';

interface Answer {
  readonly id: number;
  readonly schema: string;
  readonly schemaType?: SchemaType;
  readonly references?: readonly SchemaReference[];
}

/** A registry with Confluent's HTTP API. An address may carry `user:password@`. */
export class HttpRegistry implements SchemaRegistry {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(address: string) {
    const url = new URL(address);
    const login = [url.username, url.password].map(decodeURIComponent).join(':');
    this.#headers = {
      'content-type': mediaType,
      accept: mediaType,
      ...(login === ':' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
    };
    url.username = url.password = '';
    this.#url = url.href.replace(/\/$/, '');
  }

  async latest(subject: string): ReturnType<SchemaRegistry['latest']> {
    const answer = await this.#ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/latest`);
    return answer && { id: answer.id, ...(await this.#whole(answer)) };
  }

  async byId(id: number): Promise<TypedSchema | undefined> {
    const answer = await this.#ask('GET', `/schemas/ids/${id}`);
    return answer && this.#whole(answer);
  }

  /** A schema with the texts of what it names, and of what that names. */
  async #whole({ schema, schemaType = defaultSchemaType, references = [] }: Answer): Promise<TypedSchema> {
    const found: { name: string; text: string }[] = [];
    for (const { name, subject, version } of references) {
      const named = await this.#ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/${version}`);
      if (named === undefined)
        throw new TypeError(`the schema registry has no version ${version} of ${subject}, which a schema names`);
      found.push({ name, text: named.schema }, ...((await this.#whole(named)).references ?? []));
    }
    return { type: schemaType, text: schema, ...(found.length > 0 ? { references: found } : {}) };
  }

  async register(subject: string, { type, text, references }: NewSchema): Promise<number> {
    const body = { schema: text, ...(type === defaultSchemaType ? {} : { schemaType: type }), references };
    const answer = await this.#ask('POST', `/subjects/${encodeURIComponent(subject)}/versions`, body);
    if (answer === undefined) throw new SchemaRefused(`the schema registry does not take schemas for ${subject}`);
    return answer.id;
  }

  /** Undefined for 404; a schema that is refused throws `SchemaRefused`, all else what went wrong. */
  async #ask(method: string, path: string, body?: object): Promise<Answer | undefined> {
    let response: Response;
    try {
      response = await fetch(this.#url + path, {
        method,
        headers: this.#headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      const { cause, message } = error as Error;
      throw new TypeError(
        `the schema registry at ${this.#url} does not answer: ${(cause as Error | undefined)?.message ?? message}`,
      );
    }
    if (response.status === 404) return undefined;
    const text = await response.text();
    if (response.ok) return JSON.parse(text) as Answer;
    if (response.status === 409 || response.status === 422) throw new SchemaRefused(messageOf(text));
    throw new TypeError(`the schema registry at ${this.#url} answered ${response.status}: ${messageOf(text)}`);
  }
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { readonly message?: string }).message ?? text;
  } catch {
    return text.slice(0, 200);
  }
}
