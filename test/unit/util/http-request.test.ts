import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sendRequest, type HttpRequest } from '../../../src/util/http-request.ts';

/** A server that answers the first request of each connection, and closes it without a word at the next. */
let server: Server;
let requests = 0;
beforeEach(async () => {
  requests = 0;
  const seen = new WeakSet();
  server = createServer((request, response) => {
    requests++;
    if (seen.has(request.socket)) return void request.socket.destroy();
    seen.add(request.socket);
    request.resume();
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});
const ask = async (more: Partial<HttpRequest>): Promise<string> => {
  const { port } = server.address() as AddressInfo;
  const answer = await sendRequest(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'x', ...more });
  return answer.text();
};

test('a request that does no harm twice is sent again when the connection kept for it was closed', async () => {
  expect(await ask({ isRepeatable: true })).toBe('ok');
  expect(await ask({ isRepeatable: true })).toBe('ok');
  expect(requests).toBe(3);
});

test('another request is not: the server may have done it', async () => {
  expect(await ask({})).toBe('ok');
  await expect(ask({})).rejects.toThrow('socket hang up');
  expect(requests).toBe(2);
});

test('a server that closes new connections too ends it', async () => {
  server.removeAllListeners('request');
  server.on('request', (request) => {
    requests++;
    request.socket.destroy();
  });
  await expect(ask({ isRepeatable: true })).rejects.toThrow('socket hang up');
  expect(requests).toBe(1);
});
