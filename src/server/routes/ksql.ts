import type { Express } from 'express';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { executeStatement, isReadOnly, withVariables } from '../../statements/index.ts';
import { parse, splitScript } from '../../syntax/parse.ts';
import type { ServerContext } from '../context.ts';
import { errorAnswer } from '../errors.ts';
import { parseObject, readBody, sessionOf, textField } from '../requests.ts';

/** POST /ksql: statements in order; the first that fails ends the request, with the answers of those before it. */
export function ksqlRoutes(app: Express, context: ServerContext): void {
  const { engine } = context;
  app.post('/ksql', async (request, response) => {
    const entities: unknown[] = [];
    try {
      const body = parseObject(await readBody(request));
      const session = sessionOf(body, engine.defaults);
      await engine.catchUp();
      const statements = splitScript({ name: 'request', text: session.substitute(textField(body, ['ksql', 'sql'])) });
      // All are parsed before the first runs, so that a typo in the last one changes nothing; but for what a DEFINE before it sets.
      const parsed = statements.map((raw) => ({ raw, statement: raw.text.includes('${') ? undefined : parse(raw) }));
      for (const { raw, statement = withVariables(raw, session) } of parsed) {
        if (context.readOnly && !isReadOnly(statement)) throw new SqlError('READ_ONLY_SERVER', statement.span, {});
        const entity = await executeStatement(statement, raw.text, engine, session);
        if (entity !== undefined) entities.push(entity);
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
      const body = parseObject((await readBody(request)) || '{}');
      const [terminate] = splitScript({ name: 'request', text: 'TERMINATE ALL;' });
      const session = sessionOf({}, engine.defaults);
      const entity = await executeStatement(parse(terminate!), 'TERMINATE CLUSTER;', engine, session);
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
