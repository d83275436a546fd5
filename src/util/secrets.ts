import { readFileSync } from 'node:fs';

/** A secret that is not listed, or whose value cannot be had; the message names it and tells nothing of it. */
class SecretMissing extends TypeError {}

/** Where each secret's value is, as the settings say it: `env:NAME`, `file:/path`, or the value itself. */
let places: ReadonlyMap<string, string> = new Map();

const keyOf = (name: string): string => name.toLowerCase().replace(/[.-]/g, '_');

/** Sets the secrets that statements may name in this thread. */
export function setSecrets(named: Readonly<Record<string, string>>): void {
  places = new Map(Object.entries(named).map(([name, place]) => [keyOf(name), place]));
}

/** The name in `secret:name`, or in a bare name. */
const nameIn = (reference: string): string => reference.replace(/^secret:/i, '');

/** Whether a statement's reference is one of the operator's names. */
export const isSecretName = (reference: string): boolean => places.has(keyOf(nameIn(reference)));

/** The value of a secret that a statement names. */
export function secretValue(reference: string): string {
  const place = places.get(keyOf(nameIn(reference)));
  if (place === undefined) throw new SecretMissing('a secret that the settings do not list as millrace.secrets.…');
  if (place.startsWith('env:')) {
    const value = process.env[place.slice(4)];
    if (value === undefined)
      throw new SecretMissing(`the secret ${nameIn(reference)} has no value: its variable is not set`);
    return value;
  }
  if (!place.startsWith('file:')) return place;
  try {
    return readFileSync(place.slice(5), 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SecretMissing(`the secret ${nameIn(reference)} has no value: its file cannot be read (${code})`);
  }
}

/** A text without a secret, which what somebody else's server says may repeat. */
export const withoutSecret = (text: string, secret: string | undefined): string =>
  secret === undefined || secret === '' ? text : text.replaceAll(secret, '[hidden]');

/** Names of properties whose values are secrets. */
export const isSecretKey = (name: string): boolean =>
  /pass(word|phrase)?|secret|token|credential|api.?key|jaas|auth|private|basic|bearer/i.test(name);
