import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerData } from '../adapters/kafka/task-worker.ts';
import { runKafkaWorker } from './run-kafka-worker.ts';

// The entry module of a worker thread, which runs the tasks that the Kafka node assigns to it.
void runKafkaWorker(parentPort!, workerData as WorkerData);
