import http from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

/** The load that a thread puts on a server. */
export interface PullLoad {
  readonly url: string;
  readonly keys: number;
  /** Requests a second, sent on schedule even if answers are late. */
  readonly rate: number;
  readonly seconds: number;
}
/** Latencies in ms from the time at which a request was due to the end of its answer. */
export interface PullResult {
  readonly requests: number;
  readonly wrong: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const { url, keys, rate, seconds } = workerData as PullLoad;
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const target = new URL('/query', url);

function ask(key: number): Promise<boolean> {
  const body = JSON.stringify({ ksql: `SELECT * FROM totals WHERE user_id = 'user${key}';` });
  return new Promise((resolve, reject) => {
    const request = http.request(target, { method: 'POST', agent, headers: { 'content-length': body.length } });
    request.once('error', reject);
    request.once('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.once('end', () => resolve(text.includes(`"user${key}",1,${key % 1000}.5`)));
    });
    request.end(body);
  });
}

const total = rate * seconds;
const warm = Math.min(rate, total);
const latencies: number[] = [];
let wrong = 0;
const waiting: Promise<void>[] = [];
const start = performance.now() + 100;
for (let i = 0; i < total + warm; i++) {
  const due = start + (i * 1000) / rate;
  const left = due - performance.now();
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  waiting.push(
    ask((i * 7919) % keys).then((right) => {
      if (!right) wrong++;
      if (i >= warm) latencies.push(performance.now() - due);
    }),
  );
}
await Promise.all(waiting);
latencies.sort((a, b) => a - b);
const at = (share: number): number => Number(latencies[Math.floor((latencies.length - 1) * share)]!.toFixed(2));
const result: PullResult = { requests: latencies.length, wrong, p50: at(0.5), p99: at(0.99), max: at(1) };
parentPort!.postMessage(result);
