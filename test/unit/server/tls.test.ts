import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { startNode, type RunningNode } from '../../../src/cli/start-node.ts';
import { readSettings } from '../../../src/config/settings.ts';
import { Client, type ClientAccess } from '../../../src/repl/client.ts';
import { basic, fileOf, usersFile } from '../../support/access.ts';
import { Authority } from '../../support/certificates.ts';

const authority = new Authority();
const server = authority.issue('server');
const client = authority.issue('client');
const stranger = new Authority('stranger').issue('client');
const ca = readFileSync(authority.cert, 'utf8');

const nodes: RunningNode[] = [];
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close();
});
async function start(settings: Record<string, string>, log: string[] = []): Promise<RunningNode> {
  const all = {
    'state.dir': mkdtempSync(join(tmpdir(), 'millrace-tls-')),
    listeners: 'https://127.0.0.1:0',
    ...settings,
  };
  const node = await startNode(readSettings(all, {}, undefined), { log: (text) => log.push(text) });
  nodes.push(node);
  return node;
}
const identity = ({ cert, key }: { readonly cert: string; readonly key: string }): ClientAccess => ({
  ca,
  cert: readFileSync(cert, 'utf8'),
  key: readFileSync(key, 'utf8'),
});
const show = async (node: RunningNode, access: ClientAccess): Promise<unknown> =>
  (await new Client(node.server.url, access).execute('SHOW STREAMS;'))[0]!['@type'];

test.each([
  ['one PEM file', { 'ssl.keystore.location': server.both }],
  ['two PEM files', { 'ssl.keystore.location': server.cert, 'ssl.keystore.key.location': server.key }],
  [
    'a key with a password',
    {
      'ssl.keystore.location': server.cert,
      'ssl.keystore.key.location': authority.encrypted(server, 'pw'),
      'ssl.key.password': 'pw',
    },
  ],
  [
    'PKCS12',
    {
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': authority.pkcs12(server, 'pw'),
      'ssl.keystore.password': 'pw',
    },
  ],
])('https serves from %s', async (_, settings) => {
  const node = await start(settings);
  expect(node.server.url).toMatch(/^https:/);
  expect(await show(node, { ca })).toBe('streams');
  await expect(show(node, {})).rejects.toThrow('is not trusted');
});

test('HTTP/2 is spoken by ALPN, and clear text is not', async () => {
  const node = await start({ 'ssl.keystore.location': server.both });
  const session = http2.connect(node.server.url, { ca });
  const status = await new Promise((resolve, reject) => {
    session.on('error', reject);
    session.request({ ':path': '/info' }).on('response', (headers) => resolve(headers[':status']));
  });
  session.destroy();
  expect(status).toBe(200);
  const bytes = await new Promise<string>((resolve) => {
    const socket = net.connect(node.server.port, '127.0.0.1', () =>
      socket.write('GET /info HTTP/1.1\r\nHost: a\r\n\r\n'),
    );
    let text = '';
    socket.on('data', (data) => (text += data.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
  expect(bytes).not.toContain('HTTP/1.1 200');
});

const junk = join(authority.folder, 'junk.pem');
writeFileSync(junk, 'no certificate');
test.each([
  [{}, 'ssl.keystore.location'],
  [{ 'ssl.keystore.location': '/nowhere.pem' }, 'ssl.keystore.location'],
  [{ 'ssl.keystore.location': junk }, 'ssl.keystore.location'],
  [{ 'ssl.keystore.location': server.cert }, 'ssl.keystore.location'],
  [{ 'ssl.keystore.location': server.cert, 'ssl.keystore.key.location': client.key }, 'ssl.keystore.location'],
  [{ 'ssl.keystore.location': authority.pkcs12(server, 'a'), 'ssl.keystore.password': 'b' }, 'ssl.keystore.location'],
  [{ 'ssl.keystore.location': server.both, 'ssl.client.authentication': 'REQUIRED' }, 'ssl.client.authentication'],
  [{ 'ssl.keystore.location': server.both, 'ssl.truststore.location': junk }, 'ssl.truststore.location'],
  [{ 'ssl.keystore.location': server.both, 'ssl.keystore.type': 'JKS' }, 'ssl.keystore.type'],
  [{ 'ssl.keystore.location': server.both, 'ssl.protocol': 'TLS' }, 'ssl.protocol'],
])('an https listener without a certificate that can be used does not start: %j', async (settings, name) => {
  await expect(start(settings)).rejects.toThrow(name);
});

test('clients without a certificate are turned away where one is required', async () => {
  const settings = { 'ssl.keystore.location': server.both, 'ssl.truststore.location': authority.cert };
  const required = await start({ ...settings, 'ssl.client.authentication': 'REQUIRED' });
  expect(await show(required, identity(client))).toBe('streams');
  await expect(show(required, { ca })).rejects.toThrow();
  await expect(show(required, identity(stranger))).rejects.toThrow();
  const requested = await start({ ...settings, 'ssl.client.authentication': 'REQUESTED' });
  expect(await show(requested, identity(client))).toBe('streams');
  expect(await show(requested, { ca })).toBe('streams');
  await expect(show(requested, identity(stranger))).rejects.toThrow();
});

test('a certificate that changes is served without a restart; one that cannot be used is not', async () => {
  const path = join(authority.folder, 'changing.pem');
  copyFileSync(server.both, path);
  const log: string[] = [];
  const node = await start({ 'ssl.keystore.location': path }, log);
  const served = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = tls.connect(node.server.port, '127.0.0.1', { ca }, () => {
        resolve(socket.getPeerCertificate().subject.CN as string);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  expect(await served()).toBe('server');
  copyFileSync(authority.issue('renewed').both, path);
  await expect.poll(served, { timeout: 20_000 }).toBe('renewed');
  writeFileSync(path, 'half a certificate');
  await expect.poll(() => log.at(-1), { timeout: 20_000 }).toContain('the former certificate stays');
  expect(await served()).toBe('renewed');
});

test('a request whose first segment is one byte is no HTTP/2', async () => {
  const node = await start({ listeners: 'http://127.0.0.1:0' });
  const text = await new Promise<string>((resolve, reject) => {
    const socket = net.connect(node.server.port, '127.0.0.1', () => {
      socket.setNoDelay(true);
      const request =
        'POST /ksql HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 25\r\n\r\n{"ksql":"SHOW STREAMS;"} ';
      socket.write(request.slice(0, 1));
      setTimeout(() => socket.write(request.slice(1)), 50);
    });
    let received = '';
    socket.on('data', (data) => (received += data.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
  expect(text).toContain('HTTP/1.1 200');
});

test('a certificate is a name too, of those that the users file has', async () => {
  const node = await start({
    'ssl.keystore.location': server.both,
    'ssl.truststore.location': authority.cert,
    'ssl.client.authentication': 'REQUESTED',
    'authentication.method': 'CERTIFICATE,BASIC',
    'authentication.users.file': await usersFile({ server: [] }, 'client: certificate,reader'),
    'authorization.file': fileOf('reader = read on *'),
  });
  expect(await show(node, identity(client))).toBe('streams');
  await expect(new Client(node.server.url, identity(client)).execute('TERMINATE ALL;')).rejects.toThrow('no right');
  await expect(show(node, identity(authority.issue('unknown')))).rejects.toThrow('is needed');
  await expect(show(node, identity(server))).rejects.toThrow('is needed');
  await expect(show(node, { ca })).rejects.toThrow('is needed');
  await expect(show(node, { ca, ...basic('server') })).rejects.toThrow('no right');
});
