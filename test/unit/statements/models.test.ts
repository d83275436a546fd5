import { expect, test } from 'vitest';
import { Metrics } from '../../../src/server/metrics.ts';
import { setSecrets } from '../../../src/util/secrets.ts';
import { openEngine } from '../../support/memory-node.ts';

test('DESCRIBE MODEL shows the options of each version, and no secrets', async () => {
  setSecrets({ hush: 'canary' });
  const { run, close } = await openEngine();
  await run(`CREATE MODEL m INPUT (a DOUBLE) OUTPUT (y DOUBLE) COMMENT 'remote' WITH (
    PROVIDER='oip-v2', ENDPOINT='http://127.0.0.1:1', MODEL_NAME='m', AUTH_TOKEN='secret:hush', VALIDATE='OFF');`);
  const [described] = await run('DESCRIBE MODEL m;');
  expect(described).toMatchObject({
    name: 'M',
    comment: 'remote',
    defaultVersion: 1,
    versions: [{ version: 1, options: { PROVIDER: 'OIP-V2', MODEL_NAME: 'm', AUTH_TOKEN: '[hidden]' } }],
  });
  expect(JSON.stringify(described)).not.toMatch(/hush|canary/);
  await close();
});

const twoVersions = `
  CREATE STREAM s (id STRING KEY, a DOUBLE, b DOUBLE) WITH (KAFKA_TOPIC='s', PARTITIONS=1, VALUE_FORMAT='JSON');
  CREATE MODEL m INPUT (a DOUBLE, b DOUBLE) OUTPUT (total DOUBLE, product DOUBLE) WITH (PROVIDER='onnx', PATH='test/golden/models/sum.onnx');
  ALTER MODEL m ADD VERSION WITH (PATH='test/golden/models/difference.onnx');
  ALTER MODEL m SET ROUTE SEED 'fraud_ab' TO VERSION 1 WEIGHT 80, VERSION 2 WEIGHT 20;`;
const inserted = (id: string, a = '5'): string => `INSERT INTO s (id, a, b) VALUES ('${id}', ${a}, 2);`;

test('DESCRIBE MODEL and the metrics tell the traffic, latency and errors of each version', async () => {
  const { run, settle, close, engine } = await openEngine();
  await run(twoVersions);
  await run(
    "CREATE STREAM o AS SELECT s.id AS id, p.total AS total FROM s INVOKE MODEL m (a, b) WITH (ON_ERROR='NULL') AS p;",
  );
  for (const id of ['u_1', 'u_2', 'u_12345', '1001']) await run(inserted(id));
  await run(inserted('u_1', 'NULL'));
  await settle();
  const [described] = await run('DESCRIBE MODEL m;');
  expect(described).toMatchObject({
    route: {
      seed: 'fraud_ab',
      targets: [
        { version: 1, weight: 80, slots: [[0, 8000]] },
        { version: 2, weight: 20 },
      ],
    },
    versions: [
      {
        version: 1,
        traffic: { rows: 4, share: 0.8, errors: 0, nullInputs: 1, latencyMs: { p50: expect.any(Number) as unknown } },
      },
      { version: 2, traffic: { rows: 1, share: 0.2, errors: 0 } },
    ],
  });
  const text = await new Metrics().text(engine);
  expect(text).toContain('model_inference_rows_total{model="M",version="1",outcome="ok"} 3\n');
  expect(text).toContain('model_inference_rows_total{model="M",version="1",outcome="null_input"} 1\n');
  expect(text).toContain('model_inference_rows_total{model="M",version="2",outcome="ok"} 1\n');
  expect(text).toMatch(/model_inference_requests_total\{model="M",version="2",outcome="ok"\} 1\n/);
  expect(text).toMatch(/model_inference_latency_seconds_bucket\{model="M",version="2",le="\+Inf"\} 1\n/);
  expect(text).toContain('model_batch_size_sum{model="M",version="2"} 1\n');
  expect(text).toContain('model_in_flight{model="M",version="1"} 0\n');
  await close();
});

test('a route outlives a restart as it is, also the slots that earlier weights left', async () => {
  const { run, folder, close } = await openEngine();
  await run(`${twoVersions}
    ALTER MODEL m ADD VERSION;
    ALTER MODEL m SET ROUTE TO VERSION 3 WEIGHT 30, VERSION 1 WEIGHT 50, VERSION 2 WEIGHT 20;
    ALTER MODEL m SET ALIAS champion TO VERSION 1;`);
  const asked = async (ask: (sql: string) => Promise<unknown[]>): Promise<unknown> =>
    (await ask('DESCRIBE MODEL m;'))[0];
  const before = await asked(run);
  await close();
  const again = await openEngine(folder);
  expect(await asked(again.run)).toEqual(before);
  expect(before).toMatchObject({
    aliases: { CHAMPION: 1 },
    route: { seed: 'fraud_ab', targets: [{ version: 3, slots: [[5000, 8000]] }, { slots: [[0, 5000]] }, {}] },
  });
  await again.close();
});

test('a version that cannot be loaded gets no traffic', async () => {
  const { run, engine, close } = await openEngine();
  await run(`${twoVersions}
    ALTER MODEL m ADD VERSION WITH (PATH='nowhere.onnx', VALIDATE='OFF');`);
  const before = engine.catalog.models.get('M');
  for (const change of [
    'SET ROUTE TO VERSION 1 WEIGHT 90, VERSION 3 WEIGHT 10',
    'SET DEFAULT VERSION 3',
    'SET ALIAS champion TO VERSION 3',
  ])
    await expect(run(`ALTER MODEL m ${change};`)).rejects.toThrow('version 3 is not ready: the file');
  expect(engine.catalog.models.get('M')).toEqual(before);
  await close();
});

test.each([
  ['one version', ''],
  [
    'a route with a shadow, aliases, and a default that is not the first',
    `
    ALTER MODEL m ADD VERSION WITH (PROVIDER='onnx', PATH='test/golden/models/sum.onnx', MAX_BATCH_SIZE=7);
    ALTER MODEL m ADD VERSION WITH (PATH='test/golden/models/difference.onnx');
    ALTER MODEL m SET DEFAULT VERSION 2;
    ALTER MODEL m SET ALIAS champion TO VERSION 3;
    ALTER MODEL m SET ROUTE SEED 'it''s' TO VERSION 1 WEIGHT 33.25, VERSION 2 WEIGHT 66.75 SHADOW VERSION 3 SAMPLE 25;`,
  ],
  [
    'a first version that was dropped',
    `
    ALTER MODEL m ADD VERSION WITH (ON_ERROR='DEFAULT', DEFAULT_VALUE='{"total":1}');
    ALTER MODEL m SET DEFAULT VERSION 2; ALTER MODEL m DROP VERSION 1;`,
  ],
])('the statements of SHOW CREATE MODEL make the same model again: %s', async (_, changes) => {
  const create = `CREATE MODEL m INPUT (a DOUBLE, \`b b\` DOUBLE) OUTPUT (total DOUBLE, product DOUBLE) COMMENT 'it''s one'
    WITH (PROVIDER='onnx', PATH='test/golden/models/sum.onnx', DEADLINE='20 SECONDS');`;
  const first = await openEngine();
  await first.run(create + changes);
  const [{ statements }] = (await first.run('SHOW CREATE MODEL m;')) as [{ statements: string[] }];
  const described = await first.run('DESCRIBE MODEL m;');
  await first.close();
  const second = await openEngine();
  await second.run(statements.join('\n'));
  expect(await second.run('DESCRIBE MODEL m;')).toEqual(described);
  expect(await second.run('SHOW CREATE MODEL m;')).toMatchObject([{ statements }]);
  await second.close();
});
