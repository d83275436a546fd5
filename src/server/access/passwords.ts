import { createHash, createHmac, pbkdf2, randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);
const cost = { N: 16_384, r: 8, p: 1 };
const bytes = 32;

const deriveScram = promisify(pbkdf2);

/** A password's hash by scrypt. */
interface ScryptSecret {
  readonly options: ScryptOptions;
  readonly salt: Buffer;
  readonly hash: Buffer;
}
/** What SCRAM-SHA-256 needs of a password: with it a server can check one that is never sent. */
export interface ScramSecret {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}
/** A password as it is stored. */
export type StoredPassword = ScryptSecret | ScramSecret;

/** A password's hash as text: `scrypt$N$r$p$salt$hash`, the last two in base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, bytes, cost);
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64'), hash.toString('base64')].join('$');
}

const scramIterations = 100_000;
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

async function scramSecret(password: string, salt: Buffer, iterations: number): Promise<ScramSecret> {
  const salted = await deriveScram(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  return { iterations, salt, storedKey, serverKey: hmac(salted, 'Server Key') };
}

/** A password's SCRAM secret as text, in PostgreSQL's form: `SCRAM-SHA-256$iterations:salt$stored key:server key`. */
export async function hashForScram(password: string): Promise<string> {
  const { iterations, salt, storedKey, serverKey } = await scramSecret(password, randomBytes(16), scramIterations);
  const [a, b, c] = [salt, storedKey, serverKey].map((bytes) => bytes.toString('base64'));
  return `SCRAM-SHA-256$${iterations}:${a}$${b}:${c}`;
}

function readScram(text: string): ScramSecret | undefined {
  const match = /^SCRAM-SHA-256\$(\d{4,7}):([A-Za-z0-9+/=]{16,})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/.exec(
    text,
  );
  if (match === null) return undefined;
  const [salt, storedKey, serverKey] = match.slice(2).map((part) => Buffer.from(part, 'base64')) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  return { iterations: Number(match[1]), salt, storedKey, serverKey };
}

/** Reads the text of a hash; undefined for any other text. */
export function readHash(text: string): StoredPassword | undefined {
  if (text.startsWith('SCRAM')) return readScram(text);
  const match = /^scrypt\$(\d{3,7})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9+/=]{16,})\$([A-Za-z0-9+/=]{24,})$/.exec(text);
  if (match === null) return undefined;
  const [N, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (N < 2 || (N & (N - 1)) !== 0 || r < 1 || p < 1) return undefined;
  return {
    options: { N, r, p, maxmem: 256 * N * r },
    salt: Buffer.from(match[4]!, 'base64'),
    hash: Buffer.from(match[5]!, 'base64'),
  };
}

/** What an unknown user's password is compared with, so that the answer takes as long as that to a known one. */
const nobody: ScryptSecret = { options: cost, salt: Buffer.alloc(16), hash: Buffer.alloc(bytes) };
const remembered = 1000;

const storedBytes = (stored: StoredPassword): Buffer => ('storedKey' in stored ? stored.storedKey : stored.hash);

/** Compares passwords with their hashes, at most two at a time; a password that was right is not worked out again. */
export class Passwords {
  readonly #secret = randomBytes(32);
  /** What was right, as a keyed hash of user, stored hash and password. */
  readonly #right = new Set<string>();
  #running: Promise<unknown>[] = [];

  async matches(user: string, password: string, stored: StoredPassword | undefined): Promise<boolean> {
    const proof = createHmac('sha256', this.#secret)
      .update(JSON.stringify([user, stored === undefined ? null : storedBytes(stored).toString('base64'), password]))
      .digest('base64');
    if (this.#right.has(proof)) return true;
    while (this.#running.length >= 2) await Promise.race(this.#running);
    const work = this.#compare(password, stored ?? nobody);
    this.#running.push(work);
    const isSame = await work.finally(() => {
      this.#running = this.#running.filter((other) => other !== work);
    });
    if (!isSame || stored === undefined) return false;
    if (this.#right.size >= remembered) this.#right.clear();
    this.#right.add(proof);
    return true;
  }

  async #compare(password: string, stored: StoredPassword): Promise<boolean> {
    if ('storedKey' in stored) {
      const { storedKey } = await scramSecret(password, stored.salt, stored.iterations);
      return timingSafeEqual(storedKey, stored.storedKey);
    }
    const { options, salt, hash } = stored;
    return timingSafeEqual(await derive(password, salt, hash.length, options), hash);
  }
}
