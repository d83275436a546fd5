import type { Express } from 'express';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { oneEntity } from '../../engine/one-entity.ts';
import { onlineFeatures, objectsAsked } from '../../engine/online-features.ts';
import type { EntityLists } from '../../engine/online-lookup.ts';
import { pushRows, pushTarget } from '../../engine/push-rows.ts';
import type { ServerContext } from '../context.ts';
import { errorAnswer } from '../errors.ts';
import { objectField, parseObject, readBody } from '../requests.ts';
import { jsonWriter } from '../../types/json-text.ts';
import { parseJson, type Json } from '../../types/json.ts';

const refuse = (why: string): never => {
  throw new SqlError('BAD_REQUEST', noSpan, { why });
};

/** POST /get-online-features and POST /push as Feast has them; GET of one entity of a view. */
export function featureRoutes(app: Express, context: ServerContext): void {
  readRoutes(app, context);
  oneEntityRoutes(app, context);
  pushRoute(app, context);
}

function readRoutes(app: Express, { engine, access }: ServerContext): void {
  app.post('/get-online-features', async (request, response) => {
    try {
      const { settings } = access.limits;
      const text = await readBody(request, settings.requestBytes);
      const body = parseObject(text);
      const features = featuresOf(body);
      if (Array.isArray(features) && features.length > settings.onlineFeatures)
        refuse(
          `${features.length} features are more than limits.online.features, which is ${settings.onlineFeatures}: ask in several requests`,
        );
      access.checkNeeds(
        request,
        objectsAsked(features, engine).map((on) => ({ right: 'read', on })),
      );
      const now = Date.now();
      const lists = listReader(body, text, settings.onlineEntities);
      const columns = await onlineFeatures(
        {
          features,
          entities: lists('entities'),
          requestData: lists('request_data'),
          fullFeatureNames: body['full_feature_names'] === true,
        },
        engine,
        now,
      );
      response.type('application/json').send(answerText(columns));
    } catch (error) {
      const { status, body } = errorAnswer(error);
      response.status(status).json(body);
    }
  });
}

/** One entity by its URL, for people, with the response of POST /get-online-features. */
function oneEntityRoutes(app: Express, { engine, access }: ServerContext): void {
  app.get(['/feature-views/:view', '/feature-views/:view/:entity'], async (request, response) => {
    try {
      const { view, entity } = request.params as { view: string; entity?: string };
      access.checkNeeds(
        request,
        objectsAsked([`${view}:`], engine).map((on) => ({ right: 'read', on })),
      );
      const asked = oneEntity(view, entity, new URL(request.originalUrl, 'http://node').searchParams, engine);
      if (asked.features.length > access.limits.settings.onlineFeatures)
        refuse(
          `${asked.features.length} features are more than limits.online.features, which is ${access.limits.settings.onlineFeatures}: name some with ?features=`,
        );
      response.type('application/json').send(answerText(await onlineFeatures(asked, engine, Date.now())));
    } catch (error) {
      const { status, body } = errorAnswer(error);
      response.status(status).json(body);
    }
  });
}

/** POST /push, with Feast's request: rows into the topic of a source, from where they reach every store of the views behind it. */
function pushRoute(app: Express, { engine, access, readOnly }: ServerContext): void {
  app.post('/push', async (request, response) => {
    try {
      const text = await readBody(request, access.limits.settings.requestBytes);
      const body = parseObject(text);
      const { push_source_name: name, to = 'online_and_offline' } = body;
      if (typeof name !== 'string') return refuse('field "push_source_name" must be the name of a source');
      const target = pushTarget(name, engine);
      access.checkNeeds(request, [{ right: 'write', on: target.spec.name }]);
      if (readOnly) throw new SqlError('READ_ONLY_SERVER', noSpan, {});
      if (to === 'offline')
        refuse('"to" is online_and_offline, or online: a row of a topic reaches every store of the views behind it');
      if (to !== 'online' && to !== 'online_and_offline') refuse('"to" must be online_and_offline or online');
      const df = (parseJson(text) as ReadonlyMap<string, Json>).get('df');
      if (!(df instanceof Map)) return refuse('field "df" must be an object with a list of values for each column');
      const rows = await pushRows(df, target, engine);
      response.json({ rows });
    } catch (error) {
      const { status, body } = errorAnswer(error);
      response.status(status).json(body);
    }
  });
}

/** The response as Feast has it, a column after the other. */
function answerText(columns: Awaited<ReturnType<typeof onlineFeatures>>): string {
  const results = columns.map(({ type, values, statuses, eventTimestamps }) => {
    const write = jsonWriter(type, { times: 'exact' });
    return `{"values":[${values.map(write).join(',')}],"statuses":${JSON.stringify(statuses)},"event_timestamps":${JSON.stringify(eventTimestamps)}}`;
  });
  return `{"metadata":{"feature_names":${JSON.stringify(columns.map(({ name }) => name))}},"results":[${results.join(',')}]}`;
}

/** What is asked for: either a list of features or a service. */
function featuresOf({
  features,
  feature_service: service,
}: Record<string, unknown>): readonly string[] | { readonly service: string } {
  if (service !== undefined && service !== null) {
    if (features !== undefined && features !== null && !(Array.isArray(features) && features.length === 0))
      refuse('either "features" or "feature_service", not both');
    return typeof service === 'string' ? { service } : refuse('field "feature_service" must be a name');
  }
  if (!Array.isArray(features) || features.length === 0 || !features.every((feature) => typeof feature === 'string'))
    return refuse('field "features" must be a list of "view:feature", or "feature_service" the name of one');
  return features;
}

/** Reads the lists by name in a field of the body. Numbers that JSON.parse would round are read by their digits. */
function listReader(body: Record<string, unknown>, text: string, most: number): (field: string) => EntityLists {
  let exact: ReadonlyMap<string, unknown> | undefined;
  return (field) => {
    const given = objectField(body, field);
    const lists = Object.entries(given);
    for (const [name, list] of lists) {
      if (!Array.isArray(list)) return refuse(`"${name}" of ${field} must be a list of values`);
      if (list.length > most)
        refuse(
          `${list.length} entities are more than limits.online.entities, which is ${most}: ask in several requests`,
        );
    }
    if (lists.length === 0 || !/\d{16}/.test(text)) return given as EntityLists;
    exact ??= parseJson(text) as ReadonlyMap<string, unknown>;
    return Object.fromEntries(exact.get(field) as ReadonlyMap<string, unknown>) as EntityLists;
  };
}
