import { randomBytes } from 'node:crypto';
import http2 from 'node:http2';
import net from 'node:net';
import type { RunningNode } from '../../src/cli/start-node.ts';
import { ksql } from './access.ts';

interface Client {
  close(): void;
}

/** Clients that ask for rows and then read nothing, and rows enough to fill every buffer between. */
export const unread = {
  async fill(node: RunningNode): Promise<void> {
    if (node.engine.catalog.sources.has('BIG')) return;
    await ksql(node, {}, "CREATE STREAM big (v STRING) WITH (kafka_topic='big', value_format='JSON', partitions=1);");
    for (let i = 0; i < 30; i++)
      await node.engine.node.produce('big', [
        {
          key: null,
          // Not to be packed into little.
          value: JSON.stringify({ V: randomBytes(600_000).toString('base64') }),
          timestamp: 1,
          partition: 0,
        },
      ]);
  },

  open(
    node: RunningNode,
    version: 'HTTP/1.1' | 'HTTP/2',
    sql: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Client> {
    const body = JSON.stringify({ sql, properties: { 'auto.offset.reset': 'earliest' } });
    return new Promise((resolve, reject) => {
      if (version === 'HTTP/2') {
        const session = http2.connect(node.server.url);
        session.on('error', reject);
        const request = session.request({ ':path': '/query-stream', ':method': 'POST', ...headers });
        request.on('error', () => undefined);
        request.on('response', () => resolve({ close: () => session.destroy() }));
        request.end(body);
        return;
      }
      const socket = net.connect(node.server.port, '127.0.0.1');
      const lines = Object.entries({ host: '127.0.0.1', 'content-length': String(body.length), ...headers });
      socket.on('error', () => undefined);
      socket.write(
        `POST /query-stream HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n${body}`,
      );
      socket.once('connect', () => resolve({ close: () => socket.destroy() }));
    });
  },
};
