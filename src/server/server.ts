import express, { type Express } from 'express';
import http from 'node:http';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import net from 'node:net';
import type { ServerContext } from './context.ts';
import { featureRoutes } from './routes/features.ts';
import { infoRoutes } from './routes/info.ts';
import { insertRoutes } from './routes/inserts.ts';
import { ksqlRoutes } from './routes/ksql.ts';
import { schemaRoutes } from './routes/schemas.ts';
import { queryRoutes } from './routes/queries.ts';

const require = createRequire(import.meta.url);
const preface = Buffer.from('PRI * HTTP/2.0');

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

function createApp(context: ServerContext): Express {
  // Plain Express dies under an HTTP/2 server: this wrapper gives it requests and responses that fit.
  const wrap = require('http2-express') as (framework: typeof express) => Express;
  const app = wrap(express);
  app.disable('x-powered-by');
  for (const routes of [infoRoutes, ksqlRoutes, queryRoutes, insertRoutes, featureRoutes, schemaRoutes])
    routes(app, context);
  app.use((request, response) => {
    response.status(404).json({
      '@type': 'generic_error',
      error_code: 40400,
      message: `${request.method} ${request.path} does not exist`,
    });
  });
  return app;
}

/** Serves HTTP/1.1 and HTTP/2 in clear text on one port: the first bytes of a connection tell which it is. */
export function startServer(context: ServerContext, host: string, port: number): Promise<RunningServer> {
  const app = createApp(context);
  const first = http.createServer(app);
  const second = http2.createServer(
    app as unknown as (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void,
  );
  // An Upgrade to h2c that we do not speak is answered as plain HTTP/1.1, as its clients expect.
  first.on('upgrade', (request, socket) => {
    const response = new http.ServerResponse(request);
    response.assignSocket(socket as net.Socket);
    response.on('finish', () => socket.end());
    first.emit('request', request, response);
  });
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.once('readable', function look(): void {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) {
        socket.once('readable', look);
        return;
      }
      socket.unshift(bytes);
      const isSecond = bytes.subarray(0, preface.length).equals(preface.subarray(0, bytes.length));
      (isSecond ? second : first).emit('connection', socket);
    });
  });
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(port, host, () => {
      const address = listener.address() as net.AddressInfo;
      const close = (): Promise<void> =>
        new Promise((done) => {
          context.pushQueries.closeAll();
          listener.close(() => done());
          for (const socket of sockets) socket.destroy();
        });
      resolve({ url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`, port: address.port, close });
    });
  });
}
