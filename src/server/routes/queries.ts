import type { Express, Request, Response } from 'express';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { QueryStream } from '../../engine/client-rows.ts';
import { openQuery } from '../../engine/query-stream.ts';
import { printTopic } from '../../engine/print-topic.ts';
import type { Session } from '../../engine/session.ts';
import { parse, splitScript } from '../../syntax/parse.ts';
import type { Statement } from '../../syntax/statements/index.ts';
import { ClientWriter } from '../client-writer.ts';
import type { ServerContext } from '../context.ts';
import { errorAnswer } from '../errors.ts';
import { framingOf, oldRows, streamed, type Framing } from '../framings.ts';
import { parseObject, reachCommand, readBody, sessionOf, textField } from '../requests.ts';

export function queryRoutes(app: Express, context: ServerContext): void {
  const { access } = context;
  app.post('/query-stream', (request, response) =>
    answer(request, response, context, 'sql', framingOf(request, streamed)),
  );
  app.post('/query', (request, response) => {
    // Clients that accept any kind of JSON get this path's default framing.
    const framing = framingOf(request, oldRows);
    return answer(request, response, context, 'ksql', framing.type.includes('protobuf') ? framing : oldRows);
  });
  app.post('/close-query', async (request, response) => {
    try {
      const id = textField(parseObject(await readBody(request, access.limits.settings.requestBytes)), ['queryId']);
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

async function answer(
  request: Request,
  response: Response,
  context: ServerContext,
  field: string,
  framing: Framing,
): Promise<void> {
  let isPush = false;
  const { access } = context;
  const user = access.userOf(request).name;
  let text: string | undefined;
  try {
    const body = parseObject(await readBody(request, access.limits.settings.requestBytes));
    const session = sessionOf(body, context.engine.defaults);
    text = session.substitute(textField(body, [field, 'sql', 'ksql']));
    const statement = parseOne(text);
    await reachCommand(body, context);
    access.checkStatement(request, statement, text, context.engine.catalog);
    if (statement.kind === 'print') {
      await sendPrint(response, context, statement);
      access.ended(request, text);
      return;
    }
    isPush = statement.kind === 'select' && statement.query.emit !== undefined;
    if (statement.kind !== 'select') throw new SqlError('STATEMENT_NOT_QUERY', statement.span, {});
    if (isPush) access.limits.checkPushQuery(user);
    const query = await open(statement, context, session);
    if (isPush) access.limits.began(query.id, user);
    try {
      await sendQuery(request, response, context, query, framing);
    } finally {
      access.limits.ended(query.id);
    }
    access.ended(request, text);
  } catch (error) {
    access.ended(request, text, error);
    if (response.headersSent) {
      if (!response.destroyed) response.end();
      return;
    }
    const { status, body } = errorAnswer(error);
    // As in ksqlDB, errors of push queries are generic errors, those of pull queries carry the statement.
    response.status(status).json(isPush && status === 400 ? { ...body, '@type': 'generic_error' } : body);
  }
}

const open = (
  statement: Extract<Statement, { kind: 'select' }>,
  context: ServerContext,
  session: Session,
): Promise<QueryStream> => openQuery(statement, context.engine, session, context.newBackend);

function parseOne(text: string): Statement {
  const statements = splitScript({ name: 'request', text: /;\s*$/.test(text) ? text : `${text};` });
  if (statements.length !== 1) throw new SqlError('STATEMENT_NOT_QUERY', noSpan, {});
  return parse(statements[0]!);
}

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
  } finally {
    context.engine.pushQueries.remove(query.id);
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
  const writer = new ClientWriter(response, context.access.limits.settings.stalledMs);
  for await (const text of lines.read()) {
    if (writer.isClosed) break;
    if (text !== '') await writer.write(`${text}\n`);
  }
  response.end();
}
