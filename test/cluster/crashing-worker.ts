import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerData } from '../../src/adapters/kafka/task-worker.ts';
import { runKafkaWorker } from '../../src/cli/run-kafka-worker.ts';

// CRASH_AT is `STEP:N`, or `STEP:N:SIGNAL`: the process is killed, or gets that signal, when the commits of this worker have reached a
// step for the Nth time.
const [wanted, times, signal = 'SIGKILL'] = process.env['CRASH_AT']!.split(':');
let left = Number(times);
void runKafkaWorker(parentPort!, workerData as WorkerData, (step) => {
  if (step === wanted && --left === 0) process.kill(process.pid, signal);
});
