import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ModelService } from '../../../src/adapters/models/model-service.ts';
import type { InspectedModel } from '../../../src/runtime/ports/model-registry.ts';
import {
  array,
  BIGINT,
  DOUBLE,
  INTEGER,
  STRING,
  type Row,
  type SqlType,
  type Value,
} from '../../../src/types/sql-type.ts';
import { oneVersion } from '../../support/one-version.ts';

interface Request {
  readonly inputs: readonly {
    readonly name: string;
    readonly shape: number[];
    readonly datatype: string;
    readonly data: unknown[];
  }[];
  readonly outputs?: readonly { readonly name: string }[];
}
/** A server that answers as each test says; the text of every request is kept. */
let server: Server;
let answer: (request: Request, text: string) => { status?: number; text: string };
let metadata: object | undefined;
const requests: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'GET') {
        response.end(JSON.stringify(metadata ?? {}));
        return;
      }
      const text = Buffer.concat(chunks).toString();
      requests.push(text);
      const given = answer(JSON.parse(text) as Request, text);
      response.writeHead(given.status ?? 200);
      response.end(given.text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());
beforeEach(() => {
  requests.length = 0;
  metadata = undefined;
});

interface Setup {
  readonly input?: SqlType;
  readonly output?: SqlType;
  readonly options?: Record<string, string>;
}
async function withModel<T>(
  { input = DOUBLE, output = DOUBLE, options = {} }: Setup,
  use: (models: ModelService, inspected: InspectedModel) => Promise<T>,
): Promise<T> {
  const models = new ModelService();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const version = {
    version: 1,
    options: {
      PROVIDER: 'OIP-V2',
      ENDPOINT: endpoint,
      MODEL_NAME: 'm',
      VALIDATE: metadata === undefined ? 'OFF' : 'ON',
      ...options,
    },
  };
  const columns = { input: [{ name: 'X', type: input }], output: [{ name: 'Y', type: output }] };
  try {
    const inspected = await models.inspect('M', version, columns);
    await models.put(oneVersion(columns, version));
    return await use(models, inspected);
  } finally {
    await models.close();
  }
}
const score = (rows: readonly Row[], setup: Setup = {}): Promise<readonly (Value | undefined)[]> =>
  withModel(setup, async (models) =>
    (await models.score('M', undefined, rows)).map(({ outputs, error }) =>
      outputs === undefined ? error : outputs[0]!,
    ),
  );
const gives = (data: string, shape: string, datatype = 'FP64'): void => {
  answer = () => ({ text: `{"outputs":[{"name":"Y","shape":${shape},"datatype":"${datatype}","data":${data}}]}` });
};
const two = [[1], [2]];

test.each([
  ['numbers', '[0.5,1]', [0.5, 1]],
  ['nested', '[[0.5],[1]]', [0.5, 1]],
  ['NaN and Infinity, which JSON does not have', '[NaN,-Infinity]', [NaN, -Infinity]],
  ['a null', '[null,1]', ['BAD_RESPONSE', 1]],
  ['text', '["0.5",1]', ['BAD_RESPONSE', 1]],
  ['true', '[true,1]', ['BAD_RESPONSE', 1]],
])('a score is what the model gave, or an error of its row: %s', async (_, data, expected) => {
  gives(data, '[2,1]');
  expect(await score(two)).toEqual(expected);
  expect(requests).toHaveLength(1);
});

test.each([
  ['twice the rows', '[1,2,3,4]', '[4,1]'],
  ['half the rows', '[1]', '[1,1]'],
  ['rows as columns', '[1,2]', '[1,2]'],
  ['more elements than the shape', '[1,2,3,4]', '[2,1]'],
  ['no shape', '[1,2]', 'null'],
  ['no data', 'null', '[2,1]'],
])('an answer that is not of the rows asked for is no score: %s', async (_, data, shape) => {
  gives(data, shape);
  expect(await score(two)).toEqual(['BAD_RESPONSE', 'BAD_RESPONSE']);
  expect(requests).toHaveLength(1);
});

test.each([
  ['no outputs', '{}'],
  ['another output', '{"outputs":[{"name":"Z","shape":[2],"data":[1,2]}]}', { OUTPUT_MAP: 'y=Y' }],
  ['null', 'null'],
  ['a list', '[]'],
  ['HTML', '<html><body>hello</body></html>'],
  ['nothing', ''],
])('an answer that is none costs one call: %s', async (_, text, options?: Record<string, string>) => {
  answer = () => ({ text });
  expect(await score(two, options === undefined ? {} : { options })).toEqual(['BAD_RESPONSE', 'BAD_RESPONSE']);
  expect(requests).toHaveLength(1);
});

test('64-bit integers keep all digits, and a text that looks like a number that JSON does not have stays', async () => {
  answer = (_, text) => ({
    text: `{"outputs":[{"name":"Y","shape":[2],"datatype":"INT64","data":${/"data":(\[[^\]]*\])/.exec(text)![1]!}}]}`,
  });
  expect(await score([[9007199254740993n], [-9223372036854775808n]], { input: BIGINT, output: BIGINT })).toEqual([
    9007199254740993n,
    -9223372036854775808n,
  ]);
  gives('["it is NaN, or [Infinity]",NaN]', '[2]', 'BYTES');
  expect(await score(two, { output: STRING })).toEqual(['it is NaN, or [Infinity]', 'BAD_RESPONSE']);
});

test('an infinite input is infinite for the server, and no null', async () => {
  let seen: readonly unknown[] = [];
  answer = ({ inputs }) => {
    seen = inputs[0]!.data;
    return { text: doubled([1, 2, 3]) };
  };
  await score([[Infinity], [-Infinity], [NaN]]);
  expect(seen).toEqual([Infinity, -Infinity, null]);
});

test('a request names the outputs that are wanted, where they are known', async () => {
  gives('[1,2]', '[2]');
  await score(two);
  await score(two, { options: { OUTPUT_MAP: 'y=Y' } });
  metadata = {
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1] }],
    outputs: [
      { name: 'other', datatype: 'FP32', shape: [-1] },
      { name: 'Y', datatype: 'FP64', shape: [-1] },
    ],
  };
  await score(two);
  expect(requests.map((text) => (JSON.parse(text) as Request).outputs)).toEqual([
    undefined,
    [{ name: 'Y' }],
    [{ name: 'Y' }],
  ]);
});

test('rows have the shape that the model tells, and whole tensors are ARRAYs', async () => {
  metadata = {
    inputs: [{ name: 'x', datatype: 'FP16', shape: [-1] }],
    outputs: [{ name: 'Y', datatype: 'FP32', shape: [-1, 2] }],
  };
  gives('[1,2,3,4]', '[2,2]', 'FP32');
  expect(await score(two, { output: array(DOUBLE) })).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect((JSON.parse(requests[0]!) as Request).inputs).toEqual([
    { name: 'x', shape: [2], datatype: 'FP16', data: [1, 2] },
  ]);
  expect(await withModel({}, (_, { takes, notes }) => Promise.resolve([takes, notes]))).toEqual([
    ['Y[0]'],
    [expect.stringContaining('Y DOUBLE takes the first of the 2 values that the output Y has a row')],
  ]);
  await expect(score(two, { output: INTEGER })).rejects.toThrow('output Y: tensor "Y" of float32 cannot give INTEGER');
  metadata = { ...metadata, outputs: [{ name: 'Y', datatype: 'BF16', shape: [-1] }] };
  await expect(score(two)).rejects.toThrow('"Y" is BF16, which no column can be');
});

const rows = (count: number): Row[] => Array.from({ length: count }, (_, i) => [i]);
const doubled = (data: readonly unknown[]): string =>
  `{"outputs":[{"name":"Y","shape":[${data.length}],"data":${JSON.stringify(data.map((x) => Number(x) * 2))}}]}`;
const failing = (isBad: (x: number) => boolean, status: number): void => {
  answer = ({ inputs }) =>
    inputs[0]!.data.some((x) => isBad(x as number)) ? { status, text: 'no' } : { text: doubled(inputs[0]!.data) };
};

test.each([400, 422, 500].flatMap((status) => [0, 1, 500, 998, 999].map((bad) => [status, bad] as const)))(
  'a row that fails with %i is found in few calls: row %i of 1,000',
  async (status, bad) => {
    failing((x) => x === bad, status);
    const result = await score(rows(1000), { options: { MAX_BATCH_SIZE: '1000' } });
    expect(result.map((each, i) => (each === i * 2 ? '' : `${i} ${String(each)}`)).join('')).toBe(
      `${bad} HTTP_${status > 499 ? 5 : 4}XX`,
    );
    expect(requests.length).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(1000)));
  },
);

test.each([
  ['many rows at the start', (x: number) => x < 40],
  ['every second row', (x: number) => x % 2 === 0],
  ['all but a few', (x: number) => x % 10 !== 9],
])('no row fails for others: %s', async (_, isBad) => {
  failing(isBad, 400);
  const result = await score(rows(200));
  expect(result).toEqual(rows(200).map(([x]) => (isBad(x as number) ? 'HTTP_4XX' : (x as number) * 2)));
});

test.each([
  ...[400, 422, 500].map((status) => [status, 20] as const),
  ...[401, 403, 404, 405, 429, 502, 503].map((status) => [status, 1] as const),
])('a mistake that is of every row, %i, costs at most %i calls for 1,000 rows', async (status, most) => {
  failing(() => true, status);
  const result = await score(rows(1000), { options: { MAX_BATCH_SIZE: '1000' } });
  expect(new Set(result)).toEqual(new Set([status > 428 ? 'HTTP_5XX' : 'HTTP_4XX']));
  expect(requests.length).toBeLessThanOrEqual(most);
});
test('a call that is too large is divided until it is not', async () => {
  answer = ({ inputs }) =>
    inputs[0]!.data.length > 100 ? { status: 413, text: '' } : { text: doubled(inputs[0]!.data) };
  expect(await score(rows(256))).toEqual(rows(256).map(([x]) => (x as number) * 2));
  expect(requests.length).toBe(7);
});
