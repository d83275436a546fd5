import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createTopic, produceAll, readAll, startMillrace, type MillraceProcess } from './support.ts';

const rows = 2000;
/** Rows that the model was asked for, and calls of the node that runs; the call that ends it is not answered. */
let asked = 0;
let shadowed = 0;
let calls = 0;
let killAt = Infinity;
/** How long each third answer takes. */
let mostMs = 0;
let victim: MillraceProcess | undefined;
/** Doubles x at /v2/models/primary; at /v2/models/shadow it takes calls and answers none. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const send = (body: object): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.method === 'GET') {
      send({ inputs: [], outputs: [] });
      return;
    }
    if (request.url!.includes('/shadow/')) {
      shadowed++;
      return;
    }
    const { inputs } = JSON.parse(Buffer.concat(chunks).toString()) as { inputs: { data: number[] }[] };
    const { data } = inputs[0]!;
    asked += data.length;
    if (++calls === killAt) {
      victim!.child.kill('SIGKILL');
      return;
    }
    const output = { name: 'Y', datatype: 'FP64', shape: [data.length], data: data.map((x) => 2 * x) };
    setTimeout(() => send({ outputs: [output] }), calls % 3 === 0 ? mostMs : 0);
  });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** A folder with a provider and a transform, of which the former asks the server above, in the threads that run tasks. */
function ownProvider(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-own-'));
  writeFileSync(
    join(folder, 'own.mjs'),
    `import { modelProvider, transform } from 'millrace/functions';
     import { isMainThread } from 'node:worker_threads';
     const name = { type: 'STRING', required: true, doc: 'The name of the model' };
     export const own = modelProvider({ name: 'own', doc: 'Doubles.', options: { endpoint: { type: 'URL', required: true, doc: 'The server' }, model_name: name },
       open({ endpoint, model_name }) {
         return { async scoreBatch(rows, signal) {
           const body = JSON.stringify({ inputs: [{ data: rows.map(({ half }) => 2 * half) }] });
           const answer = await fetch(endpoint + '/v2/models/' + model_name + '/infer', { method: 'POST', body, signal });
           return (await answer.json()).outputs[0].data;
         } };
       } });
     export const halved = transform({ name: 'halved', doc: 'Halves.', inputs: { x: 'DOUBLE' }, outputs: { half: 'DOUBLE' }, eval({ x }) {
       if (isMainThread) throw new Error('rows are scored where tasks run');
       return { half: x / 2 };
     } });`,
  );
  return folder;
}

test.each([
  ['ORDERED', "'own', PREPROCESS='halved'", 0],
  // Answers that take longer than commits are apart: rows wait in the state of the step.
  ['UNORDERED', "'oip-v2'", 300],
])(
  'kill -9 between a call of a remote model and its answer loses and doubles no prediction, beside a shadow that never answers: %s, %s',
  async (mode, provider, most) => {
    asked = shadowed = calls = 0;
    killAt = Infinity;
    mostMs = most;
    if (!server.listening) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    const service = `models${Date.now()}`;
    const topic = `${service}_rows`;
    await createTopic(topic, 2);
    const settings = {
      'processing.guarantee': 'exactly_once_v2',
      'commit.interval.ms': '100',
      'ksql.extension.dir': ownProvider(),
    };
    const version = (name: string): string =>
      `PROVIDER=${provider}, ENDPOINT='http://127.0.0.1:${(server.address() as AddressInfo).port}', MODEL_NAME='${name}', MAX_BATCH_SIZE=20, TIMEOUT='1 HOUR', VALIDATE='OFF', OUTPUT_MODE='${mode}'`;
    victim = await startMillrace(service, settings);
    await victim.sql(`
    CREATE STREAM s (id STRING KEY, n INT, x DOUBLE) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
    CREATE MODEL m INPUT (x DOUBLE) OUTPUT (y DOUBLE) WITH (${version('primary')});
    ALTER MODEL m ADD VERSION WITH (${version('shadow')});
    ALTER MODEL m SET ROUTE TO VERSION 1 WEIGHT 100 SHADOW VERSION 2;
    CREATE STREAM p WITH (KAFKA_TOPIC='${topic}_scored') AS SELECT s.id AS id, s.n AS n, q.y AS y, q.model_error AS error
      FROM s INVOKE MODEL m (x) AS q;`);
    let produced = 0;
    const produce = async (count: number): Promise<void> => {
      const numbers = Array.from({ length: count }, (_, i) => produced + i);
      produced += count;
      await produceAll(
        topic,
        numbers.map((n) => ({
          partition: n % 2,
          key: `k${n}`,
          value: JSON.stringify({ N: n, X: n }),
          timestamp: 1000 + n,
        })),
      );
    };
    const scored = async (): Promise<{ readonly N: number; readonly Y: number; readonly ERROR: string | null }[]> =>
      (await readAll(`${topic}_scored`)).map(({ value }) => JSON.parse(value!.toString()) as never);
    const patience = { timeout: 240_000, interval: 500 };
    // What is committed before the first kill is not scored again.
    await produce(400);
    await expect.poll(async () => (await scored()).length, patience).toBe(400);
    expect(asked).toBe(400);
    expect(shadowed).toBeGreaterThan(0);
    for (let kill = 0; kill < 2; kill++) {
      killAt = calls + 4;
      const ended = once(victim.child, 'exit');
      await produce(400);
      await ended;
      victim = await startMillrace(service, settings);
    }
    await produce(rows - produced);
    await expect.poll(async () => (await scored()).length, patience).toBe(rows);
    await victim.kill('SIGTERM');
    const all = await scored();
    expect(all.map(({ N }) => N).sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, n) => n));
    expect(all.filter(({ N, Y, ERROR }) => Y !== 2 * N || ERROR !== null)).toEqual([]);
    // The calls that were under way were made again.
    expect(asked).toBeGreaterThan(rows);
  },
);
