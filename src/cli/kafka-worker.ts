import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerData } from '../adapters/kafka/task-worker.ts';
import { runKafkaWorker } from './run-kafka-worker.ts';

// The module of a worker thread: it runs the tasks that the node gives it.
void runKafkaWorker(parentPort!, workerData as WorkerData);
