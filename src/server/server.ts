import express, { type Express } from 'express';
import http from 'node:http';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import net from 'node:net';
import type { ServerContext } from './context.ts';
import { gzipAnswers } from './gzip.ts';
import { guardBrowsers } from './origins.ts';
import { featureRoutes } from './routes/features.ts';
import { infoRoutes } from './routes/info.ts';
import { insertRoutes } from './routes/inserts.ts';
import { ksqlRoutes } from './routes/ksql.ts';
import { peerRoutes } from './routes/peers.ts';
import { schemaRoutes } from './routes/schemas.ts';
import { queryRoutes } from './routes/queries.ts';
import { keepHead, webSocketRoutes } from './routes/ws-query.ts';
import { listenTls, type TlsSettings } from './tls.ts';

const require = createRequire(import.meta.url);
const preface = Buffer.from('PRI * HTTP/2.0');

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

function createApp(context: ServerContext, host: string): Express {
  // Express does not work with HTTP/2 requests and responses: this wrapper adapts them.
  const wrap = require('http2-express') as (framework: typeof express) => Express;
  const app = wrap(express);
  app.disable('x-powered-by');
  app.use(guardBrowsers({ host, advertised: context.advertised, allowedOrigins: context.allowedOrigins }));
  peerRoutes(app, context);
  app.use(gzipAnswers);
  app.use(context.access.guard);
  for (const routes of [
    infoRoutes,
    ksqlRoutes,
    queryRoutes,
    webSocketRoutes,
    insertRoutes,
    featureRoutes,
    schemaRoutes,
  ])
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

/** Where a server listens. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** The certificate; undefined for clear text. */
  readonly tls: TlsSettings | undefined;
}

/** A port that is listened on; connections wait until they are served. */
export interface BoundListener {
  readonly url: string;
  readonly port: number;
  readonly host: string;
  serve(each: (socket: net.Socket) => void): void;
  /** Keeps a connection that `mine` was given for who serves next. */
  pass(socket: net.Socket, mine: (socket: net.Socket) => void): void;
  close(done: () => void): void;
}

/** Takes the port before there is anything to serve, because the other nodes are told of it. */
export function bindListener(
  { host, port, tls }: Listener,
  report: (text: string) => void = () => undefined,
): Promise<BoundListener> {
  const waiting: net.Socket[] = [];
  let serve = (socket: net.Socket): void => void waiting.push(socket);
  const accept = (socket: net.Socket): void => serve(socket);
  const listener = tls === undefined ? net.createServer(accept) : listenTls(tls, report, accept);
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(port, host, () => {
      const bound = listener.address() as net.AddressInfo;
      const scheme = tls === undefined ? 'http' : 'https';
      resolve({
        url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound.port}`,
        port: bound.port,
        host,
        serve(each) {
          serve = each;
          waiting.splice(0).forEach(each);
        },
        pass(socket, mine) {
          if (serve === mine) waiting.push(socket);
          else serve(socket);
        },
        close(done) {
          waiting.forEach((socket) => socket.destroy());
          listener.close(done);
        },
      });
    });
  });
}

/** Serves HTTP/1.1 and HTTP/2 on one port; the first bytes of a connection decide. */
export function startServer(context: ServerContext, bound: BoundListener): RunningServer {
  const app = createApp(context, bound.host);
  const first = http.createServer(app);
  const over2 = app as unknown as (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void;
  const second = http2.createServer((request, response) => {
    if (isConnected(request)) over2(request, response);
  });
  // The route that takes a WebSocket upgrades it. Any other upgrade, as to h2c, is answered as plain HTTP/1.1, as clients expect.
  first.on('upgrade', (request, socket, head) => {
    keepHead(request, head);
    const response = new http.ServerResponse(request);
    response.assignSocket(socket as net.Socket);
    response.on('finish', () => socket.end());
    first.emit('request', request, response);
  });
  const sockets = new Set<net.Socket>();
  bound.serve((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    beginsHttp2(socket, (isSecond) => (isSecond ? second : first).emit('connection', socket));
  });
  return {
    url: bound.url,
    port: bound.port,
    close: () =>
      new Promise((done) => {
        context.engine.pushQueries.closeAll();
        bound.close(() => done());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/**
 * Whether the connection of an HTTP/2 request is still there. Express's wrapper takes one without for HTTP/1.1, which ends the
 * process; nobody waits for its answer.
 */
function isConnected({ stream }: http2.Http2ServerRequest): boolean {
  const { session } = stream as Partial<http2.ServerHttp2Stream>;
  return session?.alpnProtocol !== undefined;
}

/** Tells whether a connection begins with HTTP/2's preface; a first segment may be shorter than that. */
export function beginsHttp2(socket: net.Socket, tell: (isSecond: boolean) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  socket.once('readable', function look(): void {
    const more = socket.read() as Buffer | null;
    if (more === null) {
      socket.once('readable', look);
      return;
    }
    bytes = Buffer.concat([bytes, more]);
    const isSecond = preface.subarray(0, bytes.length).equals(bytes.subarray(0, preface.length));
    if (isSecond && bytes.length < preface.length) {
      socket.once('readable', look);
      return;
    }
    socket.unshift(bytes);
    tell(isSecond);
  });
}
