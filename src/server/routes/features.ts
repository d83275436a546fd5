import type { Express } from 'express';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { onlineFeatures } from '../../engine/online-features.ts';
import type { ServerContext } from '../context.ts';
import { errorAnswer } from '../errors.ts';
import { objectField, parseObject, readBody } from '../requests.ts';
import { jsonWriter } from '../../types/json-text.ts';

/** POST /get-online-features, in Feast's shapes. */
export function featureRoutes(app: Express, { engine }: ServerContext): void {
  app.post('/get-online-features', async (request, response) => {
    try {
      const body = parseObject(await readBody(request));
      const { features } = body;
      if (body['feature_service'] !== undefined)
        throw new SqlError('NOT_SUPPORTED_YET', noSpan, { what: 'feature_service' });
      if (!Array.isArray(features) || features.length === 0 || !features.every((each) => typeof each === 'string')) {
        throw new SqlError('BAD_REQUEST', noSpan, { why: 'field "features" must be a list of "view:feature"' });
      }
      const entities = objectField(body, 'entities');
      const lists = Object.values(entities).every((each) => Array.isArray(each));
      if (!lists) throw new SqlError('BAD_REQUEST', noSpan, { why: 'every entity must be a list of values' });
      await engine.catchUp();
      const columns = await onlineFeatures(
        {
          features: features,
          entities: entities as Record<string, unknown[]>,
          fullFeatureNames: body['full_feature_names'] === true,
        },
        engine,
        Date.now(),
      );
      const results = columns.map(({ type, values, statuses, eventTimestamps }) => {
        const write = jsonWriter(type, { isoTimes: true });
        return `{"values":[${values.map(write).join(',')}],"statuses":${JSON.stringify(statuses)},"event_timestamps":${JSON.stringify(eventTimestamps)}}`;
      });
      response
        .type('application/json')
        .send(
          `{"metadata":{"feature_names":${JSON.stringify(columns.map(({ name }) => name))}},"results":[${results.join(',')}]}`,
        );
    } catch (error) {
      const { status, body } = errorAnswer(error);
      response.status(status).json(body);
    }
  });
}
