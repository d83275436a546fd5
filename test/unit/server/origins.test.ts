import http from 'node:http';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNode, type RunningNode } from '../../../src/cli/start-node.ts';
import { readSettings } from '../../../src/config/settings.ts';

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
