import { describe, expect, test } from 'vitest';
import { modelOptions, type ProviderName } from '../../../../src/config/model-options.ts';
import { providers } from '../../../../src/config/provider-options.ts';
import { loadModule } from '../../../support/own-provider.ts';
import { setSecrets } from '../../../../src/util/secrets.ts';
import { onEngine, outcome } from './cases.ts';

/** The options that the specification of CREATE MODEL names, and the providers that do not have them. */
const specified: Readonly<Record<string, readonly ProviderName[]>> = (() => {
  const all = Object.keys(providers) as ProviderName[];
  const but = (...has: readonly ProviderName[]): ProviderName[] => all.filter((name) => !has.includes(name));
  const ofServers = Object.fromEntries(
    [
      'ENDPOINT',
      'TIMEOUT',
      'CUSTOM_HEADERS',
      'CIRCUIT_BREAKER_ENABLED',
      'CIRCUIT_BREAKER_FAILURE_THRESHOLD',
      'CIRCUIT_BREAKER_MIN_REQUESTS',
      'CIRCUIT_BREAKER_TIMEOUT',
      'CIRCUIT_BREAKER_HALF_OPEN_REQUESTS',
    ].map((name) => [name, ['ONNX'] as const]),
  );
  const ofAll = Object.fromEntries(
    [
      'INPUT_TENSOR',
      'OUTPUT_MAP',
      'PREPROCESS',
      'POSTPROCESS',
      'DEADLINE',
      'MAX_RETRIES',
      'RETRY_INITIAL_BACKOFF',
      'RETRY_MAX_BACKOFF',
      'MAX_BATCH_SIZE',
      'MAX_BATCH_DELAY',
      'MAX_IN_FLIGHT',
      'OUTPUT_MODE',
      'ON_ERROR',
      'DEFAULT_VALUE',
      'ON_NULL_INPUT',
      'CACHE_SIZE',
      'CACHE_TTL',
      'VALIDATE',
    ].map((name) => [name, [] as const]),
  );
  return {
    ...ofAll,
    ...ofServers,
    // Calls of SageMaker are signed.
    AUTH_TOKEN: ['ONNX', 'SAGEMAKER'],
    // A server of any form, and one of OpenAI's, tell nothing of their health.
    HEALTH_CHECK_ENABLED: ['ONNX', 'HTTP', 'OPENAI'],
    HEALTH_CHECK_INTERVAL: ['ONNX', 'HTTP', 'OPENAI'],
    MODEL_NAME: ['ONNX', 'HTTP', 'MLFLOW'],
    MODEL_VERSION: ['ONNX', 'HTTP', 'MLFLOW', 'OPENAI'],
    SIGNATURE_NAME: but('TENSORFLOW-SERVING'),
    BINARY: but('OIP-V2', 'TRITON'),
    REQUEST_TEMPLATE: but('HTTP', 'SAGEMAKER'),
    RESPONSE_PATH: but('HTTP', 'SAGEMAKER'),
    PATH: but('ONNX'),
    INTRA_OP_THREADS: but('ONNX'),
    WORKERS: but('ONNX'),
    REGION: but('SAGEMAKER'),
    API_ENDPOINT: but('SAGEMAKER'),
    ACCESS_KEY_ID: but('SAGEMAKER'),
    SECRET_ACCESS_KEY: but('SAGEMAKER'),
    SESSION_TOKEN: but('SAGEMAKER'),
    SYSTEM_PROMPT: but('OPENAI'),
    PROMPT: but('OPENAI'),
    TEMPERATURE: but('OPENAI'),
    MAX_TOKENS: but('OPENAI'),
    DIMENSION: but('OPENAI'),
  };
})();

await loadModule(
  ['x', 'y']
    .map(
      (name) =>
        `export const ${name} = { kind: 'transform', name: 'same_${name}', doc: 'a test', inputs: { ${name}: 'DOUBLE' }, outputs: { ${name}: 'DOUBLE' }, eval: (row) => row };`,
    )
    .join('\n'),
);

/** A good value of each option that has no default. */
const samples: Readonly<Record<string, string>> = {
  ENDPOINT: 'http://127.0.0.1:1',
  API_ENDPOINT: 'http://127.0.0.1:1',
  AUTH_TOKEN: 'secret:one',
  ACCESS_KEY_ID: 'secret:one',
  SECRET_ACCESS_KEY: 'secret:one',
  SESSION_TOKEN: 'secret:one',
  DEADLINE: '1 SECOND',
  PREPROCESS: 'same_x',
  POSTPROCESS: 'same_y',
  CACHE_TTL: '1 SECOND',
  MAX_BATCH_SIZE: '64',
  OUTPUT_MAP: 'y=y',
  REGION: 'eu-central-1',
  TEMPERATURE: '1',
  MAX_TOKENS: '10',
  DIMENSION: '4',
  // Of an INPUT of one column.
  REQUEST_TEMPLATE: '{"rows":{{values}}}',
  // Is ON by default, which would look for the model.
  VALIDATE: 'OFF',
};
const wanted = (name: string): string =>
  samples[name] ??
  [modelOptions, ...Object.values(providers).map(({ own }) => own)]
    .map((table) => table.find(name)?.default)
    .find(Boolean) ??
  'x';

test('every option of the table is one of a provider, and every option of a provider stands in the table', () => {
  const declared = [modelOptions, ...Object.values(providers).map(({ own }) => own)].flatMap(({ names }) => names);
  expect([...new Set(declared)].filter((name) => name !== 'PROVIDER').sort()).toEqual(Object.keys(specified).sort());
});

test.each([
  ['http', 'http://127.0.0.1:1', 'INPUT_TENSOR'],
  ['openai', 'http://127.0.0.1:1/v1/chat/completions', 'INPUT_TENSOR'],
  ['openai', 'http://127.0.0.1:1/v1/chat/completions', 'DIMENSION'],
  ['openai', 'http://127.0.0.1:1/v1/embeddings', 'SYSTEM_PROMPT'],
  ['openai', 'http://127.0.0.1:1/v1/embeddings', 'PROMPT'],
  ['openai', 'http://127.0.0.1:1/v1/embeddings', 'TEMPERATURE'],
  ['openai', 'http://127.0.0.1:1/v1/embeddings', 'MAX_TOKENS'],
])('%s at %s refuses %s, which nothing would obey', (provider, endpoint, name) =>
  onEngine({}, async ({ ask }) => {
    const answer = await ask(
      `CREATE MODEL m INPUT (x STRING) OUTPUT (y ARRAY<DOUBLE>)
      WITH (PROVIDER='${provider}', MODEL_NAME='m', ENDPOINT='${endpoint}', VALIDATE='OFF', ${name}='${wanted(name)}');`.replace(
        provider === 'http' ? "MODEL_NAME='m'," : '\n',
        '',
      ),
    );
    expect(answer).toContain(`MODEL_INVALID: model "M": ${name}: `);
  }),
);

describe.each(Object.entries(providers))('%s', (provider, { needed }) => {
  test('takes the options of its own, and refuses every other', async () => {
    setSecrets({ one: 'first' });
    await onEngine({}, async ({ ask }) => {
      const seen: Record<string, unknown> = {};
      const expected: Record<string, unknown> = {};
      for (const [name, without] of Object.entries(specified)) {
        const given = {
          VALIDATE: 'OFF',
          ...Object.fromEntries(needed.map((each) => [each, wanted(each)])),
          [name]: wanted(name),
        };
        const options = Object.entries(given).map(([option, value]) => `${option}='${value}'`);
        const type = name === 'DIMENSION' ? 'ARRAY<DOUBLE>' : 'DOUBLE';
        const input = name === 'DIMENSION' || name === 'PROMPT' ? 'STRING' : 'DOUBLE';
        const answer = await ask(
          `CREATE OR REPLACE MODEL m_${name} INPUT (x ${input}) OUTPUT (y ${type}) WITH (PROVIDER='${provider}', ${options.join(', ')});`,
        );
        const isInert = name === 'INPUT_TENSOR' && ['HTTP', 'SAGEMAKER', 'OPENAI'].includes(provider);
        // Refused by what the others say, which is above.
        if (isInert || (name === 'DIMENSION' && provider === 'OPENAI')) continue;
        seen[name] = answer.startsWith('!') ? answer : outcome(answer);
        expected[name] = (without as readonly string[]).includes(provider)
          ? `! INVALID_PROPERTY: property "${name}" does not exist here`
          : 'done';
      }
      expect(seen).toEqual(expected);
    });
  });
});
