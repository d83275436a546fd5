import { defaultSchemaType } from '../../formats/index.ts';
import {
  SchemaRefused,
  type NewSchema,
  type SchemaReference,
  type SchemaRegistry,
  type SchemaType,
  type TypedSchema,
} from '../../runtime/ports/schema-registry.ts';
import type { HttpRequest } from '../../util/http-request.ts';
import { callOut } from '../../util/outbound.ts';

const timeoutMs = 10_000;
const mediaType = 'application/vnd.schemaregistry.v1+json';

interface Answer {
  readonly id: number;
  readonly schema: string;
  readonly schemaType?: SchemaType;
  readonly references?: readonly SchemaReference[];
}

/** No answer, or none that is about what was asked. */
class RegistryAway extends TypeError {
  readonly retriable = true;
}

/** A registry with Confluent's HTTP API. The URL may contain `user:password@`. */
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

  /** A schema with the texts of the schemas that it references, directly and indirectly. */
  async #whole({ schema, schemaType = defaultSchemaType, references = [] }: Answer): Promise<TypedSchema> {
    const referenced: { name: string; text: string }[] = [];
    for (const { name, subject, version } of references) {
      const named = await this.#ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/${version}`);
      if (named === undefined)
        throw new TypeError(`the schema registry has no version ${version} of ${subject}, which a schema names`);
      referenced.push({ name, text: named.schema }, ...((await this.#whole(named)).references ?? []));
    }
    return { type: schemaType, text: schema, ...(referenced.length > 0 ? { references: referenced } : {}) };
  }

  async register(subject: string, { type, text, references }: NewSchema): Promise<number> {
    const body = { schema: text, ...(type === defaultSchemaType ? {} : { schemaType: type }), references };
    const answer = await this.#ask('POST', `/subjects/${encodeURIComponent(subject)}/versions`, body);
    if (answer === undefined) throw new SchemaRefused(`the schema registry does not take schemas for ${subject}`);
    return answer.id;
  }

  /** Sends a request; undefined for status 404. Throws `SchemaRefused` for a refused schema, other errors for the rest. */
  async #ask(method: HttpRequest['method'], path: string, body?: object): Promise<Answer | undefined> {
    let status: number;
    let text: string;
    try {
      const answer = await callOut(this.#url + path, {
        method,
        headers: this.#headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      status = answer.status;
      text = await answer.text();
    } catch (error) {
      const { message } = error as Error;
      throw new RegistryAway(`the schema registry at ${this.#url} does not answer: ${message}`);
    }
    if (status === 404) return undefined;
    if (status >= 200 && status < 300) return JSON.parse(text) as Answer;
    if (status === 409 || status === 422) throw new SchemaRefused(messageOf(text));
    const answered = `the schema registry at ${this.#url} answered ${status}: ${messageOf(text)}`;
    throw status >= 500 ? new RegistryAway(answered) : new TypeError(answered);
  }
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { readonly message?: string }).message ?? text;
  } catch {
    return text.slice(0, 200);
  }
}
