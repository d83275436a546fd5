import { parseJson, type Json } from '../types/json.ts';
import { sendRequest, type HttpAnswer } from '../util/http-request.ts';

/** An error that the server returned, with its code frame and hint. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly frame: string | undefined;
  readonly hint: string | undefined;
  readonly code: string | undefined;
  /** Where in the statement it is, from 1. */
  readonly line: number | undefined;
  readonly column: number | undefined;

  constructor(body: Record<string, unknown>) {
    const text = (key: string): string | undefined => (typeof body[key] === 'string' ? body[key] : undefined);
    super(text('message') ?? JSON.stringify(body));
    this.frame = text('frame');
    this.hint = text('hint');
    this.code = text('code');
    const number = (key: string): number | undefined => (typeof body[key] === 'number' ? body[key] : undefined);
    this.line = number('line');
    this.column = number('column');
  }
}

export type Entity = Record<string, unknown>;
interface Header {
  readonly queryId: string;
  readonly schema: string;
}
/** The events that a query's response consists of. */
export type QueryEvent =
  | { readonly kind: 'header'; readonly header: Header }
  /** Numbers are as the server wrote them: JavaScript has not every BIGINT and DECIMAL. */
  | { readonly kind: 'row'; readonly columns: readonly Json[]; readonly tombstone: boolean }
  | { readonly kind: 'final'; readonly message: string }
  | { readonly kind: 'error'; readonly body: Record<string, unknown> };

/** How a client shows who it is, and whom it trusts. */
export interface ClientAccess {
  /** The Authorization header. */
  readonly authorization?: string;
  /** PEM texts: authorities to trust in place of the system's, and the client's own certificate with its key. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Why a server could not be asked, and what to do about it. */
function unreachable(url: string, error: NodeJS.ErrnoException): ServerError {
  const isTls = url.startsWith('https:');
  if (isTls && /certificate|SELF_SIGNED|CERT_|ALTNAME/i.test(`${error.code} ${error.message}`))
    return new ServerError({
      message: `the certificate of ${url} is not trusted: ${error.message}`,
      hint: 'Give the authority that signed it with --cacert.',
    });
  if (isTls && (error.code === 'EPROTO' || /SSL|alert/.test(error.message)))
    return new ServerError({
      message: `no TLS connection to ${url}: ${error.message}`,
      hint: 'It may want a client certificate (--cert, --key), or speak http:// only.',
    });
  return new ServerError({
    message: `no server answers at ${url}`,
    hint: 'Start one with "millrace server", or give its address.',
  });
}

/** An HTTP client of a Millrace or ksqlDB server. Holds the session's properties (SET) and variables (DEFINE). */
export class Client {
  readonly url: string;
  readonly properties = new Map<string, string>();
  readonly variables = new Map<string, string>();
  readonly #access: ClientAccess;

  constructor(url: string, access: ClientAccess = {}) {
    this.url = url.replace(/\/+$/, '');
    this.#access = access;
  }

  /** A client of the same server, without the properties and variables of this one. */
  newSession(): Client {
    return new Client(this.url, this.#access);
  }

  async #send(method: 'GET' | 'POST', path: string, body?: unknown, signal?: AbortSignal): Promise<HttpAnswer> {
    const { authorization, ...options } = this.#access;
    let answer: HttpAnswer;
    try {
      answer = await sendRequest(this.url + path, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(authorization === undefined ? {} : { authorization }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal && { signal }),
        options,
      });
    } catch (error) {
      if ((error as Error).name === 'AbortError') throw error;
      throw unreachable(this.url, error as NodeJS.ErrnoException);
    }
    if (answer.status >= 300) {
      const text = await answer.text();
      let parsed: Record<string, unknown> = { message: text };
      try {
        parsed = JSON.parse(text) as Record<string, unknown>;
      } catch {
        // The answer is not JSON (a proxy may send plain text): it is shown as it is.
      }
      throw new ServerError(parsed);
    }
    return answer;
  }

  #body(sql: string): Record<string, unknown> {
    return {
      ksql: sql,
      streamsProperties: Object.fromEntries(this.properties),
      sessionVariables: Object.fromEntries(this.variables),
    };
  }

  async execute(sql: string, signal?: AbortSignal): Promise<Entity[]> {
    return JSON.parse(await (await this.#send('POST', '/ksql', this.#body(sql), signal)).text()) as Entity[];
  }

  async info(): Promise<Entity> {
    return JSON.parse(await (await this.#send('GET', '/info')).text()) as Entity;
  }

  /** The events of a query; the lines of PRINT are rows of one column. */
  async *query(sql: string, signal: AbortSignal): AsyncIterable<QueryEvent> {
    const answer = await this.#send('POST', '/query', this.#body(sql), signal);
    const isText = answer.headers['content-type']?.startsWith('text/plain') === true;
    try {
      for await (const line of lines(answer)) {
        if (isText) {
          yield { kind: 'row', columns: [line], tombstone: false };
          continue;
        }
        const text = line.replace(/^\[/, '').replace(/,$/, '').replace(/\]$/, '').trim();
        if (text === '' || text === ',') continue;
        const event = eventOf(text) ?? eventOf(`${text}]`) ?? eventOf(line.replace(/^,/, ''));
        if (event !== undefined) yield event;
      }
    } catch (error) {
      // Node reports a body that was aborted as a lost connection.
      throw signal.aborted ? signal.reason : error;
    }
  }

  async closeQuery(id: string): Promise<void> {
    await this.#send('POST', '/close-query', { queryId: id }).catch(() => undefined);
  }
}

function columnsOf(event: string): readonly Json[] {
  const row = (parseJson(event) as Map<string, Json>).get('row') as Map<string, Json>;
  return row.get('columns') as Json[];
}

function eventOf(text: string): QueryEvent | undefined {
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  if (parsed['header'] !== undefined) return { kind: 'header', header: parsed['header'] as Header };
  const row = parsed['row'] as { tombstone?: boolean } | undefined;
  if (row !== undefined) return { kind: 'row', columns: columnsOf(text), tombstone: row.tombstone === true };
  if (parsed['errorMessage'] !== undefined)
    return { kind: 'error', body: parsed['errorMessage'] as Record<string, unknown> };
  return parsed['finalMessage'] === undefined ? undefined : { kind: 'final', message: String(parsed['finalMessage']) };
}

async function* lines(answer: HttpAnswer): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of answer.body) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split('\n');
    rest = parts.pop()!;
    // The server sends the comma before the next element, so the last line can be complete without a line end.
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
