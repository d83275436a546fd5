/** What a server refused, with its frame and hint. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly frame: string | undefined;
  readonly hint: string | undefined;
  readonly code: string | undefined;

  constructor(body: Record<string, unknown>) {
    const text = (key: string): string | undefined => (typeof body[key] === 'string' ? body[key] : undefined);
    super(text('message') ?? JSON.stringify(body));
    this.frame = text('frame');
    this.hint = text('hint');
    this.code = text('code');
  }
}

export type Entity = Record<string, unknown>;
interface Header {
  readonly queryId: string;
  readonly schema: string;
}
type QueryEvent =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'row'; readonly columns: readonly unknown[]; readonly tombstone: boolean }
  | { readonly kind: 'final'; readonly message: string }
  | { readonly kind: 'error'; readonly message: string };

/** Speaks to a Millrace or ksqlDB server over HTTP; holds what SET and DEFINE set in this session. */
export class Client {
  readonly url: string;
  readonly properties = new Map<string, string>();
  readonly variables = new Map<string, string>();

  constructor(url: string) {
    this.url = url.replace(/\/+$/, '');
  }

  async #post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...(signal && { signal }),
      });
    } catch (error) {
      if ((error as Error).name === 'AbortError') throw error;
      throw new ServerError({
        message: `no server answers at ${this.url}`,
        hint: 'Start one with "millrace server", or give its address.',
      });
    }
    if (!response.ok) {
      const text = await response.text();
      let parsed: Record<string, unknown> = { message: text };
      try {
        parsed = JSON.parse(text) as Record<string, unknown>;
      } catch {
        // A proxy in between may answer with plain text: it is shown as it is.
      }
      throw new ServerError(parsed);
    }
    return response;
  }

  #body(sql: string): Record<string, unknown> {
    return {
      ksql: sql,
      streamsProperties: Object.fromEntries(this.properties),
      sessionVariables: Object.fromEntries(this.variables),
    };
  }

  async execute(sql: string): Promise<Entity[]> {
    return (await (await this.#post('/ksql', this.#body(sql))).json()) as Entity[];
  }

  async info(): Promise<Entity> {
    return (await (await fetch(`${this.url}/info`)).json()) as Entity;
  }

  /** The events of a query, or the lines of PRINT as rows of one column. */
  async *query(sql: string, signal: AbortSignal): AsyncIterable<QueryEvent> {
    const response = await this.#post('/query', this.#body(sql), signal);
    const isText = response.headers.get('content-type')?.startsWith('text/plain') === true;
    for await (const line of lines(response)) {
      if (isText) {
        yield { kind: 'row', columns: [line], tombstone: false };
        continue;
      }
      const text = line.replace(/^\[/, '').replace(/,$/, '').replace(/\]$/, '').trim();
      if (text === '' || text === ',') continue;
      const event = eventOf(text) ?? eventOf(`${text}]`) ?? eventOf(line.replace(/^,/, ''));
      if (event !== undefined) yield event;
    }
  }

  async closeQuery(id: string): Promise<void> {
    await this.#post('/close-query', { queryId: id }).catch(() => undefined);
  }
}

function eventOf(text: string): QueryEvent | undefined {
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  if (parsed['header'] !== undefined) return { kind: 'header', header: parsed['header'] as Header };
  const row = parsed['row'] as { columns: unknown[]; tombstone?: boolean } | undefined;
  if (row !== undefined) return { kind: 'row', columns: row.columns, tombstone: row.tombstone === true };
  if (parsed['errorMessage'] !== undefined)
    return { kind: 'error', message: (parsed['errorMessage'] as { message: string }).message };
  return parsed['finalMessage'] === undefined ? undefined : { kind: 'final', message: String(parsed['finalMessage']) };
}

async function* lines(response: Response): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split('\n');
    rest = parts.pop()!;
    // The server puts the comma before the next element, so a last line without its end may be whole already.
    yield* parts;
    if (isWhole(rest)) {
      yield rest;
      rest = '';
    }
  }
  if (rest !== '') yield rest;
}

function isWhole(text: string): boolean {
  const bare = text.replace(/^\[/, '').replace(/\]$/, '');
  if (!bare.startsWith('{')) return false;
  try {
    JSON.parse(bare);
    return true;
  } catch {
    return false;
  }
}
