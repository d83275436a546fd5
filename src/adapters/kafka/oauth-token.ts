import type { Mechanism } from 'kafkajs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { callOnce } from '../../util/outbound.ts';
import { EncoderClass, type Encoder } from './kafkajs-internals.ts';

/** Where tokens for brokers come from. */
interface TokenSource {
  /** An endpoint of OAuth 2.0, or `file:///path` of a token. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | undefined;
}

/** No token was given, or it was not taken; an endpoint may be down for a moment. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  /** Whether the same request is refused again; of the endpoint's, by the status of its answer. */
  readonly retriable: boolean;
  constructor(status: number, message: string) {
    super(message);
    this.retriable = status < 400 || status > 403;
  }
}

const patienceMs = 10_000;
/** A token is used for this part of its life, so that it does not end on its way. */
const usedPart = 0.8;
/** kafkajs gives a broker's answer with its length before it. */
const lengthBytes = 4;
/** OAuth 2.0 lets an endpoint leave the life out; then each connection asks. */
interface TokenAnswer {
  readonly access_token?: unknown;
  readonly expires_in?: unknown;
  readonly error?: unknown;
  /** Of a broker that does not take a token. */
  readonly status?: unknown;
  readonly error_description?: unknown;
}

/**
 * Gives the token for the next connection, or the next authentication of one: the file's, or one that client credentials got
 * (RFC 6749, section 4.4), which is used again until most of its life is over.
 */
export function tokenProvider(source: TokenSource): () => Promise<string> {
  let held: { readonly token: Promise<string>; readonly until: number } | undefined;
  if (source.url.startsWith('file:')) return async () => (await readFile(fileURLToPath(source.url), 'utf8')).trim();
  const ask = async (): Promise<string> => {
    const { token, lifeMs } = await fetchToken(source);
    held = { token: Promise.resolve(token), until: performance.now() + lifeMs * usedPart };
    return token;
  };
  return () => {
    if (held === undefined || performance.now() >= held.until) {
      // Connections that are made together ask once.
      const token = ask();
      held = { token, until: Infinity };
      token.catch(() => (held = undefined));
    }
    return held.token;
  };
}

async function fetchToken({ url, clientId, clientSecret, scope }: TokenSource): Promise<{
  readonly token: string;
  readonly lifeMs: number;
}> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope !== undefined && { scope }) });
  const credentials = [clientId, clientSecret].map(encodeURIComponent).join(':');
  const answer = await callOnce(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    },
    body: form.toString(),
    signal: AbortSignal.timeout(patienceMs),
  });
  const body = readJson(await answer.text());
  const { access_token: token, expires_in: seconds, error, error_description: description } = body;
  const { host } = new URL(url);
  if (answer.status !== 200) {
    const why = [error, description].filter((part) => typeof part === 'string').join(': ');
    throw new TokenRefused(answer.status, `${host} gives no token: status ${answer.status}${why && `, ${why}`}`);
  }
  if (typeof token !== 'string')
    throw new TokenRefused(answer.status, `${host} gives no token: its answer has no access_token`);
  return { token, lifeMs: Number.isFinite(Number(seconds)) ? Number(seconds) * 1000 : 0 };
}

function readJson(text: string): TokenAnswer {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

const written = ({ buf, offset }: Encoder): Buffer => buf.subarray(0, offset);
/**
 * Shows brokers a token (RFC 7628). kafkajs's own takes the error that a broker sends for a bad token for success, and the connection
 * then fails at its next request without a reason.
 */
export const bearerAuthentication =
  (token: () => Promise<string>): Mechanism['authenticationProvider'] =>
  ({ saslAuthenticate }) => ({
    async authenticate() {
      const text = `n,,\u0001auth=Bearer ${await token()}\u0001\u0001`;
      const refusal = await saslAuthenticate({
        request: { encode: () => written(new EncoderClass().writeBytes(Buffer.from(text))) },
        response: { decode: (answer) => answer, parse: (answer) => answer.toString('utf8', lengthBytes) },
      });
      if (refusal === undefined || refusal === '') return;
      const { status = refusal } = readJson(refusal);
      throw new TokenRefused(401, `SASL OAUTHBEARER authentication failed: ${String(status)}`);
    },
  });
