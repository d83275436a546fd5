import net from 'node:net';
import { expect, test } from 'vitest';
import { bindListener } from '../../../src/server/server.ts';
import { serveStart } from '../../../src/server/starting.ts';

test('before the node is open, /livez answers, all else is told to come later, and HTTP/2 waits for what serves next', async () => {
  const bound = await bindListener({ host: '127.0.0.1', port: 0, tls: undefined });
  serveStart(bound);
  const ask = async (path: string): Promise<[number, string]> => {
    const response = await fetch(bound.url + path);
    return [response.status, await response.text()];
  };
  expect(await ask('/livez')).toEqual([200, '{}']);
  expect(await ask('/chc/live')).toEqual([200, '{}']);
  for (const path of ['/readyz', '/healthcheck', '/info']) {
    const [status, body] = await ask(path);
    expect([status, body]).toEqual([503, expect.stringContaining('50300')]);
  }
  const client = net.connect(bound.port, '127.0.0.1');
  client.write('PRI * HTTP/2.0\r\n');
  // It was seen as what it is once a later connection has been answered.
  await ask('/livez');
  const served = new Promise<string>((resolve) =>
    bound.serve((socket) => {
      socket.once('readable', () => resolve(String(socket.read())));
    }),
  );
  expect(await served).toBe('PRI * HTTP/2.0\r\n');
  client.destroy();
  await new Promise<void>((done) => bound.close(done));
});
