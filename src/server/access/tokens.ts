import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { withoutUser } from '../../config/setting-names.ts';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { callOnce, checkOutbound } from '../../util/outbound.ts';
import { WatchedFile } from './watched-file.ts';

/** What is used of jose. It is loaded where tokens are taken, since most nodes take none. */
interface Jose {
  /** The option by which another function than fetch gets the keys. */
  readonly customFetch: symbol;
  createRemoteJWKSet(url: URL, options: Readonly<Record<symbol, typeof fetchKeys>>): KeySet;
  createLocalJWKSet(keys: unknown): KeySet;
  jwtVerify(token: string, keys: KeySet, options: object): Promise<{ readonly payload: Record<string, unknown> }>;
}
type KeySet = (...of: unknown[]) => unknown;

/** Signatures by private keys only: whoever can verify a token cannot make one. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

const keysSetting = 'oauthbearer.jwks.endpoint.url';

/** Gets keys as jose asks for them, from an address that may be called. */
async function fetchKeys(
  url: string,
  { headers, signal }: { readonly headers: Headers; readonly signal: AbortSignal },
): Promise<{ readonly status: number; json(): unknown }> {
  try {
    const answer = await callOnce(url, { method: 'GET', headers: Object.fromEntries(headers), signal });
    const text = await answer.text();
    return { status: answer.status, json: () => JSON.parse(text) as unknown };
  } catch (error) {
    // jose tells its time limit by the signal's own error.
    throw signal.aborted ? signal.reason : error;
  }
}

function checkAddress(keys: string): void {
  try {
    checkOutbound(keys);
  } catch (error) {
    const value = withoutUser(keys);
    throw new SqlError('INVALID_SETTING', noSpan, { name: keysSetting, value, why: (error as Error).message });
  }
}

export interface TokenSettings {
  readonly keys: string;
  readonly issuer: string | undefined;
  readonly audience: readonly string[];
  readonly userClaim: string;
  readonly rolesClaim: string;
}

/** Verifies bearer tokens (JWT). */
export class Tokens {
  readonly #settings: TokenSettings;
  readonly #jose = createRequire(import.meta.url)('jose') as Jose;
  readonly #file: WatchedFile<KeySet> | undefined;
  readonly #remote: KeySet | undefined;

  constructor(settings: TokenSettings, report: (text: string) => void) {
    this.#settings = settings;
    const url = new URL(settings.keys);
    const read = (text: string): KeySet => this.#jose.createLocalJWKSet(JSON.parse(text));
    if (url.protocol === 'file:') this.#file = new WatchedFile(keysSetting, fileURLToPath(url), read, report);
    else {
      checkAddress(settings.keys);
      this.#remote = this.#jose.createRemoteJWKSet(url, { [this.#jose.customFetch]: fetchKeys });
    }
  }

  /** The user and roles of a token; an error does not tell the token. */
  async verify(token: string): Promise<{ readonly name: string; readonly roles: readonly string[] }> {
    const { issuer, audience, userClaim, rolesClaim } = this.#settings;
    let payload: Record<string, unknown>;
    try {
      ({ payload } = await this.#jose.jwtVerify(token, this.#file?.content ?? this.#remote!, {
        algorithms,
        requiredClaims: ['exp'],
        clockTolerance: 5,
        ...(issuer === undefined ? {} : { issuer }),
        ...(audience.length === 0 ? {} : { audience }),
      }));
    } catch (error) {
      const code = (error as { readonly code?: unknown }).code;
      throw new SqlError('UNAUTHORIZED', noSpan, {
        why: `the bearer token is not accepted${typeof code === 'string' ? ` (${code})` : ''}`,
      });
    }
    const name = claim(payload, userClaim);
    if (typeof name !== 'string' || name === '')
      throw new SqlError('UNAUTHORIZED', noSpan, { why: `the bearer token has no claim "${userClaim}"` });
    return { name, roles: rolesOf(claim(payload, rolesClaim)) };
  }

  close(): void {
    this.#file?.close();
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
/** A claim by its name, or by the names on the way to it. */
const claim = (payload: Record<string, unknown>, name: string): unknown =>
  Object.hasOwn(payload, name)
    ? payload[name]
    : name
        .split('.')
        .reduce<unknown>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), payload);

const rolesOf = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return value.split(/\s+/).filter((role) => role !== '');
  return Array.isArray(value) ? (value as unknown[]).filter((role) => typeof role === 'string') : [];
};
