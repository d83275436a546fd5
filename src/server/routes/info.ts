import type { Express } from 'express';
import { checkProperty } from '../../config/setting-names.ts';
import { noSpan } from '../../diagnostics/source.ts';
import { errorAnswer } from '../errors.ts';
import type { ServerContext } from '../context.ts';

/** The ksqlDB version whose API this speaks: its clients look at it. */
const spokenVersion = '8.0.0';

export function infoRoutes(app: Express, context: ServerContext): void {
  const { engine } = context;
  app.get('/', (_request, response) => response.redirect(307, '/info'));
  app.get('/info', (_request, response) => {
    const { clusterId, kind } = engine.node;
    response.json({
      KsqlServerInfo: {
        version: spokenVersion,
        millraceVersion: context.version,
        kafkaClusterId: clusterId,
        ksqlServiceId: engine.serviceId,
        serverStatus: 'RUNNING',
        node: kind,
      },
    });
  });
  app.get('/healthcheck', (_request, response) => {
    const isHealthy = engine.node.isHealthy();
    const details = { metastore: { isHealthy: true }, kafka: { isHealthy }, commandRunner: { isHealthy } };
    response.status(isHealthy ? 200 : 503).json({ isHealthy, details, serverState: 'READY' });
  });
  app.get('/clusterStatus', (request, response) => {
    const queries = [...engine.catalog.queries.keys()].map((id) => [
      id,
      { activeStores: [], activePartitions: [], standByStores: [], standByPartitions: [] },
    ]);
    const host = request.headers.host ?? 'localhost';
    response.json({
      clusterStatus: {
        [host]: {
          hostAlive: true,
          lastStatusUpdateMs: Date.now(),
          activeStandbyPerQuery: Object.fromEntries(queries) as unknown,
          hostStoreLags: { stateStoreLags: {}, updateTimeMs: Date.now() },
        },
      },
    });
  });
  app.get('/status', (_request, response) => {
    const names = [...engine.catalog.sources.values()].map(({ spec }) => [
      `${spec.kind.toLowerCase()}/${spec.name}/create`,
      'SUCCESS',
    ]);
    response.json({ commandStatuses: Object.fromEntries(names) as unknown });
  });
  app.get('/status/:type/:entity/:action', (request, response) => {
    const name = request.params.entity.replaceAll('`', '');
    const source = engine.catalog.sources.get(name);
    if (source === undefined)
      response.status(404).json({ '@type': 'generic_error', error_code: 40400, message: 'the command does not exist' });
    else response.json({ status: 'SUCCESS', message: 'done', queryId: source.createdBy ?? null });
  });
  app.get('/is_valid_property/:property', (request, response) => {
    try {
      checkProperty(request.params.property, undefined, noSpan);
      response.json(true);
    } catch (error) {
      const { status, body } = errorAnswer(error);
      response.status(status).json(body);
    }
  });
  app.get('/metrics', async (_request, response) => {
    response.type('text/plain; version=0.0.4').send(await context.metrics.text(engine));
  });
  for (const path of ['/chc/ready', '/chc/live']) app.get(path, (_request, response) => response.json({}));
}
