import type { Express } from 'express';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { insertedFromJson } from '../../engine/insert-json.ts';
import type { ServerContext } from '../context.ts';
import { errorAnswer } from '../errors.ts';
import { linesOf, parseObject, textField } from '../requests.ts';

/**
 * POST /inserts-stream: the first line names the target, each further line is a row and gets an answer; an error ends the
 * request.
 */
export function insertRoutes(app: Express, context: ServerContext): void {
  app.post('/inserts-stream', async (request, response) => {
    const asArray = (request.headers.accept ?? '').split(',')[0]!.includes('json');
    let count = 0;
    const ack = async (body: Record<string, unknown>): Promise<void> => {
      const text = JSON.stringify(body);
      await new Promise((resolve) =>
        response.write(asArray ? (count === 0 ? '[' : ',\n') + text : `${text}\n`, resolve),
      );
      count++;
    };
    let target: string | undefined;
    let sequence = 0;
    try {
      for await (const line of linesOf(request, context.access.limits.settings.requestBytes)) {
        if (line.trim() === '') continue;
        if (target === undefined) {
          target = name(textField(parseObject(line), ['target']));
          context.access.checkNeeds(request, [{ right: 'write', on: target }]);
          if (context.readOnly) throw new SqlError('READ_ONLY_SERVER', noSpan, {});
          if (!context.engine.catalog.sources.has(target))
            throw new SqlError('BAD_REQUEST', noSpan, { why: `stream or table "${target}" does not exist` });
          response
            .status(200)
            .setHeader('content-type', asArray ? 'application/json' : 'application/vnd.ksqlapi.delimited.v1');
          continue;
        }
        await insertedFromJson(line, target, context.engine);
        await ack({ status: 'ok', seq: sequence++ });
      }
      if (target === undefined) throw new SqlError('BAD_REQUEST', noSpan, { why: 'the request body is empty' });
      response.end(asArray ? (count === 0 ? '[]' : ']') : '');
    } catch (error) {
      const { status, body } = errorAnswer(error);
      if (!response.headersSent && (target === undefined || context.readOnly || status === 403 || status === 429)) {
        response.status(status).json(body);
        return;
      }
      if (!response.headersSent && count === 0 && sequence === 0 && !context.engine.catalog.sources.has(target!)) {
        response.status(status).json(body);
        return;
      }
      await ack({ status: 'error', error_code: body.error_code, message: body.message, seq: sequence });
      response.end(asArray ? ']' : '');
    }
  });
}

const name = (text: string): string => (/^[`"].*[`"]$/.test(text) ? text.slice(1, -1) : text.toUpperCase());
