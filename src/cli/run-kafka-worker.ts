import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { TaskWorker, type WorkerData } from '../adapters/kafka/task-worker.ts';
import { ModelService } from '../adapters/models/model-service.ts';
import { ReachedStores } from '../adapters/online/reached-stores.ts';
import { RocksBackend } from '../adapters/rocksdb/rocks-backend.ts';
import { applyModelAccess } from '../config/mlflow-options.ts';
import { applyAws } from '../config/aws-options.ts';
import { applyOutbound } from '../config/outbound-options.ts';
import { serverOptions } from '../config/server-options.ts';
import { loadExtensions } from '../functions/user/load.ts';
import { setLimit } from '../functions/user/watch.ts';
import type { CommitObserver } from '../runtime/ports/log.ts';

/** Sets up a worker of a Kafka node and runs it until it is closed. */
export async function runKafkaWorker(port: MessagePort, data: WorkerData, observe?: CommitObserver): Promise<void> {
  applyOutbound(data.settings);
  applyAws(data.settings);
  applyModelAccess(data.settings, join(serverOptions.read('state.dir', data.settings), 'models'));
  setLimit(serverOptions.read('ksql.functions.timeout.ms', data.settings));
  await loadExtensions(serverOptions.read('ksql.extension.dir', data.settings));
  const backend = await RocksBackend.attach(data.handle);
  await new TaskWorker(port, data, { backend, models: new ModelService(), stores: new ReachedStores(), observe }).run();
}
