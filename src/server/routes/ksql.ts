import type { Express, Request } from 'express';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { executeStatement, isReadOnly, withVariables } from '../../statements/index.ts';
import { parse, splitScript } from '../../syntax/parse.ts';
import type { Statement } from '../../syntax/statements/index.ts';
import type { ServerContext } from '../context.ts';
import { errorAnswer } from '../errors.ts';
import { parseObject, reachCommand, readBody, sessionOf, textField } from '../requests.ts';

/**
 * POST /ksql: runs statements in order. The first error ends the request; its answer includes those of the statements before.
 */
export function ksqlRoutes(app: Express, context: ServerContext): void {
  const { engine, access } = context;
  const executed = async <T>(request: Request, text: string, execute: () => Promise<T>): Promise<T> => {
    try {
      const answer = await execute();
      access.ended(request, text);
      return answer;
    } catch (error) {
      access.ended(request, text, error);
      throw error;
    }
  };
  /** What is said about a push query is a matter of who runs it and of what it reads. */
  const checkStatement = (request: Request, statement: Statement, text: string): void => {
    const query = statement.kind === 'explain' || statement.kind === 'queryControl' ? statement.query : undefined;
    const isStored = query === undefined || engine.catalog.queries.has(query.text);
    const push = isStored ? undefined : engine.pushQueries.named(query.text);
    if (push === undefined) access.checkStatement(request, statement, text, engine.catalog);
    else if (statement.kind === 'queryControl') access.checkClose(request, push.id);
    else
      access.checkNeeds(
        request,
        push.sources.map((on) => ({ right: 'read', on })),
      );
  };
  app.post('/ksql', async (request, response) => {
    const entities: unknown[] = [];
    try {
      const body = parseObject(await readBody(request, access.limits.settings.requestBytes));
      const session = sessionOf(body, engine.defaults);
      await reachCommand(body, context);
      const statements = splitScript({ name: 'request', text: session.substitute(textField(body, ['ksql', 'sql'])) });
      // Parse all statements first, so that a syntax error in the last one changes nothing. Those with variables are parsed
      // when reached, because a DEFINE before them may set the variable.
      const parsed = statements.map((raw) => ({ raw, statement: raw.text.includes('${') ? undefined : parse(raw) }));
      for (const { raw, statement = withVariables(raw, session) } of parsed) {
        checkStatement(request, statement, raw.text);
        if (context.readOnly && !isReadOnly(statement)) throw new SqlError('READ_ONLY_SERVER', statement.span, {});
        const entity = await executed(request, raw.text, () => executeStatement(statement, raw.text, engine, session));
        if (entity !== undefined) entities.push(access.visible(request, entity, engine.catalog));
      }
      response.json(entities);
    } catch (error) {
      const { status, body } = errorAnswer(error, entities);
      response.status(status).json(body);
    }
  });
  app.post('/ksql/terminate', async (request, response) => {
    try {
      if (context.readOnly) throw new SqlError('READ_ONLY_SERVER', noSpan, {});
      const body = parseObject((await readBody(request, access.limits.settings.requestBytes)) || '{}');
      const [terminate] = splitScript({ name: 'request', text: 'TERMINATE ALL;' });
      const session = sessionOf({}, engine.defaults);
      const entity = await executed(request, 'TERMINATE CLUSTER;', () =>
        executeStatement(parse(terminate!), 'TERMINATE CLUSTER;', engine, session),
      );
      const patterns = Array.isArray(body['deleteTopicList']) ? (body['deleteTopicList'] as unknown[]).map(String) : [];
      for (const { name } of await engine.node.listTopics())
        if (patterns.some((pattern) => new RegExp(`^(?:${pattern})$`).test(name))) await engine.node.deleteTopic(name);
      response.json([entity]);
    } catch (error) {
      const { status, body } = errorAnswer(error);
      response.status(status).json(body);
    }
  });
}
