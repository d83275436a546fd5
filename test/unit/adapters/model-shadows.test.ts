import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { shadowSlotOf } from '../../../src/types/model-route.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';
import { consume, recordsOf } from '../../support/topics.ts';

let server: Server | undefined;
let opened: TestEngine | undefined;
afterEach(async () => {
  await opened?.close();
  server?.closeAllConnections();
  server?.close();
  server = opened = undefined;
});

const models = `
  CREATE STREAM s (id STRING KEY, a DOUBLE, b DOUBLE) WITH (KAFKA_TOPIC='s', PARTITIONS=1, VALUE_FORMAT='JSON');
  CREATE MODEL m INPUT (a DOUBLE, b DOUBLE) OUTPUT (total DOUBLE, product DOUBLE) WITH (PROVIDER='onnx', PATH='test/golden/models/sum.onnx');
  ALTER MODEL m ADD VERSION WITH (PATH='test/golden/models/difference.onnx');
  CREATE STREAM o AS SELECT s.id AS id, p.total AS total, p.model_version AS version FROM s INVOKE MODEL m (a, b) AS p;`;
const keys = Array.from({ length: 40 }, (_, i) => `u_${i}`);
const insertAll = async ({ run }: TestEngine): Promise<void> => {
  await run(keys.map((key, i) => `INSERT INTO s (id, a, b) VALUES ('${key}', ${i}, 2);`).join('\n'));
};
const shadowRows = async ({ engine }: TestEngine): Promise<Record<string, unknown>[]> =>
  (await recordsOf(engine.node, 'M_shadow')).map(
    ({ value }) => JSON.parse(value!.toString()) as Record<string, unknown>,
  );
const shadowOf = async ({ run }: TestEngine, version: number): Promise<Record<string, unknown>> => {
  const [described] = (await run(`DESCRIBE MODEL m VERSION ${version};`)) as {
    versions: { shadow: Record<string, unknown> }[];
  }[];
  return described!.versions[0]!.shadow;
};

test('a shadow sees the sampled keys, and its answers come to a topic beside those of the version that answered', async () => {
  opened = await openEngine();
  await opened.run(`${models}
    ALTER MODEL m SET ROUTE SEED 'x' TO VERSION 1 WEIGHT 100 SHADOW VERSION 2 SAMPLE 25.5;`);
  await insertAll(opened);
  await opened.settle();
  const sampled = keys.filter((key) => shadowSlotOf('x', key) < 2550);
  expect(sampled.length).toBeGreaterThan(3);
  await expect.poll(async () => (await shadowRows(opened!)).length).toBe(sampled.length);
  const rows = await shadowRows(opened);
  expect(rows.map(({ ROUTE_KEY }) => ROUTE_KEY).sort()).toEqual(sampled.toSorted());
  for (const row of rows) {
    const a = Number(String(row['ROUTE_KEY']).slice(2));
    expect(row).toMatchObject({
      MODEL: 'M',
      VERSION: 1,
      OUTPUT: { TOTAL: a + 2, PRODUCT: a * 2 },
      ERROR: null,
      SHADOW_VERSION: 2,
      SHADOW_OUTPUT: { TOTAL: a - 2 },
      SHADOW_ERROR: null,
    });
    expect(row['INPUTS']).toMatch(/^[0-9a-f]{32}$/);
  }
  // The rows of the query know nothing of it.
  expect(await consume(opened.engine, 'O')).toEqual(
    (await consume(opened.engine, 'O')).map((line) => line.replace(/"VERSION":\d/, '"VERSION":1')),
  );
  expect(await consume(opened.engine, 'O')).toHaveLength(keys.length);
  expect(await shadowOf(opened, 2)).toMatchObject({ rows: sampled.length, errors: 0, dropped: 0 });
  await expect(opened.run('ALTER MODEL m DROP VERSION 2;')).rejects.toThrow('it is a shadow of the route');
});

/** A server that takes calls and answers none, but for what it is asked at first. */
async function hangingServer(): Promise<{ readonly endpoint: string; readonly calls: () => number }> {
  let calls = 0;
  server = createServer((request, response) => {
    if (request.method === 'GET') response.end('{"inputs":[],"outputs":[]}');
    else calls++;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls: () => calls };
}
const remote = (endpoint: string): string => `ALTER MODEL m ADD VERSION WITH (PROVIDER='oip-v2', ENDPOINT='${endpoint}',
  MODEL_NAME='m', TIMEOUT='1 MINUTE', VALIDATE='OFF');`;

test('a shadow whose server hangs delays, fails and changes no row; what it cannot take is counted', async () => {
  opened = await openEngine();
  const { endpoint, calls } = await hangingServer();
  await opened.run(`${models}
    ${remote(endpoint)}
    ALTER MODEL m SET ROUTE TO VERSION 2 WEIGHT 100 SHADOW VERSION 3;`);
  for (const key of keys) {
    await opened.run(`INSERT INTO s (id, a, b) VALUES ('${key}', 1, 2);`);
    await opened.settle();
  }
  expect(await consume(opened.engine, 'O')).toHaveLength(keys.length);
  await expect.poll(calls).toBe(4);
  expect(await shadowOf(opened, 3)).toMatchObject({ dropped: keys.length - 4 });
  expect(await shadowRows(opened)).toEqual([]);
});

test('a shadow whose server is down is told of, and its failures are its own', async () => {
  opened = await openEngine();
  await opened.run(`${models} ${remote('http://127.0.0.1:1')}`);
  await expect(opened.run('ALTER MODEL m SET ROUTE TO VERSION 3 WEIGHT 100;')).rejects.toThrow(
    'version 3 is not ready',
  );
  const [answer] = (await opened.run('ALTER MODEL m SET ROUTE TO VERSION 2 WEIGHT 100 SHADOW VERSION 3;')) as {
    warnings: unknown[];
  }[];
  expect(JSON.stringify(answer!.warnings)).toContain('version 3 is not ready');
  await insertAll(opened);
  await opened.settle();
  expect(await consume(opened.engine, 'O')).toHaveLength(keys.length);
  await expect
    .poll(async () => (await shadowRows(opened!)).map(({ SHADOW_ERROR }) => SHADOW_ERROR))
    .toEqual(keys.map(() => 'NETWORK'));
  expect(await shadowOf(opened, 3)).toMatchObject({ errors: keys.length, errorsByClass: { NETWORK: keys.length } });
});
