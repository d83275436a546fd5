import { expect, test } from 'vitest';
import { onlineFeatures } from '../../../src/engine/online-features.ts';
import { errorAnswer } from '../../../src/server/errors.ts';
import { openEngine } from '../../support/memory-node.ts';

test.each([
  ['spending:n', 'spending__n'],
  ['SPENDING:N', 'SPENDING__N'],
  ['Spending:n', 'Spending__n'],
])('full feature names are made of the names that were asked for: %s', async (asked, full) => {
  const { engine, run, close } = await openEngine();
  await run(`CREATE STREAM s (id STRING KEY, a DOUBLE) WITH (KAFKA_TOPIC='s', PARTITIONS=1, VALUE_FORMAT='JSON');
    CREATE FEATURE VIEW spending ENTITY KEY (id) AS SELECT id, COUNT(*) AS n FROM s GROUP BY id EMIT CHANGES;`);
  const names = async (fullFeatureNames: boolean): Promise<readonly string[]> => {
    const columns = await onlineFeatures({ features: [asked], entities: { id: ['x'] }, fullFeatureNames }, engine, 0);
    return columns.map(({ name }) => name);
  };
  expect([await names(true), await names(false)]).toEqual([
    ['id', full],
    ['id', asked.split(':')[1]],
  ]);
  await close();
});

test('a store that is down is told with a hint for who reads, and the state of the query still answers', async () => {
  const { engine, run, settle, close } = await openEngine();
  await run(`CREATE STREAM s (id STRING KEY, n INT) WITH (KAFKA_TOPIC='s', PARTITIONS=1, VALUE_FORMAT='JSON');
    CREATE FEATURE VIEW away ENTITY KEY (id) WITH (ONLINE_STORE='redis', ONLINE_URL='redis://127.0.0.1:1', VALIDATE='OFF') AS
      SELECT id, n FROM s EMIT CHANGES;
    CREATE FEATURE VIEW here ENTITY KEY (id) AS SELECT id, n FROM s EMIT CHANGES;
    INSERT INTO s VALUES ('x', 1);`);
  await settle();
  const asked = { features: ['away:n'], entities: { id: ['x'] }, fullFeatureNames: false };
  const error = await onlineFeatures(asked, engine, 0).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    status: 503,
    message: expect.stringMatching(/^the store of "AWAY" does not answer: Redis at 127.0.0.1:1: /) as string,
    hint: expect.stringContaining('SELECT * FROM AWAY') as string,
  });
  expect(errorAnswer(error)).toMatchObject({ status: 503, body: { error_code: 50305 } });
  const here = await onlineFeatures({ ...asked, features: ['here:n'] }, engine, 0);
  expect(here.at(-1)!.values).toEqual([1]);
  await close();
});

test('DESCRIBE FEATURE VIEW tells its types, where it comes from and what reads it, and EXTENDED what it holds', async () => {
  const { run, settle, close } = await openEngine();
  await run(`CREATE STREAM s (id STRING KEY, n INT, ts BIGINT) WITH (KAFKA_TOPIC='raw', PARTITIONS=1, VALUE_FORMAT='JSON');
    CREATE STREAM clean AS SELECT * FROM s WHERE n > 0;
    CREATE FEATURE VIEW v ENTITY KEY (id) TIMESTAMP ts TTL 1 HOUR AS SELECT id, n, n * 0.5e0 AS half, ts FROM clean EMIT CHANGES;
    CREATE FEATURE SERVICE f FEATURES (v.*);
    CREATE STREAM after AS SELECT id, half FROM v EMIT CHANGES;
    INSERT INTO s VALUES ('x', 1, 1000); INSERT INTO s VALUES ('x', 2, 5000); INSERT INTO s VALUES ('y', 3, 4000);`);
  await settle();
  await settle();
  const [{ sourceDescription }] = (await run('DESCRIBE FEATURE VIEW v EXTENDED;')) as [
    { sourceDescription: { featureView: object } },
  ];
  expect(sourceDescription.featureView).toMatchObject({
    entities: [{ name: 'ID', schema: { type: 'STRING' } }],
    features: [
      { name: 'N', schema: { type: 'INTEGER' } },
      { name: 'HALF', schema: { type: 'DOUBLE' } },
    ],
    timestamp: 'TS',
    ttlMs: 3_600_000,
    onlineStore: 'state',
    offlineStore: 'none',
    lineage: { topics: ['raw'], sources: ['CLEAN', 'S'], queries: ['CSAS_AFTER_2'], services: ['F'], models: [] },
    rows: 2,
    newestEvent: 5000,
  });
  await run("ALTER FEATURE VIEW v SET (TTL=2 HOURS, COMMENT='longer');");
  const [plain] = (await run('DESCRIBE FEATURE VIEW v;')) as [{ sourceDescription: { featureView: object } }];
  expect(plain.sourceDescription.featureView).toMatchObject({ ttlMs: 7_200_000, comment: 'longer' });
  expect(plain.sourceDescription.featureView).not.toHaveProperty('rows');
  await close();
});
