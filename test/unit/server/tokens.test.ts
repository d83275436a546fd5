import { generateKeyPairSync, sign, createHmac, type KeyObject } from 'node:crypto';
import dns from 'node:dns';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { setOutbound } from '../../../src/util/outbound.ts';
import { fileOf, ksql, startWith } from '../../support/access.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keys = {
  keys: [
    { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256', use: 'sig' },
    { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec', alg: 'ES256', use: 'sig' },
  ],
};
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = (): number => Math.floor(Date.now() / 1000);
const good = (): Record<string, unknown> => ({
  iss: 'https://id.example.com',
  aud: 'millrace',
  sub: 'ann',
  exp: now() + 300,
  realm_access: { roles: ['reader'] },
});

function token(
  payload: object,
  header: object = { alg: 'RS256', kid: 'rsa' },
  key: KeyObject = rsa.privateKey,
): string {
  const text = `${encode(header)}.${encode(payload)}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  return `${text}.${signature}`;
}
/** A token signed with the public key as if it were a shared secret. */
function confused(): string {
  const text = `${encode({ alg: 'HS256', kid: 'rsa' })}.${encode(good())}`;
  const secret = rsa.publicKey.export({ type: 'spki', format: 'pem' });
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const served = http.createServer((_request, response) => response.end(JSON.stringify(keys)));
const servedAt = (host: string): string => `http://${host}:${(served.address() as AddressInfo).port}/keys`;
const startAt = (jwks: string, settings: Readonly<Record<string, string>> = {}): Promise<RunningNode> =>
  startWith({
    'authentication.method': 'BEARER',
    'oauthbearer.jwks.endpoint.url': jwks,
    'oauthbearer.expected.issuer': 'https://id.example.com',
    'oauthbearer.expected.audience': 'millrace,other',
    'oauthbearer.groups.claim.name': 'realm_access.roles',
    'authorization.file': fileOf('reader = read on *'),
    ...settings,
  });
const nodes: RunningNode[] = [];
beforeAll(async () => {
  await new Promise<void>((resolve) => served.listen(0, '127.0.0.1', resolve));
  for (const jwks of [pathToFileURL(fileOf(JSON.stringify(keys))).href, servedAt('127.0.0.1')])
    nodes.push(await startAt(jwks));
});
afterAll(async () => {
  for (const node of nodes) await node.close();
  served.close();
});
const statuses = async (bearer: string, sql = 'SHOW STREAMS;'): Promise<number[]> =>
  Promise.all(nodes.map(async (node) => (await ksql(node, { authorization: `Bearer ${bearer}` }, sql)).status));

test('a token of a known key lets in, with the rights of its roles', async () => {
  expect(await statuses(token(good()))).toEqual([200, 200]);
  expect(await statuses(token(good(), { alg: 'ES256', kid: 'ec' }, ec.privateKey))).toEqual([200, 200]);
  expect(await statuses(token(good()), 'TERMINATE ALL;')).toEqual([403, 403]);
  expect(await statuses(token({ ...good(), realm_access: {} }))).toEqual([403, 403]);
  expect(await statuses(token({ ...good(), realm_access: { roles: 'x reader' } }))).toEqual([200, 200]);
});

test.each([
  ['of a stranger’s key', () => token(good(), { alg: 'RS256', kid: 'rsa' }, stranger.privateKey)],
  ['of no key', () => `${encode({ alg: 'none' })}.${encode(good())}.`],
  ['signed with the public key', confused],
  ['that was changed', () => token(good()).replace(/\.[^.]+\./, `.${encode({ ...good(), sub: 'eve' })}.`)],
  ['that has expired', () => token({ ...good(), exp: now() - 60 })],
  ['without an end', () => token({ ...good(), exp: undefined })],
  ['that is not valid yet', () => token({ ...good(), nbf: now() + 60 })],
  ['of another issuer', () => token({ ...good(), iss: 'https://evil.example.com' })],
  ['for somebody else', () => token({ ...good(), aud: 'mail' })],
  ['without a name', () => token({ ...good(), sub: undefined })],
  ['that is none', () => 'abc'],
])('a token %s does not', async (_, make) => {
  expect(await statuses(make())).toEqual([401, 401]);
});

test('keys come only from an address that may be called', async () => {
  await expect(startAt('http://169.254.169.254/keys')).rejects.toThrow('link-local or metadata');
  const refused = startAt(servedAt('ann:canary@127.0.0.1'), { 'outbound.hosts': 'id.example.com' });
  await expect(refused).rejects.toThrow('outbound.hosts');
  await expect(refused).rejects.not.toThrow('canary');
  setOutbound({ hosts: undefined });
  const node = await startAt(servedAt('rebinding.test'));
  const lookup = vi.spyOn(dns, 'lookup') as unknown as { mockImplementation: (fn: unknown) => void };
  let resolved = ['127.0.0.1', '169.254.169.254'];
  lookup.mockImplementation(
    (_name: string, _options: unknown, done: (error: null, found: { address: string; family: number }[]) => void) =>
      done(
        null,
        resolved.map((address) => ({ address, family: 4 })),
      ),
  );
  try {
    const status = async (): Promise<number> =>
      (await ksql(node, { authorization: `Bearer ${token(good())}` }, 'SHOW STREAMS;')).status;
    expect(await status()).toBe(401);
    resolved = ['127.0.0.1'];
    expect(await status()).toBe(200);
  } finally {
    vi.restoreAllMocks();
    await node.close();
  }
});
