import type { Request } from 'express';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { QueryStream } from '../engine/client-rows.ts';
import { printTopic } from '../engine/print-topic.ts';
import { openQuery } from '../engine/query-stream.ts';
import { openSummary } from '../engine/summary.ts';
import { parse, splitScript } from '../syntax/parse.ts';
import type { Statement } from '../syntax/statements/index.ts';
import type { ServerContext } from './context.ts';
import { reachCommand, sessionOf, textField } from './requests.ts';

/** Where the answer to a query goes. */
export interface QueryAnswer {
  /** Sends the rows of a query to their end. */
  rows(query: QueryStream): Promise<void>;
  /** Sends what PRINT reads to its end. */
  print(lines: Awaited<ReturnType<typeof printTopic>>): Promise<void>;
  /** Tells of an error, whether or not something was sent before. */
  refuse(error: unknown, isPush: boolean): void;
}

/**
 * Runs the one SELECT, SUMMARIZE or PRINT of a request within its user's rights and limits. `read` gives the request's body, whose statement is in
 * `field`.
 */
export async function runQuery(
  request: Request,
  context: ServerContext,
  field: string,
  read: () => Promise<Record<string, unknown>>,
  answer: QueryAnswer,
): Promise<void> {
  let isPush = false;
  const { access, engine } = context;
  const user = access.userOf(request).name;
  let text: string | undefined;
  try {
    const body = await read();
    const session = sessionOf(body, engine.defaults);
    text = session.substitute(textField(body, [field, 'sql', 'ksql']));
    const statement = parseOne(text);
    await reachCommand(body, context);
    access.checkStatement(request, statement, text, engine.catalog);
    if (statement.kind === 'print') {
      await answer.print(await printTopic(statement, engine));
      access.ended(request, text);
      return;
    }
    isPush = statement.kind === 'select' && statement.query.emit !== undefined;
    if (statement.kind !== 'select' && statement.kind !== 'summarize')
      throw new SqlError('STATEMENT_NOT_QUERY', statement.span, {});
    if (isPush) access.limits.checkPushQuery(user);
    const query =
      statement.kind === 'select'
        ? await openQuery(statement, engine, session, context.newBackend)
        : await openSummary(statement, engine, session, context.newBackend);
    if (isPush) access.limits.began(query.id, user);
    try {
      await answer.rows(query);
    } finally {
      access.limits.ended(query.id);
      engine.pushQueries.remove(query.id);
    }
    access.ended(request, text);
  } catch (error) {
    access.ended(request, text, error);
    answer.refuse(error, isPush);
  }
}

function parseOne(text: string): Statement {
  const statements = splitScript({ name: 'request', text: /;\s*$/.test(text) ? text : `${text};` });
  if (statements.length !== 1) throw new SqlError('STATEMENT_NOT_QUERY', noSpan, {});
  return parse(statements[0]!);
}
