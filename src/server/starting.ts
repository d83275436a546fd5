import http from 'node:http';
import type net from 'node:net';
import { beginsHttp2, type BoundListener } from './server.ts';

/**
 * Answers for a node that is not open yet: that it lives, and that all else comes later. Connections of HTTP/2 wait until it is
 * served.
 */
export function serveStart(bound: BoundListener): void {
  const server = http.createServer((request, response) => {
    const isLive = request.url === '/livez' || request.url === '/chc/live';
    const body = isLive
      ? {}
      : {
          '@type': 'generic_error',
          error_code: 50300,
          message: 'the server is starting; it answers as soon as it is open',
        };
    response.writeHead(isLive ? 200 : 503, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(body));
  });
  const serve = (socket: net.Socket): void => {
    socket.on('error', () => undefined);
    beginsHttp2(socket, (isSecond) => {
      if (isSecond) bound.pass(socket, serve);
      else server.emit('connection', socket);
    });
  };
  bound.serve(serve);
}
