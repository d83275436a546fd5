import type { Express, Request, Response } from 'express';
import { once } from 'node:events';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { QueryStream } from '../../engine/client-rows.ts';
import { openQuery } from '../../engine/query-stream.ts';
import { printTopic } from '../../engine/print-topic.ts';
import type { Session } from '../../engine/session.ts';
import { parse, splitScript } from '../../syntax/parse.ts';
import type { Statement } from '../../syntax/statements/index.ts';
import type { ServerContext } from '../context.ts';
import { errorAnswer } from '../errors.ts';
import { framingOf, oldRows, streamed, type Framing } from '../framings.ts';
import { parseObject, readBody, sessionOf, textField } from '../requests.ts';

export function queryRoutes(app: Express, context: ServerContext): void {
  app.post('/query-stream', (request, response) =>
    answer(request, response, context, 'sql', framingOf(request, streamed)),
  );
  app.post('/query', (request, response) => {
    // Clients that accept JSON of any kind get the rows of this path.
    const framing = framingOf(request, oldRows);
    return answer(request, response, context, 'ksql', framing.type.includes('protobuf') ? framing : oldRows);
  });
  app.post('/close-query', async (request, response) => {
    try {
      const id = textField(parseObject(await readBody(request)), ['queryId']);
      if (!context.pushQueries.close(id))
        throw new SqlError('BAD_REQUEST', noSpan, { why: `no query with id ${id} is running` });
      response.json({});
    } catch (error) {
      const { status, body } = errorAnswer(error);
      response.status(status).json(body);
    }
  });
}

async function answer(
  request: Request,
  response: Response,
  context: ServerContext,
  field: string,
  framing: Framing,
): Promise<void> {
  let isPush = false;
  try {
    const body = parseObject(await readBody(request));
    const session = sessionOf(body, context.engine.defaults);
    const statement = parseOne(session.substitute(textField(body, [field, 'sql', 'ksql'])));
    if (statement.kind === 'print') {
      await sendPrint(response, context, statement);
      return;
    }
    isPush = statement.kind === 'select' && statement.query.emit !== undefined;
    if (statement.kind !== 'select') throw new SqlError('STATEMENT_NOT_QUERY', statement.span, {});
    await sendQuery(request, response, context, await open(statement, context, session), framing);
  } catch (error) {
    if (response.headersSent) {
      response.end();
      return;
    }
    const { status, body } = errorAnswer(error);
    // ksqlDB's refusals of push queries are generic errors, those of pull queries name the statement.
    response.status(status).json(isPush && status === 400 ? { ...body, '@type': 'generic_error' } : body);
  }
}

const open = (
  statement: Extract<Statement, { kind: 'select' }>,
  context: ServerContext,
  session: Session,
): Promise<QueryStream> => openQuery(statement, context.engine, session, context.pushQueries, context.newBackend);

function parseOne(text: string): Statement {
  const statements = splitScript({ name: 'request', text: /;\s*$/.test(text) ? text : `${text};` });
  if (statements.length !== 1) throw new SqlError('STATEMENT_NOT_QUERY', noSpan, {});
  return parse(statements[0]!);
}

/** Writes, and waits where the client is slow: memory stays bounded by what the socket takes. */
async function send(response: Response, text: string, alone: boolean): Promise<void> {
  if (response.destroyed || response.writableEnded) return;
  if (alone) {
    // ksqlDB's JavaScript clients parse every HTTP/2 frame as one row: each is written by itself.
    await new Promise((resolve) => response.write(text, resolve));
    return;
  }
  if (!response.write(text)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
}

async function sendQuery(
  request: Request,
  response: Response,
  context: ServerContext,
  query: QueryStream,
  framing: Framing,
): Promise<void> {
  const frame = framing.rows(query);
  const alone = request.httpVersionMajor === 2 && framing === streamed;
  response.status(200).setHeader('content-type', framing.type);
  response.on('close', () => query.close());
  await send(response, framing.start(query), alone);
  try {
    for await (const rows of query.rows()) {
      if (response.destroyed) break;
      const texts = rows.flatMap(({ values, tombstone }) => frame(values, tombstone) ?? []);
      if (texts.length === 0) continue;
      if (alone) for (const text of texts) await send(response, text, true);
      else await send(response, texts.join(''), false);
    }
    response.end(framing.end(query.finalMessage));
  } catch (error) {
    response.end(framing.error(errorAnswer(error).body));
  } finally {
    context.pushQueries.remove(query.id);
  }
}

async function sendPrint(
  response: Response,
  context: ServerContext,
  statement: Extract<Statement, { kind: 'print' }>,
): Promise<void> {
  const lines = await printTopic(statement, context.engine);
  response.status(200).setHeader('content-type', 'text/plain; charset=utf-8');
  response.on('close', () => lines.close());
  for await (const text of lines.read()) {
    if (response.destroyed) break;
    if (text !== '') await send(response, `${text}\n`, false);
  }
  response.end();
}
