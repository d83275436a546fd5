import type { Express, Request } from 'express';
import type { IncomingMessage } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { QueryStream } from '../../engine/client-rows.ts';
import { schemaInfo } from '../../statements/schema-info.ts';
import type { ServerContext } from '../context.ts';
import { errorAnswer } from '../errors.ts';
import { webSocketRow } from '../framings.ts';
import { runQuery, type QueryAnswer } from '../query-request.ts';
import { parseObject } from '../requests.ts';

/** Why a connection is closed, as ksqlDB says it (RFC 6455, section 7.4.1). */
const codes = { done: 1000, badRequest: 1003, failed: 1011, tryAgain: 1013 } as const;
/** A close frame takes a reason of so many bytes. */
const longestReason = 123;
/** Clients have nothing to say once they have asked. */
const longestMessage = 1 << 10;

/** What came behind the requests that ask for an upgrade. */
const heads = new WeakMap<IncomingMessage, Buffer>();
/** Keeps what came with a request that asks for an upgrade, for the route that takes it. */
export const keepHead = (request: IncomingMessage, head: Buffer): void => void heads.set(request, head);

/**
 * `GET /ws/query?request=<KsqlRequest as JSON>&version=1` over a WebSocket, as ksqlDB has it: the schema, then each row as a frame of
 * its own; for PRINT its lines. The connection is closed with the reason when it ends.
 */
export function webSocketRoutes(app: Express, context: ServerContext): void {
  const server = new WebSocketServer({ noServer: true, maxPayload: longestMessage, perMessageDeflate: false });
  app.get('/ws/query', (request, response) => {
    const head = heads.get(request);
    if (head === undefined || request.headers.upgrade?.toLowerCase() !== 'websocket') {
      const message = 'GET /ws/query is for WebSockets: POST /query-stream gives the same rows over HTTP';
      response.status(426).setHeader('upgrade', 'websocket');
      response.json({ '@type': 'generic_error', error_code: 42600, message });
      return;
    }
    const { socket } = request;
    response.detachSocket(socket);
    server.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => client.terminate());
      void runQuery(
        request,
        context,
        'ksql',
        () => Promise.resolve(bodyOf(request)),
        answerOver(client, request, context),
      );
    });
  });
}

function bodyOf({ url }: Request): Record<string, unknown> {
  const given = new URL(url, 'ws://localhost').searchParams;
  const version = given.get('version') ?? '1';
  if (version !== '1')
    throw new SqlError('BAD_REQUEST', noSpan, { why: `version ${version} of /ws/query is not known: 1 is` });
  return parseObject(given.get('request') ?? '');
}

function answerOver(client: WebSocket, request: Request, context: ServerContext): QueryAnswer {
  const { limits } = context.access;
  const send = (texts: readonly string[]): Promise<void> => sendAll(client, texts, limits.settings.stalledMs);
  return {
    async rows(query) {
      client.on('close', () => query.close());
      try {
        const write = webSocketRow(query);
        await send([schemaOf(query)]);
        let sent = 0;
        for await (const rows of query.rows()) {
          if (client.readyState !== client.OPEN) break;
          sent += rows.length;
          limits.checkRows(sent, context.access.userOf(request).name);
          await send(rows.map(({ values, tombstone }) => write(values, tombstone)));
        }
      } finally {
        query.close();
      }
      close(client, codes.done, 'done');
    },
    async print(lines) {
      client.on('close', () => lines.close());
      for await (const text of lines.read()) {
        if (client.readyState !== client.OPEN) break;
        if (text !== '') await send([text]);
      }
      close(client, codes.done, 'done');
    },
    refuse(error) {
      const { status, body } = errorAnswer(error);
      const code = status === 503 ? codes.tryAgain : status < 500 ? codes.badRequest : codes.failed;
      close(client, code, body.message);
    },
  };
}

const schemaOf = ({ columns }: QueryStream): string =>
  JSON.stringify(
    columns.map(({ name, type, role }) => ({
      name,
      schema: schemaInfo(type),
      ...(role === 'key' ? { type: 'KEY' } : {}),
    })),
  );

/** Sends frames, and waits until the last one has left; a client that takes nothing for long is cut off. */
function sendAll(client: WebSocket, texts: readonly string[], ms: number): Promise<void> {
  if (texts.length === 0 || client.readyState !== client.OPEN) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new SqlError('CLIENT_STALLED', noSpan, { ms }));
      client.terminate();
    }, ms);
    const left = (): void => {
      clearTimeout(timer);
      resolve();
    };
    texts.forEach((text, i) => client.send(text, i === texts.length - 1 ? left : undefined));
  });
}

function close(client: WebSocket, code: number, reason: string): void {
  if (client.readyState !== client.OPEN) return;
  let text = reason;
  while (Buffer.byteLength(text) > longestReason) text = `${text.slice(0, -2)}…`;
  client.close(code, text);
}
