import { remoteOptions, servedOptions } from '../../config/provider-options.ts';
import { JsonNumber, parseJsonWithNaN, type Json } from '../../types/json.ts';
import type { ModelVersion } from '../../types/model.ts';
import { callOut, checkOutbound } from '../../util/outbound.ts';
import { secretValue, withoutSecret } from '../../util/secrets.ts';
import { ScoringError } from './provider.ts';

/** A server of models, and how it is called. */
export interface RemoteServer {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** What no error may repeat. */
  readonly secrets: readonly string[];
  /** Headers that a call has by its content. */
  readonly sign?: (method: 'GET' | 'POST', url: string, body: string) => Readonly<Record<string, string>>;
}

/** ENDPOINT without the slashes at its end. */
export const endpointOf = (options: ModelVersion['options']): string =>
  remoteOptions.read('ENDPOINT', options)!.replace(/\/+$/, '');

/** The model of the options in a path, and with `between` before it the version that they name. */
export function modelPath(options: ModelVersion['options'], between: string): string {
  const version = servedOptions.read('MODEL_VERSION', options);
  const model = encodeURIComponent(servedOptions.read('MODEL_NAME', options)!);
  return version === undefined ? model : `${model}${between}${encodeURIComponent(version)}`;
}

/** The server that the options of every remote provider describe, with the URL that its own ones give. */
export function remoteServer(options: ModelVersion['options'], url: string): RemoteServer {
  const secrets: string[] = [];
  const reveal = (reference: string): string => {
    const value = secretValue(reference);
    secrets.push(value);
    return value;
  };
  // As stored: a name that the settings no longer list is an error, not a call without a token.
  const token = options['AUTH_TOKEN'];
  const custom = Object.entries(remoteOptions.read('CUSTOM_HEADERS', options)).map(([name, value]) => [
    name.toLowerCase(),
    /^secret:/i.test(value) ? reveal(value) : value,
  ]);
  checkOutbound(url);
  return {
    url,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${reveal(token)}` }),
      ...(Object.fromEntries(custom) as Record<string, string>),
    },
    timeoutMs: remoteOptions.read('TIMEOUT', options),
    secrets,
  };
}

/** The body of a call, and the headers that go with it. */
export interface CallBody {
  readonly bytes: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** One HTTP call, of GET without a body. A failure throws a ScoringError of its class; the body of an error need not be JSON. */
export async function askServer(server: RemoteServer, path: string, body?: string): Promise<string> {
  const { bytes } = await exchange(server, path, body === undefined ? undefined : { bytes: body, headers: {} });
  return bytes.toString('utf8');
}

/** As `askServer`, for bodies that are no text; with the headers of the answer. */
export async function exchange(
  server: RemoteServer,
  path: string,
  body: CallBody | undefined,
): Promise<{ readonly bytes: Buffer; readonly headers: Readonly<Record<string, string | string[] | undefined>> }> {
  const { headers, timeoutMs, secrets } = server;
  const url = `${server.url}${path}`;
  const signal = AbortSignal.timeout(timeoutMs);
  let status: number;
  let bytes: Buffer;
  let answered: Readonly<Record<string, string | string[] | undefined>>;
  try {
    const sent = body === undefined ? { method: 'GET' as const } : { method: 'POST' as const, body: body.bytes };
    const signature = server.sign?.(sent.method, url, body === undefined ? '' : String(body.bytes));
    const all = { ...headers, ...body?.headers, ...signature };
    const answer = await callOut(url, { ...sent, headers: all, signal, isRepeatable: true });
    status = answer.status;
    answered = answer.headers;
    bytes = await answer.bytes();
  } catch (error) {
    const timedOut = signal.aborted;
    throw new ScoringError(
      timedOut ? 'TIMEOUT' : 'NETWORK',
      `${url}: ${timedOut ? `no answer in ${timeoutMs} ms` : (error as Error).message}`,
    );
  }
  if (status < 400) return { bytes, headers: answered };
  const shown = `${url}: ${status} ${secrets.reduce(withoutSecret, bytes.toString('utf8')).slice(0, 200)}`;
  throw new ScoringError(status === 429 || status >= 500 ? 'HTTP_5XX' : 'HTTP_4XX', shown, {
    // Only these may come of one row, or of the size of the call: other answers are the same for each row.
    mayBeOneRow: [400, 413, 422, 500].includes(status),
  });
}

/** As `askServer`, for an answer in JSON. */
export async function callServer(server: RemoteServer, path: string, body?: string): Promise<unknown> {
  const text = await askServer(server, path, body);
  try {
    return answerJson(text);
  } catch {
    throw new ScoringError('BAD_RESPONSE', `${server.url}${path}: the answer is not JSON`);
  }
}

/** Parses an answer. Servers may write bare NaN and Infinity, which are not JSON, and integers that are no doubles. */
export function answerJson(text: string): unknown {
  if (!/\bNaN\b|\bInfinity\b|(?<![\d.])\d{16,}(?![\d.eE])/.test(text)) return JSON.parse(text);
  return plain(parseJsonWithNaN(text));
}

function plain(json: Json): unknown {
  if (json instanceof JsonNumber) {
    const number = Number(json.text);
    return Number.isSafeInteger(number) || !/^-?\d+$/.test(json.text) ? number : BigInt(json.text);
  }
  if (Array.isArray(json)) return json.map(plain);
  return json instanceof Map ? Object.fromEntries([...json].map(([key, value]) => [key, plain(value)])) : json;
}
