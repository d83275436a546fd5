import {
  ConnectRefused,
  type Connect,
  type ConnectorInfo,
  type ConnectorPlugin,
  type ConnectorStatus,
} from '../../runtime/ports/connect.ts';

const timeoutMs = 5000;

/** Kafka Connect by its REST interface: https://kafka.apache.org/documentation/#connect_rest */
export class HttpConnect implements Connect {
  readonly #url: string;

  constructor(address: string) {
    this.#url = address.replace(/\/$/, '');
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

  /** Undefined for 404; null for an answer without a body. */
  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(this.#url + path, {
        method,
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      const { cause, message } = error as Error;
      throw new TypeError(
        `Kafka Connect at ${this.#url} does not answer: ${(cause as Error | undefined)?.message ?? message}`,
      );
    }
    if (response.status === 404) return undefined;
    const text = await response.text();
    if (response.ok) return text === '' ? null : (JSON.parse(text) as unknown);
    throw new ConnectRefused(response.status, messageOf(text));
  }
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { readonly message?: string }).message ?? text;
  } catch {
    return text.slice(0, 200);
  }
}
