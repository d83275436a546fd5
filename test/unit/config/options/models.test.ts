import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, vi } from 'vitest';
import { invokeOptions, modelOptions, oipOptions, onnxOptions } from '../../../../src/config/model-options.ts';
import { ModelService } from '../../../../src/adapters/models/model-service.ts';
import { DOUBLE } from '../../../../src/types/sql-type.ts';
import { onEngine, outcome, runCases, type Case } from './cases.ts';

/** A model server that doubles `x`, and fails where that is negative or where it was told to. */
let server: Server;
const calls: { path: string; size: number; token: string | undefined; inputs: string[]; at: number }[] = [];
let failures = 0;
let slow = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const send = (status: number, body: object): void => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      };
      const token = request.headers.authorization;
      const path = request.url ?? '';
      if (request.method === 'GET') {
        calls.push({ path, size: -1, token, inputs: [], at: performance.now() });
        return send(200, {});
      }
      const { inputs } = JSON.parse(Buffer.concat(chunks).toString()) as {
        inputs: { name: string; data: (number | null)[] }[];
      };
      const { data } = inputs[0]!;
      calls.push({ path, size: data.length, token, inputs: inputs.map(({ name }) => name), at: performance.now() });
      if (failures-- > 0) return send(503, {});
      if (data.some((x) => x !== null && x < 0)) return send(400, {});
      const output = (name: string, factor: number): object => ({
        name,
        shape: [data.length],
        data: data.map((x) => (x ?? 50) * factor),
      });
      setTimeout(() => send(200, { outputs: [output('Y', 2), output('THIRD', 3)] }), slow);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(() => server.close());

interface Setup {
  readonly options?: Record<string, string>;
  readonly rows?: readonly (number | null)[];
  readonly failing?: number;
  readonly slow?: number;
}
/** What the rows of one call are scored, and what the server was asked. */
async function scored({ options = {}, rows = [1], failing = 0, ...rest }: Setup): Promise<{
  readonly outputs: unknown;
  readonly asked: typeof calls;
}> {
  const models = new ModelService();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await models.put({
    name: 'M',
    input: [{ name: 'X', type: DOUBLE }],
    output: [{ name: 'Y', type: DOUBLE }],
    comment: undefined,
    versions: [
      {
        version: 1,
        options: { PROVIDER: 'OIP-V2', ENDPOINT: endpoint, MODEL_NAME: 'm', VALIDATE: 'OFF', ...options },
      },
    ],
    defaultVersion: 1,
    statement: '',
  });
  calls.length = 0;
  failures = failing;
  slow = rest.slow ?? 0;
  const given = rows.map((x) => [x]);
  const results = await models.score('M', undefined, given);
  await models.close();
  return { outputs: results.map(({ outputs, error }) => outputs?.[0] ?? error ?? null), asked: [...calls] };
}
const option = (
  name: string,
  setup: Setup,
  see: (seen: Awaited<ReturnType<typeof scored>>) => unknown,
  gives: Case['gives'],
): Case => ({
  see: async (value) => see(await scored({ ...setup, options: { ...setup.options, [name]: value } })),
  gives,
});
const sizes = ({ asked }: Awaited<ReturnType<typeof scored>>): number[] => asked.map(({ size }) => size);
const outputs = (seen: Awaited<ReturnType<typeof scored>>): unknown => seen.outputs;
const waited = ({ asked }: Awaited<ReturnType<typeof scored>>): boolean => asked[1]!.at - asked[0]!.at > 150;

/** A query that invokes the model for a row that it cannot score. */
const failingQuery = (options: string, invoke: string): Promise<unknown> =>
  onEngine({}, async ({ engine, ask, run }) => {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await ask("CREATE STREAM s (k STRING KEY, x DOUBLE) WITH (kafka_topic='s', partitions=1, value_format='JSON');");
    await ask(`CREATE MODEL m INPUT (x DOUBLE) OUTPUT (y DOUBLE)
      WITH (PROVIDER='oip-v2', ENDPOINT='${endpoint}', MODEL_NAME='m', VALIDATE='OFF', ${options});`);
    await ask(`CREATE STREAM o AS SELECT s.k AS k, p.y AS y FROM s INVOKE MODEL m USING (s.x) ${invoke} AS p;`);
    failures = slow = 0;
    await run("INSERT INTO s (k, x) VALUES ('a', -1);");
    const [id] = engine.catalog.queries.keys();
    for (let left = 60; left > 0 && engine.node.status(id!)?.state === 'RUNNING'; left--)
      await new Promise((done) => setTimeout(done, 5));
    if (engine.node.status(id!)?.state === 'ERROR') return 'ERROR';
    return outcome(await ask('SELECT y FROM o;'));
  });

runCases(modelOptions, {
  PROVIDER: {
    see: (value) =>
      onEngine({}, async ({ ask }) =>
        outcome(
          await ask(`CREATE MODEL m INPUT (x DOUBLE) OUTPUT (y DOUBLE)
            WITH (PROVIDER='${value}', PATH='x.onnx', VALIDATE='OFF');`),
        ),
      ),
    gives: [
      ['onnx', 'done'],
      ['triton', 'INVALID_PROPERTY'],
    ],
  },
  INPUT_TENSOR: option('INPUT_TENSOR', {}, ({ asked }) => asked[0]!.inputs, [
    ['packed', ['packed']],
    ['other', ['other']],
  ]),
  OUTPUT_MAP: option('OUTPUT_MAP', {}, outputs, [
    ['Y=Y', [2]],
    ['Y=THIRD', [3]],
  ]),
  DEADLINE: option('DEADLINE', { slow: 200 }, outputs, [
    ['20 MILLISECONDS', ['DEADLINE']],
    ['20 SECONDS', [2]],
  ]),
  MAX_RETRIES: option('MAX_RETRIES', { failing: 1, options: { RETRY_INITIAL_BACKOFF: '1 MILLISECOND' } }, outputs, [
    ['0', ['HTTP_5XX']],
    ['1', [2]],
  ]),
  RETRY_INITIAL_BACKOFF: option('RETRY_INITIAL_BACKOFF', { failing: 1, options: { MAX_RETRIES: '1' } }, waited, [
    ['1 MILLISECOND', false],
    ['400 MILLISECONDS', true],
  ]),
  RETRY_MAX_BACKOFF: option(
    'RETRY_MAX_BACKOFF',
    { failing: 1, options: { MAX_RETRIES: '1', RETRY_INITIAL_BACKOFF: '400 MILLISECONDS' } },
    waited,
    [
      ['1 MILLISECOND', false],
      ['30 SECONDS', true],
    ],
  ),
  MAX_BATCH_SIZE: option('MAX_BATCH_SIZE', { rows: [1, 2, 3] }, sizes, [
    ['2', [2, 1]],
    ['256', [3]],
  ]),
  MAX_BATCH_DELAY: {
    see: async (value) => {
      const models = new ModelService();
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const options = {
        PROVIDER: 'OIP-V2',
        ENDPOINT: endpoint,
        MODEL_NAME: 'm',
        VALIDATE: 'OFF',
        MAX_BATCH_DELAY: value,
      };
      const column = (name: string) => [{ name, type: DOUBLE }];
      await models.put({
        name: 'M',
        input: column('X'),
        output: column('Y'),
        comment: undefined,
        versions: [{ version: 1, options }],
        defaultVersion: 1,
        statement: '',
      });
      calls.length = failures = slow = 0;
      const results = await Promise.all([[[1]], [[2]], [[3]]].map((rows) => models.score('M', undefined, rows)));
      await models.close();
      return [calls.map(({ size }) => size), results.map(([row]) => row!.outputs![0])];
    },
    gives: [
      [
        '0 MILLISECONDS',
        [
          [1, 1, 1],
          [2, 4, 6],
        ],
      ],
      ['30 MILLISECONDS', [[3], [2, 4, 6]]],
    ],
  },
  ON_ERROR: {
    see: (value) => failingQuery(`ON_ERROR='${value}'`, ''),
    gives: [
      ['FAIL', 'ERROR'],
      ['NULL', [[null]]],
    ],
  },
  DEFAULT_VALUE: {
    see: (value) => failingQuery(`ON_ERROR='DEFAULT', DEFAULT_VALUE='${value}'`, ''),
    gives: [
      ['{"y":0.5}', [[0.5]]],
      ['{"y":7}', [[7]]],
    ],
  },
  ON_NULL_INPUT: option('ON_NULL_INPUT', { rows: [null] }, outputs, [
    ['RETURN_NULL', [null]],
    ['FAIL', ['INVALID_INPUT']],
  ]),
  VALIDATE: {
    see: (value) =>
      onEngine({}, async ({ ask }) =>
        outcome(
          await ask(`CREATE MODEL m INPUT (x DOUBLE) OUTPUT (y DOUBLE)
            WITH (PROVIDER='onnx', PATH='/nowhere.onnx', VALIDATE='${value}');`),
        ),
      ),
    gives: [
      ['ON', 'MODEL_INVALID'],
      ['OFF', 'done'],
    ],
  },
});

runCases(oipOptions, {
  ENDPOINT: {
    see: async (value) =>
      (await scored({ options: value === 'nowhere' ? { ENDPOINT: 'http://127.0.0.1:1' } : {} })).outputs,
    gives: [
      ['nowhere', ['NETWORK']],
      ['the server', [2]],
    ],
  },
  MODEL_NAME: option('MODEL_NAME', {}, ({ asked }) => asked[0]!.path, [
    ['one', '/v2/models/one/infer'],
    ['two', '/v2/models/two/infer'],
  ]),
  MODEL_VERSION: option('MODEL_VERSION', {}, ({ asked }) => asked[0]!.path, [
    ['1', '/v2/models/m/versions/1/infer'],
    ['2', '/v2/models/m/versions/2/infer'],
  ]),
  TIMEOUT: option('TIMEOUT', { slow: 200 }, outputs, [
    ['20 MILLISECONDS', ['TIMEOUT']],
    ['20 SECONDS', [2]],
  ]),
  AUTH_TOKEN: option('AUTH_TOKEN', {}, ({ asked }) => asked[0]!.token, [
    ['one', 'Bearer one'],
    ['two', 'Bearer two'],
  ]),
});

/** What the worker threads of ONNX Runtime are asked when the example's model is loaded. */
async function loading(options: Record<string, string>): Promise<{ workers: number; threads: unknown }> {
  const posted = vi.spyOn(Worker.prototype, 'postMessage');
  const models = new ModelService();
  const path = resolve('examples/fraud/fraud.onnx');
  try {
    const declared = { input: [], output: [] };
    await models
      .inspect('m', { version: 1, options: { PROVIDER: 'ONNX', PATH: path, ...options } }, declared)
      .catch(() => undefined);
    const messages = posted.mock.calls.map(([message]) => message as { name: string; args: unknown[] });
    const load = messages.find(({ name }) => name === 'load')!;
    return { workers: new Set(posted.mock.contexts).size, threads: load.args[2] };
  } finally {
    posted.mockRestore();
    await models.close();
  }
}
runCases(onnxOptions, {
  PATH: {
    see: async (value) => {
      const models = new ModelService();
      const path = value === 'broken' ? join(mkdtempSync(join(tmpdir(), 'millrace-onnx-')), 'm.onnx') : value;
      if (value === 'broken') writeFileSync(path, 'no model');
      const version = { version: 1, options: { PROVIDER: 'ONNX', PATH: path } };
      const problem = await models.inspect('m', version, { input: [], output: [] }).then(
        () => 'done',
        (error: unknown) => (error as Error).message,
      );
      await models.close();
      return /does not exist/.test(problem);
    },
    gives: [
      ['/nowhere.onnx', true],
      ['broken', false],
    ],
  },
  INTRA_OP_THREADS: {
    see: async (value) => (await loading({ INTRA_OP_THREADS: value })).threads,
    gives: [
      ['1', 1],
      ['2', 2],
    ],
  },
  WORKERS: {
    see: async (value) => (await loading({ WORKERS: value })).workers,
    gives: [
      ['1', 1],
      ['2', 2],
    ],
  },
});

runCases(invokeOptions, {
  ON_ERROR: {
    see: (value) => failingQuery("ON_ERROR='FAIL'", `WITH (ON_ERROR='${value}')`),
    gives: [
      ['FAIL', 'ERROR'],
      ['NULL', [[null]]],
    ],
  },
});
