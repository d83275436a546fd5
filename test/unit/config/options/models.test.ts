import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, vi } from 'vitest';
import { evaluationOptions, invokeOptions, modelOptions } from '../../../../src/config/model-options.ts';
import { onnxOptions } from '../../../../src/config/provider-options.ts';
import { allSteps, modelCall } from '../../../../src/plan/physical/step.ts';
import { ModelService } from '../../../../src/adapters/models/model-service.ts';
import { DOUBLE } from '../../../../src/types/sql-type.ts';
import { setSecrets } from '../../../../src/util/secrets.ts';
import { onEngine, outcome, pause, runCases, type Case } from './cases.ts';
import { loadModule } from '../../../support/own-provider.ts';
import { oneVersion } from '../../../support/one-version.ts';

/** A model server that doubles `x`, and fails where that is negative or where it was told to. */
let server: Server;
const calls: { path: string; size: number; token: string | undefined; team: unknown; inputs: string[]; at: number }[] =
  [];
let failures = 0;
let slow = 0;
let inFlight = 0;
let mostInFlight = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const send = (status: number, body: object): void => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      };
      const { authorization: token, 'x-team': team } = request.headers;
      const path = request.url ?? '';
      if (request.method === 'GET') {
        calls.push({ path, size: -1, token, team, inputs: [], at: performance.now() });
        return send(200, {});
      }
      const { inputs } = JSON.parse(Buffer.concat(chunks).toString()) as {
        inputs: { name: string; data: (number | null)[] }[];
      };
      const { data } = inputs[0]!;
      calls.push({
        path,
        size: data.length,
        token,
        team,
        inputs: inputs.map(({ name }) => name),
        at: performance.now(),
      });
      if (failures-- > 0) return send(503, {});
      if (data.some((x) => x !== null && x < 0)) return send(400, {});
      const output = (name: string, factor: number): object => ({
        name,
        shape: [data.length],
        data: data.map((x) => (x ?? 50) * factor),
      });
      mostInFlight = Math.max(mostInFlight, ++inFlight);
      setTimeout(() => {
        inFlight--;
        send(200, { outputs: [output('Y', 2), output('THIRD', 3)] });
      }, slow);
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
  /** Options of the call, as INVOKE MODEL … WITH gives them. */
  readonly given?: Record<string, string>;
  /** How often the rows are scored, one time after the other. */
  readonly times?: number;
}
setSecrets({ one: 'first', two: 'second' });
await loadModule(
  Object.entries({
    plus_one: ['X', 'X + 1'],
    minus_one: ['X', 'X - 1'],
    halved: ['Y', 'Y / 2'],
    squared: ['Y', 'Y * Y'],
  })
    .map(
      ([name, [column, result]]) =>
        `export const ${name} = { kind: 'transform', name: '${name}', doc: 'a test', inputs: { ${column}: 'DOUBLE' }, outputs: { ${column}: 'DOUBLE' },
          eval: ({ ${column} }) => ({ ${column}: ${result} }) };`,
    )
    .join('\n'),
);
/** What the rows of one call are scored, and what the server was asked. */
async function scored({ options = {}, rows = [1], failing = 0, ...rest }: Setup): Promise<{
  readonly outputs: unknown;
  readonly asked: typeof calls;
}> {
  const models = new ModelService();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const columns = { input: [{ name: 'X', type: DOUBLE }], output: [{ name: 'Y', type: DOUBLE }] };
  const common = { PROVIDER: 'OIP-V2', ENDPOINT: endpoint, MODEL_NAME: 'm', VALIDATE: 'OFF' };
  await models.put(oneVersion(columns, { version: 1, options: { ...common, ...options } }));
  calls.length = mostInFlight = 0;
  failures = failing;
  slow = rest.slow ?? 0;
  const given = rows.map((x) => [x]);
  let results = await models.score('M', undefined, given, undefined, rest.given);
  for (let left = rest.times ?? 1; left > 1; left--) {
    await pause(5);
    results = await models.score('M', undefined, given);
  }
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
const count = ({ asked }: Awaited<ReturnType<typeof scored>>): number => asked.length;
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

/** How a query calls the model: by the option of the model, or of the call. */
const calledBy = (options: string, invoke: string): Promise<unknown> =>
  onEngine({}, async ({ engine, ask }) => {
    await ask("CREATE STREAM s (k STRING KEY, x DOUBLE) WITH (kafka_topic='s', partitions=1, value_format='JSON');");
    await ask(`CREATE MODEL m INPUT (x DOUBLE) OUTPUT (y DOUBLE)
      WITH (PROVIDER='oip-v2', ENDPOINT='http://127.0.0.1:1', MODEL_NAME='m', VALIDATE='OFF'${options});`);
    await ask(`CREATE STREAM o AS SELECT s.k AS k, p.y AS y FROM s INVOKE MODEL m USING (s.x) ${invoke} AS p;`);
    const [query] = engine.catalog.queries.values();
    return allSteps(query!.plan.root).flatMap((step) => modelCall(step)?.op ?? []);
  });
const modes: Case['gives'] = [
  ['ORDERED', ['invoke']],
  ['UNORDERED', ['invokeUnordered']],
];

/** As `option`, where the call says it and not the model. */
const ofCall: typeof option = (name, setup, see, gives) => ({
  see: async (value) => see(await scored({ ...setup, given: { [name]: value } })),
  gives,
});

/** What INVOKE MODEL … WITH may say too. */
const ofCalls = (by: typeof option) => ({
  DEADLINE: by('DEADLINE', { slow: 200 }, outputs, [
    ['20 MILLISECONDS', ['DEADLINE']],
    ['20 SECONDS', [2]],
  ]),
  MAX_RETRIES: by('MAX_RETRIES', { failing: 1, options: { RETRY_INITIAL_BACKOFF: '1 MILLISECOND' } }, outputs, [
    ['0', ['HTTP_5XX']],
    ['1', [2]],
  ]),
  RETRY_INITIAL_BACKOFF: by('RETRY_INITIAL_BACKOFF', { failing: 1, options: { MAX_RETRIES: '1' } }, waited, [
    ['1 MILLISECOND', false],
    ['400 MILLISECONDS', true],
  ]),
  RETRY_MAX_BACKOFF: by(
    'RETRY_MAX_BACKOFF',
    { failing: 1, options: { MAX_RETRIES: '1', RETRY_INITIAL_BACKOFF: '400 MILLISECONDS' } },
    waited,
    [
      ['1 MILLISECOND', false],
      ['30 SECONDS', true],
    ],
  ),
  MAX_BATCH_SIZE: by('MAX_BATCH_SIZE', { rows: [1, 2, 3] }, sizes, [
    ['2', [2, 1]],
    ['256', [3]],
  ]),
  MAX_IN_FLIGHT: by(
    'MAX_IN_FLIGHT',
    { rows: [1, 2, 3, 4], slow: 150, options: { MAX_BATCH_SIZE: '1' } },
    () => mostInFlight,
    [
      ['1', 1],
      ['3', 3],
    ],
  ),
  ON_NULL_INPUT: by('ON_NULL_INPUT', { rows: [null] }, outputs, [
    ['RETURN_NULL', [null]],
    ['FAIL', ['INVALID_INPUT']],
  ]),
});

/** Rows of three calls at once. */
const delayed = (where: 'model' | 'call'): Case => ({
  see: async (value) => {
    const models = new ModelService();
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const options = {
      PROVIDER: 'OIP-V2',
      ENDPOINT: endpoint,
      MODEL_NAME: 'm',
      VALIDATE: 'OFF',
      ...(where === 'model' ? { MAX_BATCH_DELAY: value } : {}),
    };
    const column = (name: string) => [{ name, type: DOUBLE }];
    await models.put(oneVersion({ input: column('X'), output: column('Y') }, { version: 1, options }));
    calls.length = failures = slow = 0;
    const results = await Promise.all(
      [[[1]], [[2]], [[3]]].map((rows) =>
        models.score('M', undefined, rows, undefined, where === 'call' ? { MAX_BATCH_DELAY: value } : undefined),
      ),
    );
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
  PREPROCESS: option('PREPROCESS', {}, outputs, [
    ['plus_one', [4]],
    ['minus_one', [0]],
  ]),
  POSTPROCESS: option('POSTPROCESS', {}, outputs, [
    ['halved', [1]],
    ['squared', [4]],
  ]),
  ...ofCalls(option),
  MAX_BATCH_DELAY: delayed('model'),
  // What the rows do then: test/unit/runtime/invoke-unordered.test.ts.
  OUTPUT_MODE: { see: (value) => calledBy(`, OUTPUT_MODE='${value}'`, ''), gives: modes },
  CACHE_SIZE: option('CACHE_SIZE', { rows: [1, 2], times: 2 }, sizes, [
    ['0', [2, 2]],
    ['2', [2]],
  ]),
  CACHE_TTL: option('CACHE_TTL', { times: 2, options: { CACHE_SIZE: '10' } }, count, [
    ['1 MILLISECOND', 2],
    ['1 HOUR', 1],
  ]),
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
  ...ofCalls(ofCall),
  MAX_BATCH_DELAY: delayed('call'),
  OUTPUT_MODE: { see: (value) => calledBy('', `WITH (OUTPUT_MODE='${value}')`), gives: modes },
  DEFAULT_VALUE: {
    see: (value) => failingQuery("ON_ERROR='DEFAULT'", `WITH (DEFAULT_VALUE='${value}')`),
    gives: [
      ['{"y":0.5}', [[0.5]]],
      ['{"y":7}', [[7]]],
    ],
  },
  ON_ERROR: {
    see: (value) => failingQuery("ON_ERROR='FAIL'", `WITH (ON_ERROR='${value}')`),
    gives: [
      ['FAIL', 'ERROR'],
      ['NULL', [[null]]],
    ],
  },
});

/** Mean absolute error and accuracy of two labelled rows; the model says 1 and 0.375, or as products 0.25 and 0.03125. */
const evaluated = (label: string, config: string): Promise<unknown> =>
  onEngine({}, async ({ ask, run }) => {
    await ask(
      "CREATE STREAM s (k STRING KEY, a DOUBLE, b DOUBLE, is_one BOOLEAN, x DOUBLE) WITH (kafka_topic='s', partitions=1, value_format='JSON');",
    );
    await ask(
      "CREATE MODEL m INPUT (a DOUBLE, b DOUBLE) OUTPUT (total DOUBLE, product DOUBLE) WITH (PROVIDER='onnx', PATH='test/golden/models/sum.onnx');",
    );
    await run("INSERT INTO s VALUES ('a', 0.5, 0.5, true, 1);");
    await run("INSERT INTO s VALUES ('b', 0.25, 0.125, false, 0.375);");
    const from = `ML_EVALUATE(TABLE s, MODEL m, DESCRIPTOR(${label}), DESCRIPTOR(a, b), MAP[${config}])`;
    return outcome(await ask(`SELECT result['MAE'] AS mae, result['ACCURACY'] AS accuracy FROM ${from};`));
  });

runCases(evaluationOptions, {
  SCORE: {
    see: (value) => evaluated('x', `'score', '${value}'`),
    gives: [
      ['total', [[0, null]]],
      ['PRODUCT', [[0.546875, null]]],
    ],
  },
  THRESHOLD: {
    see: (value) => evaluated('is_one', `'score', 'TOTAL', 'threshold', ${value}`),
    gives: [
      ['0.5', [[0.1875, 1]]],
      ['0.25', [[0.1875, 0.5]]],
    ],
  },
});
