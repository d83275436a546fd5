import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ScramSecret } from '../access/passwords.ts';
import { WireError } from './messages.ts';

export const mechanism = 'SCRAM-SHA-256';

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const refuse = (): never => {
  throw new WireError('08P01', 'the SCRAM message is not as it must be');
};

/** The secret of a user that there is not: what answers look like does not tell it. */
export function nobodysSecret(name: string, seed: Buffer): ScramSecret {
  const salt = hmac(seed, name).subarray(0, 16);
  const key = pbkdf2Sync(seed, salt, 1, 32, 'sha256');
  return { iterations: 100_000, salt, storedKey: key, serverKey: key };
}

/** One exchange of SCRAM-SHA-256 (RFC 5802) from the server's side, without channel binding. */
export class ScramExchange {
  readonly #secret: ScramSecret;
  #nonce = '';
  #first = '';
  #header = '';

  constructor(secret: ScramSecret) {
    this.#secret = secret;
  }

  /** Answers the client's first message. */
  begin(text: string): string {
    const match = /^(([ny]),(?:a=[^,]*)?,)(n=[^,]*,r=([!-+\--~]+)(?:,.*)?)$/s.exec(text);
    if (match === null) return refuse();
    const { iterations, salt } = this.#secret;
    this.#header = match[1]!;
    this.#nonce = match[4]! + randomBytes(18).toString('base64');
    const answer = `r=${this.#nonce},s=${salt.toString('base64')},i=${iterations}`;
    this.#first = `${match[3]!},${answer}`;
    return answer;
  }

  /** Whether the client's last message shows the password, and the server's proof that it knows it too. */
  finish(text: string): { readonly isRight: boolean; readonly answer: string } {
    const match = /^(c=([^,]*),r=([^,]*)(?:,.*)?),p=([A-Za-z0-9+/=]+)$/s.exec(text);
    if (match === null) return refuse();
    const header = Buffer.from(match[2]!, 'base64').toString('latin1');
    if (header !== this.#header || match[3] !== this.#nonce) return refuse();
    const { storedKey, serverKey } = this.#secret;
    const signed = `${this.#first},${match[1]!}`;
    const signature = hmac(storedKey, signed);
    const proof = Buffer.from(match[4]!, 'base64');
    if (proof.length !== signature.length) return refuse();
    const clientKey = Buffer.from(proof.map((byte, i) => byte ^ signature[i]!));
    return {
      isRight: timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey),
      answer: `v=${hmac(serverKey, signed).toString('base64')}`,
    };
  }
}
