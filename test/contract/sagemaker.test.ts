import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ModelService } from '../../src/adapters/models/model-service.ts';
import { sagemaker } from '../../src/adapters/models/protocols/sagemaker.ts';
import { DOUBLE } from '../../src/types/sql-type.ts';
import { setSecrets } from '../../src/util/secrets.ts';
import { oneVersion } from '../support/one-version.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Whether a request came signed by this key, worked out from what arrived as AWS's documentation tells it. */
function isSignedBy(key: string, { method, url, headers }: IncomingMessage, body: string): boolean {
  const [, id, scope = '', names = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const time = String(headers['x-amz-date']);
  const [day, region, service] = scope.split('/');
  if (id !== 'the id' || region !== 'eu-central-1' || service !== 'sagemaker' || !time.startsWith(day!)) return false;
  if (!names.split(';').includes('host')) return false;
  const lines = names.split(';').map((name) => `${name}:${String(headers[name])}\n`);
  const request = `${method}\n${url!.replaceAll('%', '%25')}\n\n${lines.join('')}\n${names}\n${hash(body)}`;
  let signing: Buffer | string = `AWS4${key}`;
  for (const part of scope.split('/')) signing = createHmac('sha256', signing).update(part).digest();
  const wanted = createHmac('sha256', signing)
    .update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash(request)}`)
    .digest('hex');
  return signature === wanted;
}

/** What its API says of the endpoint: its status, or the code of a refusal. */
let status: string | number = 'InService';
const described: string[] = [];
const asked: { readonly url: string; readonly headers: IncomingMessage['headers'] }[] = [];
const server = createServer((request, response) => {
  void readText(request).then((body) => {
    asked.push({ url: request.url!, headers: request.headers });
    if (!isSignedBy('the key', request, body)) {
      response.writeHead(403).end(`{"message":"the signature is not that of ${request.headers.authorization}"}`);
      return;
    }
    if (request.headers['x-amz-target'] === 'SageMaker.DescribeEndpoint') {
      described.push(body);
      response.writeHead(typeof status === 'number' ? status : 200);
      response.end(
        typeof status === 'number'
          ? '{"message":"Could not find endpoint"}'
          : JSON.stringify({ EndpointStatus: status }),
      );
      return;
    }
    const { instances } = JSON.parse(body) as { instances: { X: number }[] };
    response.end(JSON.stringify({ predictions: instances.map(({ X }) => ({ score: 2 * X })) }));
  });
});
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  setSecrets({ id: 'the id', key: 'the key', other: 'another key', session: 'for an hour' });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
let models: ModelService;
afterEach(async () => {
  asked.length = 0;
  await models.close();
});

async function scored(given: Readonly<Record<string, string>>): Promise<Awaited<ReturnType<ModelService['score']>>> {
  models = new ModelService();
  const options = {
    PROVIDER: 'SAGEMAKER',
    ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    MODEL_NAME: 'fraud',
    REGION: 'eu-central-1',
    ACCESS_KEY_ID: 'secret:id',
    SECRET_ACCESS_KEY: 'secret:key',
    OUTPUT_MAP: 'y=score',
    ...given,
  };
  const columns = { input: [{ name: 'X', type: DOUBLE }], output: [{ name: 'Y', type: DOUBLE }] };
  await models.put(oneVersion(columns, { version: 1, options }));
  return models.score('M', undefined, [[1], [2.5]]);
}

test.each<[string | number, unknown]>([
  ['InService', [2]],
  ['Updating', [2]],
  ['Creating', 'NETWORK'],
  ['OutOfService', 'NETWORK'],
  [400, 'NETWORK'],
])('the health of an endpoint is its status, asked of the API in a signed call: %s', async (given, expected) => {
  status = given;
  described.length = 0;
  const API_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [first] = await scored({ HEALTH_CHECK_ENABLED: 'true', VALIDATE: 'OFF', API_ENDPOINT });
  expect(first!.outputs ?? first!.error).toEqual(expected);
  expect(described.map((body) => JSON.parse(body) as unknown)).toEqual([{ EndpointName: 'fraud' }]);
  if (typeof given === 'string' && expected === 'NETWORK')
    expect(first!.cause).toContain(`endpoint "fraud" is ${given}`);
  expect(asked).toHaveLength(expected === 'NETWORK' ? 1 : 2);
});

test('a call is signed, and asks the endpoint of its name', async () => {
  expect((await scored({})).map(({ outputs, cause }) => outputs ?? cause)).toEqual([[2], [5]]);
  expect(asked.map(({ url }) => url)).toEqual(['/endpoints/fraud/invocations']);
});

test('a variant, credentials for a time and a name that is encoded are signed too', async () => {
  const results = await scored({ MODEL_NAME: 'a b', MODEL_VERSION: 'blue', SESSION_TOKEN: 'secret:session' });
  expect(results.map(({ outputs, cause }) => outputs ?? cause)).toEqual([[2], [5]]);
  const [{ url, headers }] = asked as [(typeof asked)[number]];
  expect(url).toBe('/endpoints/a%20b/invocations');
  expect(headers).toMatchObject({ 'x-amzn-sagemaker-target-variant': 'blue', 'x-amz-security-token': 'for an hour' });
  expect(headers.authorization).toContain('x-amz-security-token;x-amzn-sagemaker-target-variant');
});

test('another key is an error of the server that is not made again, and no error repeats the key', async () => {
  const results = await scored({ SECRET_ACCESS_KEY: 'secret:other', MAX_RETRIES: '3' });
  expect(results.map(({ error }) => error)).toEqual(['HTTP_4XX', 'HTTP_4XX']);
  expect(asked).toHaveLength(1);
  expect(JSON.stringify(results)).not.toContain('another key');
});

test('without ENDPOINT the runtime of the region is asked', () => {
  expect(sagemaker.endpoint!({ REGION: 'eu-central-1' })).toBe('https://runtime.sagemaker.eu-central-1.amazonaws.com');
  expect(sagemaker.endpoint!({ REGION: 'cn-north-1' })).toBe('https://runtime.sagemaker.cn-north-1.amazonaws.com.cn');
});
