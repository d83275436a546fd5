import net from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNode, type RunningNode } from '../../src/cli/start-node.ts';
import { readSettings } from '../../src/config/settings.ts';
import { newFolder } from '../support/files.ts';

let node: RunningNode;
beforeAll(async () => {
  node = await startNode(readSettings({ listeners: 'http://127.0.0.1:0', 'state.dir': newFolder() }, {}, undefined));
});
afterAll(() => node.close());

/** A frame of HTTP/2, as RFC 9113 writes it. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const settings = frame(4, 0, 0, Buffer.alloc(0));
/** GET / of the authority `a`, whole. */
const request = frame(1, 5, 1, Buffer.from([0x82, 0x86, 0x84, 0x41, 1, 0x61]));

/** What a client sends behind its request, so that the request is gone before it is looked at. */
const endings: readonly (readonly [string, Buffer])[] = [
  ['headers that nobody can read', frame(1, 5, 3, Buffer.from([0xff, 0xff]))],
  ['the same stream once more', frame(1, 5, 1, Buffer.from([0xff, 0xff]))],
  ['a reset of the stream', frame(3, 0, 1, Buffer.from([0, 0, 0, 8]))],
  ['a frame that is too long', frame(0, 0, 1, Buffer.alloc(20_000))],
  ['an end of the connection', frame(7, 0, 0, Buffer.alloc(8))],
];

test.each(endings)('a client that sends a request and then %s leaves the node alive', async (_what, ending) => {
  for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
    const socket = net.connect(node.server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(Buffer.concat([preface, settings, request, ending]));
    // The server answers what it has read with its own settings at least.
    await new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
    socket[leave]();
  }
  const answer = await fetch(`${node.server.url}/info`);
  expect(answer.status).toBe(200);
});
