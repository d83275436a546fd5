import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ModelService } from '../../../src/adapters/models/model-service.ts';
import { setLimit } from '../../../src/functions/user/watch.ts';
import type { Scored } from '../../../src/runtime/ports/model-host.ts';
import type { ModelColumn } from '../../../src/types/model.ts';
import { array, DOUBLE, INTEGER, STRING, struct, type Row, type Value } from '../../../src/types/sql-type.ts';
import { setSecrets } from '../../../src/util/secrets.ts';
import { doubled, loadMine, loadModule, shared, type Behaviour } from '../../support/own-provider.ts';
import { oneVersion, scoredBy } from '../../support/one-version.ts';

beforeAll(async () => {
  setSecrets({ one: 'canary' });
  await loadMine();
});
let models = new ModelService();
afterEach(async () => {
  setLimit(1000);
  await models.close();
  models = new ModelService();
});

const x = { name: 'X', type: INTEGER };
const y = { name: 'Y', type: DOUBLE };
interface Asked {
  readonly options?: Readonly<Record<string, string>>;
  readonly input?: readonly ModelColumn[];
  readonly output?: readonly ModelColumn[];
}
async function put({ options, input = [x], output = [y] }: Asked = {}): Promise<void> {
  const version = { version: 1, options: { PROVIDER: 'MINE', PLACE: 'here', VALIDATE: 'OFF', ...options } };
  await models.inspect('M', version, { input, output });
  await models.put(oneVersion({ input, output }, version));
}
const told = ({ outputs, error }: Scored): Value | string | undefined => (outputs === undefined ? error : outputs[0]);
async function scored(behaviour: Behaviour, rows: readonly Row[], asked?: Asked): Promise<readonly Scored[]> {
  shared.behaviour = behaviour;
  await put(asked);
  return models.score('M', undefined, rows);
}
const results = async (...given: Parameters<typeof scored>): Promise<unknown[]> => (await scored(...given)).map(told);
const failing = (properties: object): Error => Object.assign(new Error('failed'), properties);
const upTo = (count: number): Row[] => Array.from({ length: count }, (_, i) => [i]);

describe('what the code gets and gives', () => {
  test('options as it declares them, the signature, and rows as objects', async () => {
    const seen: unknown[] = [];
    const input = [x, { name: 'd', type: { kind: 'DECIMAL', precision: 6, scale: 2 } as const }];
    const output = [
      y,
      { name: 'PARTS', type: array(STRING) },
      { name: 'S', type: struct([{ name: 'A', type: INTEGER }]) },
    ];
    const behaviour: Behaviour = {
      open: (...given) => void seen.push(given),
      score: (rows) => (seen.push(rows), [{ Y: 0.5, parts: ['a'], S: { A: 1 } }]),
    };
    const options = { RATIO: '0.5', KEY: 'secret:one', ADDRESS: 'http://127.0.0.1:1' };
    const [result] = await scored(behaviour, [[1, 1250]], { options, input, output });
    expect(result!.outputs).toEqual([0.5, ['a'], [1]]);
    expect(seen).toEqual([
      [
        {
          place: 'here',
          Level: 3,
          ratio: 0.5,
          loud: false,
          patience: 2000,
          address: 'http://127.0.0.1:1',
          key: 'canary',
        },
        {
          inputs: [
            { name: 'X', type: 'INTEGER' },
            { name: 'd', type: 'DECIMAL(6, 2)' },
          ],
          outputs: [
            { name: 'Y', type: 'DOUBLE' },
            { name: 'PARTS', type: 'ARRAY<STRING>' },
            { name: 'S', type: 'STRUCT<`A` INTEGER>' },
          ],
        },
      ],
      [{ X: 1, d: '12.50' }],
    ]);
  });
  test('OUTPUT_MAP says what the outputs are; a typed array is a list', async () => {
    const options = { OUTPUT_MAP: 'y=all[1]' };
    expect(await results({ score: () => [{ all: [1, 2] }] }, [[1]], { options })).toEqual([2]);
    expect(await results({ score: () => Float64Array.of(1.5, NaN) }, upTo(2))).toEqual([1.5, NaN]);
  });
  test('a null comes as null by SEND, as NaN by NAN, and not at all otherwise', async () => {
    const seen: unknown[] = [];
    const behaviour: Behaviour = { score: (rows) => (seen.push(...rows), rows.map(() => 1)) };
    const input = [
      { name: 'X', type: DOUBLE },
      { name: 'L', type: array(DOUBLE) },
    ];
    const row: Row = [null, [1, null]];
    for (const ON_NULL_INPUT of ['SEND', 'NAN', 'RETURN_NULL'])
      await scored(behaviour, [row], { options: { ON_NULL_INPUT }, input });
    expect(seen).toEqual([
      { X: null, L: [1, null] },
      { X: NaN, L: [1, NaN] },
    ]);
    await expect(put({ options: { ON_NULL_INPUT: 'NAN', VALIDATE: 'ON' } })).rejects.toThrow('X can be no NaN');
  });
});

describe('failures', () => {
  test.each<[what: string, thrown: unknown, failure: string]>([
    ['an error', new Error('failed'), 'BAD_RESPONSE'],
    ['what is no error', 'failed', 'BAD_RESPONSE'],
    ['null', null, 'BAD_RESPONSE'],
    ['its class', failing({ failure: 'HTTP_4XX' }), 'HTTP_4XX'],
    ['another class', failing({ failure: 'CIRCUIT_OPEN' }), 'BAD_RESPONSE'],
    ['a refused connection', failing({ cause: failing({ code: 'ECONNREFUSED' }) }), 'NETWORK'],
    ['a broken answer', failing({ cause: failing({ code: 'UND_ERR_SOCKET' }) }), 'NETWORK'],
    ['a signal', failing({ name: 'TimeoutError' }), 'TIMEOUT'],
  ])('what is thrown has a class: %s', async (_, thrown, failure) => {
    const throwing: Behaviour = {
      score: () => {
        throw thrown;
      },
    };
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    const rejecting: Behaviour = { score: () => Promise.reject(thrown) };
    expect(await results(throwing, upTo(2))).toEqual([failure, failure]);
    expect(await results(rejecting, upTo(2))).toEqual([failure, failure]);
  });
  test.each<[what: string, answer: unknown]>([
    ['nothing', undefined],
    ['an object', {}],
    ['too few', [1]],
    ['too many', [1, 2, 3]],
  ])('what are no answers of the rows are no scores: %s', async (_, answer) => {
    const calls: number[] = [];
    const behaviour: Behaviour = { score: (rows) => (calls.push(rows.length), answer) };
    expect(await results(behaviour, upTo(2))).toEqual(['BAD_RESPONSE', 'BAD_RESPONSE']);
    // It is no row's fault.
    expect(calls).toEqual([2]);
  });
  test.each<[what: string, answer: unknown, failure: string]>([
    ['null', null, 'BAD_RESPONSE'],
    ['nothing', undefined, 'BAD_RESPONSE'],
    ['a text', '0.5', 'BAD_RESPONSE'],
    ['an object without the output', { Z: 1 }, 'BAD_RESPONSE'],
    ['a null output', { Y: null }, 'BAD_RESPONSE'],
    ['an error', new Error('no'), 'BAD_RESPONSE'],
    ['an error with its class', failing({ failure: 'INVALID_INPUT' }), 'INVALID_INPUT'],
  ])('what is no score is an error of its row only: %s', async (_, answer, failure) => {
    expect(await results({ score: () => [1, answer, 3] }, upTo(3))).toEqual([1, failure, 3]);
  });
  test('one row that throws takes no other with it; the calls are few', async () => {
    let calls = 0;
    const behaviour: Behaviour = {
      score: (rows) => {
        calls++;
        if (rows.some(({ X }) => X === 700)) throw failing({ message: 'seven hundred' });
        return doubled(rows);
      },
    };
    const options = { MAX_BATCH_SIZE: '1000' };
    const found = await scored(behaviour, upTo(1000), { options });
    expect(found.map(told)).toEqual(upTo(1000).map(([n]) => (n === 700 ? 'BAD_RESPONSE' : 2 * (n as number))));
    expect(found[700]!.cause).toBe('seven hundred');
    expect(calls).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(1000)));
    calls = 0;
    await scored({ score: () => (calls++, Promise.reject(new Error('all'))) }, upTo(1000), { options });
    expect(calls).toBeLessThanOrEqual(20);
  });
  test('an answer that never comes is TIMEOUT, and the signal is aborted; so is an endless loop', async () => {
    let signal: AbortSignal | undefined;
    const silent: Behaviour = { score: (_, given) => ((signal = given), new Promise(() => undefined)) };
    expect(await results(silent, upTo(2), { options: { TIMEOUT: '20 MILLISECONDS' } })).toEqual(['TIMEOUT', 'TIMEOUT']);
    expect(signal!.aborted).toBe(true);
    setLimit(20);
    const endless: Behaviour = {
      score: () => {
        for (;;);
      },
    };
    expect(await results(endless, upTo(2))).toEqual(['TIMEOUT', 'TIMEOUT']);
  });
  test('an answer after DEADLINE is dropped, and the signal is aborted by then', async () => {
    let answer: (scores: number[]) => void = () => undefined;
    let signal: AbortSignal | undefined;
    const late: Behaviour = {
      score: (_, given) => {
        signal = given;
        return new Promise((resolve) => (answer = resolve));
      },
    };
    const found = await scored(late, [[1]], { options: { DEADLINE: '500 MILLISECONDS', CACHE_SIZE: '10' } });
    expect([found.map(told), signal!.aborted]).toEqual([['DEADLINE'], true]);
    answer([7]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(found.map(told)).toEqual(['DEADLINE']);
    shared.behaviour = { score: doubled };
    expect((await models.score('M', undefined, [[1]])).map(told)).toEqual([2]);
  });
  test('a failure of the server is tried again, and opens the circuit; MAX_IN_FLIGHT holds', async () => {
    let calls = 0;
    const twice: Behaviour = {
      score: (rows) => (++calls <= 2 ? Promise.reject(failing({ failure: 'HTTP_5XX' })) : doubled(rows)),
    };
    const retried = { MAX_RETRIES: '2', RETRY_INITIAL_BACKOFF: '1 MILLISECOND' };
    expect(await results(twice, [[3]], { options: retried })).toEqual([6]);
    calls = 0;
    const breaker = {
      CIRCUIT_BREAKER_ENABLED: 'true',
      CIRCUIT_BREAKER_MIN_REQUESTS: '1',
      MAX_BATCH_SIZE: '1',
      MAX_IN_FLIGHT: '1',
    };
    expect(
      await results({ score: () => (calls++, Promise.reject(failing({ failure: 'NETWORK' }))) }, upTo(3), {
        options: breaker,
      }),
    ).toEqual(['NETWORK', 'CIRCUIT_OPEN', 'CIRCUIT_OPEN']);
    expect(calls).toBe(1);
    let [running, most] = [0, 0];
    const slow: Behaviour = {
      score: async (rows) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        return doubled(rows);
      },
    };
    const options = { MAX_BATCH_SIZE: '1', MAX_IN_FLIGHT: '2' };
    expect(await results(slow, upTo(6), { options })).toEqual([0, 2, 4, 6, 8, 10]);
    expect(most).toBe(2);
  });
  test('no message has a secret in it', async () => {
    const behaviour: Behaviour = { score: () => Promise.reject(new Error('canary may not')) };
    const [result] = await scored(behaviour, [[1]], { options: { KEY: 'secret:one' } });
    expect(result!.cause).toBe('[hidden] may not');
  });
  test('what no module defines any more fails its rows, and says so', async () => {
    const version = { version: 1, options: { PROVIDER: 'GONE' } };
    await models.put(oneVersion({ input: [x], output: [y] }, version));
    const [result] = await models.score('M', undefined, [[1]]);
    expect(result).toMatchObject({ error: 'BAD_RESPONSE' });
    expect(result!.cause).toContain('no module of the extension folder (ksql.extension.dir) defines the provider GONE');
  });
});

describe('opening, health and closing', () => {
  test('a model is closed when it is dropped, also one that opened too late', async () => {
    let closed = 0;
    const close = (): number => ++closed;
    await scored({ score: doubled, close }, [[1]]);
    models.remove('M');
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(1);
    let open: (model: unknown) => void = () => undefined;
    shared.behaviour = { score: doubled, close, open: () => new Promise((resolve) => (open = resolve)) };
    await expect(put({ options: { VALIDATE: 'ON', TIMEOUT: '20 MILLISECONDS' } })).rejects.toThrow(
      'no answer in 20 ms',
    );
    open(undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(2);
  });
  test('what fails to open is refused, and one that fails later is opened again', async () => {
    const broken: Behaviour = { open: () => Promise.reject(new Error('no file')), score: doubled };
    shared.behaviour = broken;
    await expect(put({ options: { VALIDATE: 'ON' } })).rejects.toThrow('no file');
    shared.behaviour = { open: () => ({}), score: doubled };
    await expect(put({ options: { VALIDATE: 'ON' } })).rejects.toThrow(
      'open gave no object with a function scoreBatch',
    );
    expect((await scored(broken, [[1]])).map(told)).toEqual(['BAD_RESPONSE']);
    shared.behaviour = { score: doubled };
    expect((await models.score('M', undefined, [[1]])).map(told)).toEqual([2]);
  });
  test('health is asked at CREATE, and rows do not go to a model that is not served', async () => {
    let isServed = true;
    const behaviour: Behaviour = { score: doubled, health: () => isServed };
    const options = { VALIDATE: 'ON', HEALTH_CHECK_ENABLED: 'true', HEALTH_CHECK_INTERVAL: '0 SECONDS' };
    expect(await results(behaviour, [[1]], { options })).toEqual([2]);
    isServed = false;
    expect((await models.score('M', undefined, [[1]])).map(told)).toEqual(['NETWORK']);
    await expect(put({ options })).rejects.toThrow('the model is not served');
    shared.behaviour = { score: doubled };
    await expect(put({ options })).rejects.toThrow('HEALTH_CHECK_ENABLED: what ext.mjs opens has no health');
  });
});

test('it scores as the provider in the node does, of the same file', async () => {
  await loadModule(`import { createRequire } from 'node:module';
    const { InferenceSession, Tensor } = createRequire(${JSON.stringify(import.meta.filename)})('onnxruntime-node');
    export const own = { kind: 'provider', name: 'own_onnx', doc: 'a test', options: { file: { type: 'STRING', doc: 'a', required: true } },
      async open({ file }, { inputs, outputs }) {
        const session = await InferenceSession.create(file);
        return { close: () => session.release(), async scoreBatch(rows) {
          const feeds = inputs.map(({ name }) => {
            const tensor = session.inputNames.find((each) => each.toUpperCase() === name);
            return [tensor, new Tensor('float32', Float32Array.from(rows.map((row) => row[name])), [rows.length, 1])];
          });
          const found = await session.run(Object.fromEntries(feeds));
          return rows.map((_, i) => Object.fromEntries(session.outputNames.map((name) => [name, found[name].data[i]])));
        } };
      } };`);
  const columns = {
    input: ['A', 'B'].map((name) => ({ name, type: DOUBLE })),
    output: ['TOTAL', 'PRODUCT'].map((name) => ({ name, type: DOUBLE })),
  };
  const file = 'test/golden/models/sum.onnx';
  const number = fc.double({ noDefaultInfinity: true });
  const rows = fc.sample(fc.tuple(number, number), { numRuns: 1000, seed: 7 });
  const outputsOf = async (options: Readonly<Record<string, string>>): Promise<unknown[]> =>
    (await scoredBy({ version: 1, options }, columns, rows)).map(({ outputs, cause }) => cause ?? outputs);
  const own = await outputsOf({ PROVIDER: 'OWN_ONNX', FILE: file, MAX_BATCH_SIZE: '300' });
  expect(own).toHaveLength(1000);
  expect(own).toEqual(await outputsOf({ PROVIDER: 'ONNX', PATH: file }));
});
