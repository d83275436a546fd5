import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ModelService } from '../../src/adapters/models/model-service.ts';
import type { Value } from '../../src/types/sql-type.ts';
import { setSecrets } from '../../src/util/secrets.ts';
import { loadExtensions } from '../../src/functions/user/load.ts';
import { dialects, ModelServer, userDialect, type Dialect } from './model-servers.ts';
import { oneVersion } from '../support/one-version.ts';

await loadExtensions('examples/own-models/ext');
const cases = Object.entries({ ...dialects, LINES: [userDialect] }).flatMap(([provider, all]) =>
  all.map((dialect): [string, Dialect] => [provider, dialect]),
);
/** As many rows as a call of 1,000 needs; each row of its own needs fewer. */
const many = ({ isByRow }: Dialect): number => (isByRow ? 50 : 1000);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe.each(cases)('what a provider promises: %s, $name', (provider, dialect) => {
  let server: ModelServer;
  let models: ModelService;
  beforeEach(async () => {
    setSecrets({ token: 'canary' });
    server = await ModelServer.open(dialect);
    models = new ModelService();
  });
  afterEach(async () => {
    await models.close();
    await server.close();
  });

  const put = async (given: Readonly<Record<string, string>> = {}): Promise<void> => {
    const path = provider === 'OPENAI' ? `/v1/${dialect.name}` : '';
    const all = { PROVIDER: provider, ENDPOINT: `${server.endpoint}${path}`, VALIDATE: 'OFF', ...dialect.options };
    const columns = { input: [dialect.input], output: [dialect.output] };
    const version = { version: 1, options: { ...all, ...given } };
    await models.inspect('M', version, columns);
    await models.put(oneVersion(columns, version));
  };
  const scored = (inputs: readonly number[]): ReturnType<ModelService['score']> =>
    models.score('M', undefined, inputs.map(dialect.row));
  /** The score or the class of the failure of each row. */
  const results = async (inputs: readonly number[], options = {}): Promise<(Value | undefined)[]> => {
    await put(options);
    return (await scored(inputs)).map(({ outputs, error }) => (outputs === undefined ? error : outputs[0]));
  };
  const doubled = (inputs: readonly number[]): Value[] => inputs.map((input) => dialect.value(input * 2));
  /** What all rows of some calls are answered. */
  const answer = (status: number, text: string, type = 'application/json') => {
    server.fault = (_, response) => {
      response.writeHead(status, { 'content-type': type });
      response.end(text);
      return true;
    };
  };

  test('each row has its own score, and no call has more rows than MAX_BATCH_SIZE', async () => {
    expect(await results(upTo(200), { MAX_BATCH_SIZE: '64' })).toEqual(doubled(upTo(200)));
    expect(server.sizes).toEqual(dialect.isByRow ? upTo(200).map(() => 1) : [64, 64, 64, 8]);
  });

  test('a server that is down is NETWORK', async () => {
    await put();
    await server.close();
    expect(await scored([1, 2])).toMatchObject([{ error: 'NETWORK' }, { error: 'NETWORK' }]);
    server = await ModelServer.open(dialect);
  });
  test('a server that is slow is TIMEOUT', async () => {
    server.fault = () => true;
    expect(await results([1, 2], { TIMEOUT: '30 MILLISECONDS' })).toEqual(['TIMEOUT', 'TIMEOUT']);
  });
  test.each(['before the answer', 'within it'])('a connection that is reset is NETWORK: %s', async (when) => {
    server.fault = (_, response) => {
      if (when === 'within it') {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"predictions":[');
      }
      setImmediate(() => response.destroy());
      return true;
    };
    expect(await results([1, 2])).toEqual(['NETWORK', 'NETWORK']);
  });
  test.each([
    [200, 'BAD_RESPONSE'],
    [502, 'HTTP_5XX'],
    [403, 'HTTP_4XX'],
  ])('an answer in HTML is of no row, with status %i', async (status, failure) => {
    answer(status, '<html><body>Welcome</body></html>', 'text/html');
    expect(new Set(await results(upTo(many(dialect)), { MAX_BATCH_SIZE: '1000' }))).toEqual(new Set([failure]));
    expect(server.sizes.length).toBeLessThanOrEqual(dialect.isByRow ? many(dialect) : 20);
  });
  test.each(['', 'null', '[]', '{}', '7', '"text"'])(
    'an answer that has no scores is BAD_RESPONSE: %s',
    async (text) => {
      answer(200, text);
      expect(await results([1, 2])).toEqual(['BAD_RESPONSE', 'BAD_RESPONSE']);
    },
  );
  test.each<[string, ModelServer['answers']]>([
    ['too few', (scores) => (dialect.isByRow ? ['null'] : scores.slice(1))],
    ['too many', (scores) => (dialect.isByRow ? ['null'] : [...scores, '1'])],
  ])('an answer that is not of the rows asked for is no score: %s', async (_, answers) => {
    server.answers = answers;
    expect(await results([1, 2, 3])).toEqual(['BAD_RESPONSE', 'BAD_RESPONSE', 'BAD_RESPONSE']);
    expect(server.sizes.length).toBe(dialect.isByRow ? 3 : 1);
  });
  test.each([
    ['null', 'BAD_RESPONSE'],
    ['"0.5"', 'BAD_RESPONSE'],
    ['true', 'BAD_RESPONSE'],
    ['{"a":1}', 'BAD_RESPONSE'],
  ])('what is no number is an error of its row only: %s', async (score, failure) => {
    server.scoreOf = (input) => (input === 2 ? score : String(input));
    expect(await results([1, 2, 3])).toEqual([dialect.value(1), failure, dialect.value(3)]);
  });
  test('NaN and Infinity, which JSON does not have, are scores', async () => {
    server.scoreOf = (input) => ['NaN', 'Infinity', '-Infinity'][input]!;
    expect(await results([0, 1, 2])).toEqual([NaN, Infinity, -Infinity].map(dialect.value));
  });
  test.each([500, 400, 422])('one row that fails with %i takes no other with it', async (status) => {
    const bad = many(dialect) * 0.7;
    server.fault = ({ inputs }, response) => {
      if (!inputs.includes(bad)) return false;
      response.writeHead(status);
      response.end('Internal Server Error');
      return true;
    };
    const expected: (Value | string)[] = doubled(upTo(many(dialect)));
    expected[bad] = status === 500 ? 'HTTP_5XX' : 'HTTP_4XX';
    expect(await results(upTo(many(dialect)), { MAX_BATCH_SIZE: '1000' })).toEqual(expected);
    if (!dialect.isByRow) expect(server.sizes.length).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(1000)));
  });
  test.each([503, 429])('a call that fails with %i is made again, as often as MAX_RETRIES says', async (status) => {
    let failures = 2;
    server.fault = (_, response) => {
      if (failures-- <= 0) return false;
      response.writeHead(status);
      response.end();
      return true;
    };
    const options = { MAX_RETRIES: '2', RETRY_INITIAL_BACKOFF: '1 MILLISECOND' };
    expect(await results([3], options)).toEqual(doubled([3]));
    expect(server.sizes).toHaveLength(3);
  });
  test('a call that fails with 404 is not made again', async () => {
    answer(404, '{"error":"no such model"}');
    expect(await results([3], { MAX_RETRIES: '5', RETRY_INITIAL_BACKOFF: '1 MILLISECOND' })).toEqual(['HTTP_4XX']);
    expect(server.sizes).toHaveLength(1);
  });
  test('secrets are sent, and no error repeats them', async () => {
    answer(401, '{"error":"canary may not"}');
    const { options, headers } = dialect.secret ?? {
      options: { AUTH_TOKEN: 'secret:token', CUSTOM_HEADERS: '{"x-key":"secret:token","x-team":"fraud"}' },
      // A call that is signed has no token.
      headers: {
        'x-key': 'canary',
        'x-team': 'fraud',
        ...(provider === 'SAGEMAKER' ? {} : { authorization: 'Bearer canary' }),
      },
    };
    await put(options);
    const [result] = await scored([1]);
    expect(server.headers[0]).toMatchObject(headers);
    expect(result).toMatchObject({ error: 'HTTP_4XX' });
    expect(result!.cause).toMatch(/401/);
    expect(JSON.stringify(result)).not.toContain('canary');
  });
});
