import type { Express, Request, Response } from 'express';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { QueryStream } from '../../engine/client-rows.ts';
import { ClientWriter } from '../client-writer.ts';
import type { ServerContext } from '../context.ts';
import { errorAnswer } from '../errors.ts';
import { framingOf, oldRows, streamed, type Framing } from '../framings.ts';
import { runQuery, type QueryAnswer } from '../query-request.ts';
import { parseObject, readBody, textField } from '../requests.ts';

export function queryRoutes(app: Express, context: ServerContext): void {
  const { access } = context;
  const { requestBytes } = access.limits.settings;
  const body = async (request: Request): Promise<Record<string, unknown>> =>
    parseObject(await readBody(request, requestBytes));
  app.post('/query-stream', (request, response) =>
    runQuery(
      request,
      context,
      'sql',
      () => body(request),
      answerIn(request, response, context, framingOf(request, streamed)),
    ),
  );
  app.post('/query', (request, response) => {
    // Clients that accept any kind of JSON get this path's default framing.
    const asked = framingOf(request, oldRows);
    const framing = asked.type.includes('protobuf') ? asked : oldRows;
    return runQuery(request, context, 'ksql', () => body(request), answerIn(request, response, context, framing));
  });
  app.post('/close-query', async (request, response) => {
    try {
      const id = textField(await body(request), ['queryId']);
      access.checkClose(request, id);
      if (!context.engine.pushQueries.close(id))
        throw new SqlError('BAD_REQUEST', noSpan, { why: `no query with id ${id} is running` });
      response.json({});
    } catch (error) {
      const { status, body } = errorAnswer(error);
      response.status(status).json(body);
    }
  });
}

const answerIn = (request: Request, response: Response, context: ServerContext, framing: Framing): QueryAnswer => ({
  rows: (query) => sendQuery(request, response, context, query, framing),
  async print(lines) {
    response.status(200).setHeader('content-type', 'text/plain; charset=utf-8');
    response.on('close', () => lines.close());
    const writer = new ClientWriter(response, context.access.limits.settings.stalledMs);
    for await (const text of lines.read()) {
      if (writer.isClosed) break;
      if (text !== '') await writer.write(`${text}\n`);
    }
    response.end();
  },
  refuse(error, isPush) {
    if (response.headersSent) {
      if (!response.destroyed) response.end();
      return;
    }
    const { status, body } = errorAnswer(error);
    // As in ksqlDB, errors of push queries are generic errors, those of pull queries carry the statement.
    response.status(status).json(isPush && status === 400 ? { ...body, '@type': 'generic_error' } : body);
  },
});

async function sendQuery(
  request: Request,
  response: Response,
  context: ServerContext,
  query: QueryStream,
  framing: Framing,
): Promise<void> {
  const frame = framing.rows(query);
  // ksqlDB's JavaScript clients parse each HTTP/2 frame as one row, so each row is written separately.
  const alone = request.httpVersionMajor === 2 && framing === streamed;
  response.status(200).setHeader('content-type', framing.type);
  if (query.fromStandby === true) response.setHeader('x-millrace-standby', 'true');
  response.on('close', () => query.close());
  const writer = new ClientWriter(response, context.access.limits.settings.stalledMs);
  let sent = 0;
  try {
    await writer.write(framing.start(query), alone);
    for await (const rows of query.rows()) {
      if (writer.isClosed) break;
      sent += rows.length;
      context.access.limits.checkRows(sent, context.access.userOf(request).name);
      const texts = rows.flatMap(({ values, tombstone }) => frame(values, tombstone) ?? []);
      if (texts.length === 0) continue;
      if (alone) for (const text of texts) await writer.write(text, true);
      else await writer.write(texts.join(''));
    }
    response.end(framing.end(query.finalMessage));
  } catch (error) {
    query.close();
    if (writer.isClosed) throw error;
    response.end(framing.error(errorAnswer(error).body));
  }
}
