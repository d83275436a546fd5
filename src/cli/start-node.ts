import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HttpConnect } from '../adapters/connect/http-connect.ts';
import { EmbeddedNode } from '../adapters/embedded/embedded-node.ts';
import { MemoryBackend } from '../adapters/memory/memory-backend.ts';
import { ModelService } from '../adapters/models/model-service.ts';
import { EmbeddedRegistry } from '../adapters/registry/embedded-registry.ts';
import { HttpRegistry } from '../adapters/registry/http-registry.ts';
import { RocksBackend } from '../adapters/rocksdb/rocks-backend.ts';
import { serverOptions } from '../config/server-options.ts';
import { sessionDefaults, shownSettings, type Settings } from '../config/settings.ts';
import { Engine } from '../engine/engine.ts';
import { PushQueries } from '../engine/query-stream.ts';
import { Session } from '../engine/session.ts';
import { SchemaCache } from '../runtime/schema-cache.ts';
import type { SchemaRegistry } from '../runtime/ports/schema-registry.ts';
import type { Node } from '../runtime/ports/node.ts';
import { processingLogColumns, processingLogTopic } from '../runtime/sinks/processing-log.ts';
import { loadFunctions } from '../functions/user/load.ts';
import { setLimit } from '../functions/user/watch.ts';
import { Metrics } from '../server/metrics.ts';
import { packageRoot } from '../util/package-root.ts';
import { workerPath } from '../util/worker-path.ts';
import { startServer, type RunningServer } from '../server/server.ts';
import { executeScript } from '../statements/index.ts';

export const version = (
  JSON.parse(readFileSync(new URL('package.json', packageRoot(import.meta.url)), 'utf8')) as { version: string }
).version;

export interface StartOptions {
  readonly readOnly?: boolean;
  readonly log?: (text: string) => void;
  /** In place of the module that worker threads of a Kafka node run. */
  readonly worker?: URL;
}

export interface RunningNode {
  readonly engine: Engine;
  readonly server: RunningServer;
  readonly metrics: Metrics;
  close(): Promise<void>;
}

/** Opens the node that the settings ask for, rebuilds the catalogue, and serves REST. */
export async function startNode(settings: Settings, options: StartOptions = {}): Promise<RunningNode> {
  setLimit(serverOptions.read('ksql.functions.timeout.ms', settings));
  await loadFunctions(serverOptions.read('ksql.extension.dir', settings));
  const models = new ModelService();
  const metrics = new Metrics();
  const serviceId = serverOptions.read('ksql.service.id', settings);
  const address = serverOptions.read('ksql.schema.registry.url', settings);
  const held =
    address === undefined
      ? new EmbeddedRegistry(join(serverOptions.read('state.dir', settings), 'schemas.json'))
      : undefined;
  const registry: SchemaRegistry = held ?? new HttpRegistry(address!);
  const schemas = new SchemaCache((id) => registry.byId(id));
  const parts: Parts = { settings, models, metrics, registry, schemas };
  const node: Node =
    serverOptions.read('bootstrap.servers', settings).length === 0
      ? await openEmbedded(parts)
      : await openKafka(parts, options);
  const connectUrl = serverOptions.read('ksql.connect.url', settings);
  const engine = new Engine({
    node,
    models,
    registry,
    schemas,
    serviceId,
    defaults: sessionDefaults(settings),
    serverSettings: shownSettings(settings),
    connect: connectUrl === undefined ? undefined : new HttpConnect(connectUrl),
  });
  await engine.start();
  await createProcessingLog(engine);
  const { host, port } = serverOptions.read('listeners', settings);
  const context = {
    engine,
    pushQueries: new PushQueries(),
    newBackend: () => new MemoryBackend(),
    metrics,
    registry: held,
    readOnly: options.readOnly ?? false,
    version,
  };
  const server = await startServer(context, host, port);
  return {
    engine,
    server,
    metrics,
    close: async () => {
      await server.close();
      await engine.close();
    },
  };
}

interface Parts {
  readonly settings: Settings;
  readonly models: ModelService;
  readonly metrics: Metrics;
  readonly registry: SchemaRegistry;
  readonly schemas: SchemaCache;
}

function openEmbedded({ settings, models, metrics, schemas }: Parts): Promise<Node> {
  return EmbeddedNode.open({
    folder: serverOptions.read('state.dir', settings),
    openBackend: (folder) => RocksBackend.open(folder),
    models,
    schemas,
    serviceId: serverOptions.read('ksql.service.id', settings),
    sync: serverOptions.read('state.sync', settings),
    onBatch: metrics.onBatch,
  });
}

async function openKafka(
  { settings, models, metrics, registry }: Parts,
  { worker = workerPath(import.meta.url, 'kafka-worker'), log = () => undefined }: StartOptions,
): Promise<Node> {
  const { KafkaNode } = await import('../adapters/kafka/kafka-node.ts');
  const node = await KafkaNode.open({
    settings,
    stateFolder: join(serverOptions.read('state.dir', settings), 'kafka'),
    worker,
    models,
    registry,
    onBatch: metrics.onBatch,
    log,
  });
  models.onPut = (model) => {
    node.putModel(model);
  };
  return node;
}

/** The stream over the processing log, once for a service. */
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
