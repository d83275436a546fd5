import dns from 'node:dns';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { callOut, checkOutbound, setOutbound } from '../../../src/util/outbound.ts';

/** Redirects by path to what the query says; other paths tell what they were sent. */
const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url!, 'http://a');
  const status = Number(pathname.slice(1));
  const to = searchParams.get('to');
  if (status > 300) response.writeHead(status, { location: to === 'self' ? request.url : to! }).end();
  else response.end(JSON.stringify({ method: request.method, headers: request.headers }));
});
let port: number;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => server.close());
afterEach(() => {
  setOutbound({ hosts: undefined });
  vi.restoreAllMocks();
});
const get = async (url: string): Promise<string> =>
  (await callOut(url, { method: 'GET', headers: { authorization: 'Bearer canary', 'x-key': 'canary' } })).text();

test.each([
  'http://169.254.169.254/latest/meta-data',
  'http://169.254.0.1',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://0251.0376.0251.0376/',
  'http://169.254.43518/',
  'http://[::ffff:169.254.169.254]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[::169.254.169.254]/',
  'http://[64:ff9b::169.254.169.254]/',
  'http://[2002:a9fe:a9fe::1]/',
  'http://[fe80::1]/',
  'http://[febf::1]/',
  'http://[fd00:ec2::254]/',
  'http://100.100.100.200/',
  'http://168.63.129.16/',
])('link-local and metadata addresses are not called, however they are written: %s', async (url) => {
  expect(() => checkOutbound(url)).toThrow('link-local or metadata');
  await expect(get(url)).rejects.toThrow('link-local or metadata');
});

test('a name that resolves to such an address is not called, even when it did not before', async () => {
  const lookup = vi.spyOn(dns, 'lookup') as unknown as { mockImplementation: (fn: unknown) => void };
  lookup.mockImplementation(
    (_name: string, _options: unknown, done: (error: null, found: { address: string; family: number }[]) => void) =>
      done(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '169.254.169.254', family: 4 },
      ]),
  );
  expect(checkOutbound(`http://rebinding.test:${port}/`).hostname).toBe('rebinding.test');
  await expect(get(`http://rebinding.test:${port}/`)).rejects.toThrow('link-local or metadata');
});

test.each([301, 302, 303, 307, 308])('redirects are checked as the first address is: %i', async (status) => {
  const to = (target: string): string => `http://127.0.0.1:${port}/${status}?to=${encodeURIComponent(target)}`;
  await expect(get(to('http://169.254.169.254/'))).rejects.toThrow('link-local or metadata');
  await expect(get(to(to('http://[fe80::1]/')))).rejects.toThrow('link-local or metadata');
  await expect(get(to('file:///etc/passwd'))).rejects.toThrow('file: is not called');
  setOutbound({ hosts: [`127.0.0.1:${port}`] });
  await expect(get(to(`http://localhost:${port}/`))).rejects.toThrow('outbound.hosts');
  expect(await get(to('/200'))).toContain('canary');
  setOutbound({ hosts: undefined });
  // Another origin does not get the first one's credentials.
  expect(await get(to(`http://localhost:${port}/200`))).not.toContain('canary');
  await expect(get(`http://127.0.0.1:${port}/${status}?to=self`)).rejects.toThrow('redirects too often');
});

test.each([
  ['models.test', 'http://models.test/', true],
  ['models.test', 'http://MODELS.test.:8000/', true],
  ['models.test:8000', 'http://models.test:8000/', true],
  ['models.test:8000', 'http://models.test/', false],
  ['models.test:443', 'https://models.test/', true],
  ['models.test', 'http://evil.models.test/', false],
  ['models.test', 'http://models.test.evil/', false],
  ['models.test', 'http://models.test@evil/', false],
  ['*.models.test', 'http://a.b.models.test/', true],
  ['*.models.test', 'http://models.test/', false],
  ['*.models.test', 'http://evilmodels.test/', false],
  ['127.0.0.1', 'http://127.1/', true],
  ['::1', 'http://[::1]:9/', true],
  ['[::1]:9', 'http://[::1]:8/', false],
  ['169.254.1.1', 'http://169.254.1.1/', true],
  ['*', 'http://a/', false],
])('outbound.hosts=%s and %s: %s', (entry, url, isCalled) => {
  setOutbound({ hosts: [entry] });
  if (isCalled) expect(checkOutbound(url)).toBeInstanceOf(URL);
  else expect(() => checkOutbound(url)).toThrow('outbound.hosts');
});
