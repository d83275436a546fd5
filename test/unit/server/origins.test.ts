import http from 'node:http';
import { mkdtempSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNode, type RunningNode } from '../../../src/cli/start-node.ts';
import { readSettings } from '../../../src/config/settings.ts';
import { guardBrowsers } from '../../../src/server/origins.ts';

let node: RunningNode;
beforeAll(async () => {
  const settings = {
    'state.dir': mkdtempSync(join(tmpdir(), 'millrace-origins-')),
    listeners: 'http://127.0.0.1:0',
    'access.control.allow.origin': 'https://tools.example.com',
  };
  node = await startNode(readSettings(settings, {}, undefined));
});
afterAll(() => node.close());

/** The status and allowed origin of a statement that is sent with some headers. */
function send(headers: Record<string, string>, method = 'POST'): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.request(`${node.server.url}/ksql`, { method, headers }, (response) => {
      response.resume();
      response.on('end', () =>
        resolve(`${response.statusCode} ${response.headers['access-control-allow-origin'] ?? 'none'}`),
      );
    });
    request.on('error', reject);
    request.end(method === 'POST' ? JSON.stringify({ ksql: 'SHOW STREAMS;' }) : undefined);
  });
}
const port = (): string => String(node.server.port);

test('clients that are no browsers are served, whatever they say of the content', async () => {
  expect(await send({})).toBe('200 none');
  expect(await send({ 'content-type': 'text/plain' })).toBe('200 none');
  expect(await send({ host: `localhost:${port()}` })).toBe('200 none');
});

test('a foreign page is refused, its own pages and those that are allowed are not', async () => {
  expect(await send({ origin: 'https://evil.example.com', 'content-type': 'text/plain' })).toBe('403 none');
  expect(await send({ origin: 'null' })).toBe('403 none');
  expect(await send({ origin: `http://127.0.0.1:${port()}` })).toBe('200 none');
  expect(await send({ origin: 'http://127.0.0.1:1' })).toBe('403 none');
  expect(await send({ origin: 'https://tools.example.com' })).toBe('200 https://tools.example.com');
  expect(await send({ origin: 'https://tools.example.com' }, 'OPTIONS')).toBe('204 https://tools.example.com');
  expect(await send({ origin: 'https://evil.example.com' }, 'OPTIONS')).toBe('403 none');
});

test('a name that somebody else made resolve to this machine is refused', async () => {
  expect(await send({ host: `evil.example.com:${port()}`, origin: `http://evil.example.com:${port()}` })).toBe(
    '403 none',
  );
  expect(await send({ host: `evil.example.com:${port()}` })).toBe('403 none');
});

test.each(['0.0.0.0', '127.0.0.1'])(
  'pages of a name that somebody else made resolve to a server on %s are refused',
  (host) => {
    const guard = guardBrowsers({ host, advertised: 'millrace-1', allowedOrigins: ['http://ui.example.com'] });
    const statusOf = (headers: Record<string, string>): number => {
      let status = 200;
      const response = {
        status: (code: number) => ((status = code), response),
        json: () => response,
        setHeader: () => response,
        end: () => response,
      };
      const args = [{ headers, method: 'POST' }, response, () => undefined] as unknown as Parameters<typeof guard>;
      void guard(...args);
      return status;
    };
    const page = (authority: string): number => statusOf({ host: authority, origin: `http://${authority}` });
    expect(page('evil.example.com:8088')).toBe(403);
    for (const own of ['127.0.0.1:8088', 'localhost:8088', '[::1]:8088', 'millrace-1:8088', 'MILLRACE-1:8088'])
      expect([own, page(own)]).toEqual([own, 200]);
    if (host === '127.0.0.1') return;
    for (const own of ['192.168.1.5:8088', 'ui.example.com', `${hostname()}:8088`])
      expect([own, page(own)]).toEqual([own, 200]);
    // A client that is no browser.
    expect(statusOf({ host: 'balancer.example.com:8088' })).toBe(200);
  },
);
