import type { Express } from 'express';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { insertedFromJson } from '../../engine/insert-json.ts';
import type { ServerContext } from '../context.ts';
import { errorAnswer } from '../errors.ts';
import { linesOf, parseObject, textField } from '../requests.ts';

/**
 * POST /inserts-stream: the first line names the target, each further line is a row and gets an answer; an error ends the
 * request. Rows that come together are inserted together; a row without an answer may be there or not.
 */
export function insertRoutes(app: Express, context: ServerContext): void {
  app.post('/inserts-stream', async (request, response) => {
    const asArray = (request.headers.accept ?? '').split(',')[0]!.includes('json');
    let count = 0;
    const ack = async (...bodies: readonly Record<string, unknown>[]): Promise<void> => {
      const texts = bodies.map((body) => {
        const text = JSON.stringify(body);
        const isFirst = count++ === 0;
        return asArray ? (isFirst ? '[' : ',\n') + text : `${text}\n`;
      });
      if (texts.length > 0) await new Promise((resolve) => response.write(texts.join(''), resolve));
    };
    let target: string | undefined;
    let sequence = 0;
    try {
      for await (const lines of linesOf(request, context.access.limits.settings.requestBytes)) {
        let rows = lines.filter((line) => line.trim() !== '');
        if (target === undefined) {
          const [first, ...others] = rows;
          if (first === undefined) continue;
          rows = others;
          target = name(textField(parseObject(first), ['target']));
          context.access.checkNeeds(request, [{ right: 'write', on: target }]);
          if (context.readOnly) throw new SqlError('READ_ONLY_SERVER', noSpan, {});
          if (!context.engine.catalog.sources.has(target))
            throw new SqlError('BAD_REQUEST', noSpan, { why: `stream or table "${target}" does not exist` });
          response
            .status(200)
            .setHeader('content-type', asArray ? 'application/json' : 'application/vnd.ksqlapi.delimited.v1');
        }
        const inserted = await insertedFromJson(rows, target, context.engine);
        await ack(...Array.from({ length: inserted.rows }, () => ({ status: 'ok', seq: sequence++ })));
        if (inserted.error !== undefined) throw inserted.error as Error;
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
