import { hostname } from 'node:os';
import { join } from 'node:path';
import { HttpConnect } from '../adapters/connect/http-connect.ts';
import { untilBroker } from '../adapters/kafka/broker-contact.ts';
import { EmbeddedNode, type EmbeddedNodeOptions } from '../adapters/embedded/embedded-node.ts';
import { MemoryBackend } from '../adapters/memory/memory-backend.ts';
import { ModelService } from '../adapters/models/model-service.ts';
import { ReachedStores } from '../adapters/online/reached-stores.ts';
import { EmbeddedRegistry } from '../adapters/registry/embedded-registry.ts';
import { HttpRegistry } from '../adapters/registry/http-registry.ts';
import { RocksBackend } from '../adapters/rocksdb/rocks-backend.ts';
import { applyModelAccess } from '../config/mlflow-options.ts';
import { applyAws } from '../config/aws-options.ts';
import { applyOutbound } from '../config/outbound-options.ts';
import { logSettingsOf } from './log-settings.ts';
import { serverOptions } from '../config/server-options.ts';
import { sessionDefaults, shownSettings, type Settings } from '../config/settings.ts';
import { Engine } from '../engine/engine.ts';
import { Session } from '../engine/session.ts';
import { SchemaCache } from '../runtime/schema-cache.ts';
import type { SchemaRegistry } from '../runtime/ports/schema-registry.ts';
import type { Node } from '../runtime/ports/node.ts';
import { processingLogColumns, processingLogTopic } from '../runtime/sinks/processing-log.ts';
import { loadExtensions } from '../functions/user/load.ts';
import { setLimit } from '../functions/user/watch.ts';
import { openAccess } from '../server/access/open-access.ts';
import { Metrics } from '../server/metrics.ts';
import { workerPath } from '../util/worker-path.ts';
import { bindListener, startServer, type BoundListener, type Listener, type RunningServer } from '../server/server.ts';
import { serveStart } from '../server/starting.ts';
import { readCertificate, type TlsSettings } from '../server/tls.ts';
import type { ServerContext } from '../server/context.ts';
import { addCatalogDatabase, hasCatalogDatabase } from '../server/postgres/catalog-database.ts';
import { servePostgres, type RunningPostgres } from '../server/postgres/listener.ts';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { version } from './version.ts';
import { executeScript } from '../statements/index.ts';

export interface StartOptions {
  readonly readOnly?: boolean;
  readonly log?: (text: string) => void;
  /** Replaces the entry module of a Kafka node's worker threads, for tests. */
  readonly worker?: URL;
  /** Replaces the disk of an embedded node, for tests. */
  readonly disk?: Pick<EmbeddedNodeOptions, 'files' | 'openBackend'>;
}

export interface RunningNode {
  readonly engine: Engine;
  readonly server: RunningServer;
  /** The port where PostgreSQL clients are served; undefined where they are not. */
  readonly postgresPort: number | undefined;
  readonly metrics: Metrics;
  /** Resolves when the queries of the command log are started, which REST does not wait for. */
  readonly started: Promise<unknown>;
  close(): Promise<void>;
}

/** Opens the node that the settings describe, rebuilds the catalogue, and serves REST. */
export async function startNode(settings: Settings, options: StartOptions = {}): Promise<RunningNode> {
  const listener = await bindListener(listenerOf(settings), options.log);
  serveStart(listener);
  try {
    return await openNode(settings, options, listener);
  } catch (error) {
    listener.close(() => undefined);
    throw error;
  }
}

async function openNode(settings: Settings, options: StartOptions, listener: BoundListener): Promise<RunningNode> {
  applyOutbound(settings);
  applyAws(settings);
  applyModelAccess(settings, join(serverOptions.read('state.dir', settings), 'models'));
  const access = openAccess(settings, options.log);
  const advertised = advertisedOf(settings, listener);
  setLimit(serverOptions.read('ksql.functions.timeout.ms', settings));
  await loadExtensions(serverOptions.read('ksql.extension.dir', settings));
  const models = new ModelService();
  const stores = new ReachedStores();
  const metrics = new Metrics();
  const serviceId = serverOptions.read('ksql.service.id', settings);
  const address = serverOptions.read('ksql.schema.registry.url', settings);
  const held =
    address === undefined
      ? new EmbeddedRegistry(join(serverOptions.read('state.dir', settings), 'schemas.json'))
      : undefined;
  const registry: SchemaRegistry = held ?? new HttpRegistry(address!);
  const schemas = new SchemaCache((id) => registry.byId(id));
  const parts: Parts = { settings, models, stores, metrics, registry, schemas };
  const node: Node =
    serverOptions.read('bootstrap.servers', settings).length === 0
      ? await openEmbedded(parts, options)
      : await openKafka(parts, advertised, options);
  const connectUrl = serverOptions.read('ksql.connect.url', settings);
  const engine = new Engine({
    node,
    models,
    stores,
    registry,
    schemas,
    serviceId,
    defaults: sessionDefaults(settings),
    serverSettings: shownSettings(settings),
    connect: connectUrl === undefined ? undefined : new HttpConnect(connectUrl),
    log: options.log,
  });
  const { log = () => undefined } = options;
  await untilBroker(() => engine.load(), log);
  await untilBroker(() => createProcessingLog(engine), log);
  const context = {
    engine,
    newBackend: () => new MemoryBackend(),
    metrics,
    registry: held,
    readOnly: options.readOnly ?? false,
    commandTimeoutMs: serverOptions.read('ksql.server.command.response.timeout.ms', settings),
    version,
    access,
    advertised: new URL(advertised).hostname,
    allowedOrigins: serverOptions.read('access.control.allow.origin', settings),
  };
  const postgres = await openPostgres(settings, context, options.log).catch(async (error: unknown) => {
    await engine.close();
    throw error;
  });
  const server = startServer(context, listener);
  const started = engine.startQueries().catch((error: unknown) => options.log?.((error as Error).message));
  return {
    engine,
    server,
    postgresPort: postgres?.port,
    metrics,
    started,
    close: async () => {
      await postgres?.close();
      await server.close();
      await access.close();
      await engine.close();
    },
  };
}

/** Where REST listens; an https listener has a certificate that can be read before anything starts. */
function listenerOf(settings: Settings): Listener {
  const { host, port, isTls } = serverOptions.read('listeners', settings);
  if (!isTls) return { host, port, tls: undefined };
  const tls = certificateOf(settings);
  readCertificate(tls);
  return { host, port, tls };
}

const certificateOf = (settings: Settings): TlsSettings => ({
  keystore: serverOptions.read('ssl.keystore.location', settings),
  key: serverOptions.read('ssl.keystore.key.location', settings),
  password: serverOptions.read('ssl.keystore.password', settings),
  keyPassword: serverOptions.read('ssl.key.password', settings),
  truststore: serverOptions.read('ssl.truststore.location', settings),
  clients: serverOptions.read('ssl.client.authentication', settings),
});

/** Opens the door for PostgreSQL's clients, where the settings say so. */
async function openPostgres(
  settings: Settings,
  context: ServerContext,
  log?: (text: string) => void,
): Promise<RunningPostgres | undefined> {
  const listener = serverOptions.read('postgres.listener', settings);
  if (listener === undefined) return undefined;
  const refuse = (why: string): never => {
    throw new SqlError('INVALID_SETTING', noSpan, { name: 'postgres.listener', value: String(listener.port), why });
  };
  if (!hasCatalogDatabase()) refuse(addCatalogDatabase);
  const hasCertificate = serverOptions.read('ssl.keystore.location', settings) !== undefined;
  const tls = hasCertificate ? certificateOf(settings) : undefined;
  const onlyTls = serverOptions.read('listeners', settings).isTls;
  const running = await servePostgres({ ...listener, tls, onlyTls }, context, log);
  log?.(`PostgreSQL clients are served at ${listener.host}:${running.port}`);
  return running;
}

/** Where the other nodes reach this one: where it listens, or by the machine's name when that is any address. */
function advertisedOf(settings: Settings, { url, host, port }: BoundListener): string {
  const given = serverOptions.read('ksql.advertised.listener', settings);
  if (given !== undefined) return given;
  return host === '0.0.0.0' || host === '::' ? `${new URL(url).protocol}//${hostname()}:${port}` : url;
}

interface Parts {
  readonly settings: Settings;
  readonly models: ModelService;
  readonly stores: ReachedStores;
  readonly metrics: Metrics;
  readonly registry: SchemaRegistry;
  readonly schemas: SchemaCache;
}

function openEmbedded(
  { settings, models, stores, metrics, schemas }: Parts,
  { log, disk }: StartOptions,
): Promise<Node> {
  return EmbeddedNode.open({
    folder: serverOptions.read('state.dir', settings),
    openBackend: (folder) => RocksBackend.open(folder),
    models,
    stores,
    schemas,
    serviceId: serverOptions.read('ksql.service.id', settings),
    sync: serverOptions.read('state.sync', settings),
    settings: logSettingsOf(settings),
    onBatch: metrics.onBatch,
    ...(log === undefined ? {} : { log }),
    ...disk,
  });
}

async function openKafka(
  { settings, models, metrics, registry }: Parts,
  listener: string,
  { worker = workerPath(import.meta.url, 'kafka-worker'), log = () => undefined }: StartOptions,
): Promise<Node> {
  const { KafkaNode } = await import('../adapters/kafka/kafka-node.ts');
  const node = await KafkaNode.open({
    settings,
    stateFolder: join(serverOptions.read('state.dir', settings), 'kafka'),
    listener,
    worker,
    registry,
    onBatch: metrics.onBatch,
    log,
  });
  models.onPut = node.putModel;
  models.otherStats = node.modelStats;
  models.onRemove = (name) => {
    node.removeModel(name);
  };
  return node;
}

/** Creates the stream over the processing log, unless the service has it already. */
async function createProcessingLog(engine: Engine): Promise<void> {
  const topic = processingLogTopic(engine.serviceId);
  await executeScript(
    {
      name: 'start',
      text: `CREATE STREAM IF NOT EXISTS KSQL_PROCESSING_LOG (${processingLogColumns}) WITH (KAFKA_TOPIC='${topic}', PARTITIONS=1, VALUE_FORMAT='JSON');`,
    },
    engine,
    new Session(),
  );
}
