import { ClusterStatus } from '../cluster-status.ts';
import type { Express } from 'express';
import { checkProperty } from '../../config/setting-names.ts';
import { noSpan } from '../../diagnostics/source.ts';
import { errorAnswer } from '../errors.ts';
import { openApiDocument } from '../openapi/document.ts';
import type { ServerContext } from '../context.ts';

/** The ksqlDB version whose API is implemented; clients check it. */
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
  const clusterId = {
    id: '',
    scope: { path: [], clusters: { 'kafka-cluster': engine.node.clusterId, 'ksql-cluster': engine.serviceId } },
  };
  app.get('/v1/metadata', (_request, response) => response.json({ version: spokenVersion, clusterId }));
  app.get('/v1/metadata/id', (_request, response) => response.json(clusterId));
  app.get('/healthcheck', (_request, response) => {
    const kafka = engine.node.isHealthy();
    const commandRunner = kafka && engine.stuck === undefined;
    const isHealthy = kafka && commandRunner;
    const details = {
      metastore: { isHealthy: true },
      kafka: { isHealthy: kafka },
      commandRunner: { isHealthy: commandRunner, ...(engine.stuck === undefined ? {} : { message: engine.stuck }) },
    };
    response.status(isHealthy ? 200 : 503).json({ isHealthy, details, serverState: 'READY' });
  });
  let cluster: ClusterStatus | undefined;
  app.get('/clusterStatus', async (request, response) => {
    cluster ??= new ClusterStatus(engine, request.headers.host ?? 'localhost');
    response.json({ clusterStatus: await cluster.read() });
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
  const described = openApiDocument(context.version);
  app.get('/openapi.json', (_request, response) => response.json(described));
  app.get('/metrics', async (_request, response) => {
    response.type('text/plain; version=0.0.4').send(await context.metrics.text(engine));
  });
  for (const path of ['/chc/live', '/livez']) app.get(path, (_request, response) => response.json({}));
  for (const path of ['/chc/ready', '/readyz'])
    app.get(path, (_request, response) =>
      response.status(engine.node.isHealthy() && engine.isReady ? 200 : 503).json({}),
    );
}
