import { randomBytes } from 'node:crypto';
import net from 'node:net';
import type { ServerContext } from '../context.ts';
import { listenTls, type TlsSettings } from '../tls.ts';
import { Connection, type Door } from './connection.ts';
import { errorResponse } from './failure.ts';
import { WireError } from './messages.ts';
import { CatalogDatabases } from './relations.ts';

/** Where PostgreSQL's protocol is served. */
export interface PostgresListener {
  readonly host: string;
  readonly port: number;
  /** The node's certificate, where it has one. */
  readonly tls: TlsSettings | undefined;
  /** Whether connections in clear text are refused, as they are where REST is served by https. */
  readonly onlyTls: boolean;
}

export interface RunningPostgres {
  readonly port: number;
  close(): Promise<void>;
}

const most = 100;

/** Serves reads over PostgreSQL's protocol. */
export function servePostgres(
  { host, port, tls, onlyTls }: PostgresListener,
  context: ServerContext,
  report: (text: string) => void = () => undefined,
): Promise<RunningPostgres> {
  const connections = new Map<number, Connection>();
  const databases = new CatalogDatabases(context.engine, context.access);
  const accept = (socket: net.Socket, isTls: boolean): void => {
    if (connections.size >= most) {
      socket.on('error', () => undefined);
      socket.end(errorResponse(new WireError('53300', `there are ${most} clients already`), 'FATAL'));
    } else new Connection(door, socket, isTls);
  };
  const secure =
    tls === undefined ? undefined : listenTls(tls, report, (socket) => accept(socket, true), ['postgresql']);
  const door: Door = {
    context,
    databases,
    upgrade: secure === undefined ? undefined : (socket) => secure.emit('connection', socket),
    onlyTls,
    seed: randomBytes(32),
    connections,
  };
  const listener = net.createServer((socket) => {
    socket.setNoDelay(true);
    accept(socket, false);
  });
  const close = async (): Promise<void> => {
    for (const connection of [...connections.values()]) connection.close();
    secure?.close();
    await new Promise<void>((done) => listener.close(() => done()));
    databases.close();
  };
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(port, host, () => resolve({ port: (listener.address() as net.AddressInfo).port, close }));
  });
}
