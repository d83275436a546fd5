import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { onlineFeatures } from '../../src/engine/online-features.ts';
import { localFile } from '../../src/files/local-folder.ts';
import { openParquet } from '../../src/files/parquet-reader.ts';
import { parquetEncoder } from '../../src/files/parquet-writer.ts';
import { BIGINT, STRING, TIMESTAMP, type Row } from '../../src/types/sql-type.ts';
import { newFolder } from '../support/files.ts';
import { openEngine } from '../support/memory-node.ts';
import { produceRows } from '../support/view-kinds.ts';

const users = ['empty', 'null', 'full', 'refused'];

/** Values that a format reads as others than were written, and ones that it cannot take. */
const events = [
  ['empty', { ts: 1000, name: '', n: 0, items: [] }],
  ['null', { ts: 1000, name: null, n: null, items: null }],
  ['full', { ts: 1000, name: 'x', n: 7, items: ['p'] }],
  ['refused', { ts: 1000, name: 'before', n: 1, items: ['p'] }],
  ['refused', { ts: 2000, name: 'after', n: 2, items: ['p', null] }],
] as const;

const window = "WINDOW w AS (PARTITION BY u ORDER BY ts RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW)";
const features = ['NAME', 'N', 'MANY', 'EVENTS'];

test.each([
  ['PROTOBUF', ''],
  ['PROTOBUF', ", EVAL='AT_READ'"],
  ['PROTOBUF_NOSR', ''],
  ['DELIMITED', ''],
  ['JSON', ''],
  ['AVRO', ''],
])('what is served is what the topic has, and so a training set: %s%s', async (format, evaluation) => {
  const path = newFolder();
  const node = await openEngine();
  // DELIMITED holds no lists.
  const isRefused = format.startsWith('PROTOBUF');
  const items = format === 'DELIMITED' ? '' : ', items';
  await node.run(`CREATE STREAM s (u STRING KEY, ts BIGINT, name STRING, n INT, items ARRAY<STRING>) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE FEATURE VIEW v ENTITY KEY (u) TIMESTAMP ts WITH (VALUE_FORMAT='${format}'${evaluation}) AS
      SELECT u, ts, name, n, ARRAY_LENGTH(items) AS many, COUNT(*) OVER w AS events${items} FROM s ${window} EMIT CHANGES;`);
  await produceRows(
    node,
    's',
    events.map(([u, row]) => [u, row.ts, row]),
  );
  await node.settle();
  const served = await onlineFeatures(
    { features: features.map((name) => `v:${name}`), entities: { u: users }, fullFeatureNames: false },
    node.engine,
    3000,
  );
  const spine = join(path, 'spine.parquet');
  const encode = await parquetEncoder([
    { name: 'id', type: BIGINT },
    { name: 'u', type: STRING },
    { name: 'ts', type: TIMESTAMP },
  ]);
  writeFileSync(spine, encode(users.map((u, i): Row => [i, u, 3000])));
  await node.run(`CREATE TRAINING SET t WITH (PATH='${path}/t') AS
    SELECT l.id AS id, v.name AS name, v.n AS n, v.many AS many, v.events AS events FROM FILE('${spine}') AS l LEFT JOIN v FOR SYSTEM_TIME AS OF l.ts AS v ON l.u = v.u;`);
  await node.engine.trainingJobs.get('T')!.done;
  const rows: Row[] = [];
  const file = await openParquet(localFile(`${path}/t/part-00000.parquet`));
  for await (const batch of file.rows(features)) rows.push(...batch);
  expect(features.map((name) => served.find((column) => column.name === name)!.values)).toEqual(
    features.map((_, i) => rows.map((row) => row[i])),
  );
  if (isRefused && evaluation === '') expect(rows[3]![0]).toBe('before');
  if (format === 'AVRO') expect(rows.map(([name]) => name)).toEqual(['', null, 'x', 'after']);
  await node.close();
});

test('a row that the topic cannot take is not served', async () => {
  const node = await openEngine();
  await node.run(`CREATE STREAM s (u STRING KEY, ts BIGINT, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE FEATURE VIEW v ENTITY KEY (u) WITH (TIMESTAMP='ts') AS SELECT u, ts, n FROM s EMIT CHANGES;`);
  await produceRows(node, 's', [
    ['a', 1000, { ts: 1000, n: 1 }],
    ['a', 2000, { ts: null, n: 2 }],
  ]);
  await node.settle();
  const request = { features: ['v:n'], entities: { u: ['a'] }, fullFeatureNames: false };
  expect((await onlineFeatures(request, node.engine, 0)).at(-1)!.values).toEqual([1]);
  await node.close();
});
