import {
  ConnectRefused,
  type Connect,
  type ConnectorInfo,
  type ConnectorPlugin,
  type ConnectorStatus,
} from '../../runtime/ports/connect.ts';
import type { HttpRequest } from '../../util/http-request.ts';
import { callOut } from '../../util/outbound.ts';

const timeoutMs = 5000;

/** Kafka Connect through its REST API; the URL may contain `user:password@`. https://kafka.apache.org/documentation/#connect_rest */
export class HttpConnect implements Connect {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(address: string) {
    const url = new URL(address);
    const login = [url.username, url.password].map(decodeURIComponent).join(':');
    this.#headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(login === ':' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
    };
    url.username = url.password = '';
    this.#url = url.href.replace(/\/$/, '');
  }

  async create(name: string, config: Readonly<Record<string, string>>): Promise<ConnectorInfo> {
    return (await this.#ask('POST', '/connectors', { name, config })) as ConnectorInfo;
  }
  async remove(name: string): Promise<boolean> {
    return (await this.#ask('DELETE', `/connectors/${encodeURIComponent(name)}`)) !== undefined;
  }
  async names(): Promise<readonly string[]> {
    return (await this.#ask('GET', '/connectors')) as readonly string[];
  }
  async info(name: string): Promise<ConnectorInfo | undefined> {
    return (await this.#ask('GET', `/connectors/${encodeURIComponent(name)}`)) as ConnectorInfo | undefined;
  }
  async status(name: string): Promise<ConnectorStatus | undefined> {
    return (await this.#ask('GET', `/connectors/${encodeURIComponent(name)}/status`)) as ConnectorStatus | undefined;
  }
  async topics(name: string): Promise<readonly string[]> {
    const answer = await this.#ask('GET', `/connectors/${encodeURIComponent(name)}/topics`);
    return (answer as Record<string, { readonly topics: readonly string[] }> | undefined)?.[name]?.topics ?? [];
  }
  async plugins(): Promise<readonly ConnectorPlugin[]> {
    return (await this.#ask('GET', '/connector-plugins')) as readonly ConnectorPlugin[];
  }

  /** Sends a request; undefined for status 404, null for an answer without a body. */
  async #ask(method: HttpRequest['method'], path: string, body?: object): Promise<unknown> {
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
      throw new TypeError(`Kafka Connect at ${this.#url} does not answer: ${message}`);
    }
    if (status === 404) return undefined;
    if (status >= 200 && status < 300) return text === '' ? null : (JSON.parse(text) as unknown);
    throw new ConnectRefused(status, messageOf(text));
  }
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { readonly message?: string }).message ?? text;
  } catch {
    return text.slice(0, 200);
  }
}
