import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { showKinds } from '../../../src/syntax/statements/show.ts';
import { basic, fileOf, ksql, startWith, usersFile } from '../../support/access.ts';

const trainingFolder = mkdtempSync(join(tmpdir(), 'millrace-visible-'));
let node: RunningNode;
beforeAll(async () => {
  node = await startWith({
    'authentication.method': 'BASIC',
    'authentication.users.file': await usersFile({ ann: ['analyst'], eve: ['etl'], rita: ['reader'], olga: ['owner'] }),
    'authorization.file': fileOf(
      'analyst = read on CLICKS, PUBLIC_*\netl = read, create on CLICKS, ETL_*\nreader = read on *\nowner = all on *\n',
    ),
  });
  const answer = await ksql(
    node,
    basic('olga'),
    `CREATE STREAM clicks (k STRING KEY, v INT) WITH (kafka_topic='clicks', value_format='JSON', partitions=1);
     CREATE STREAM secrets (k STRING KEY, v INT) WITH (kafka_topic='secrets', value_format='JSON', partitions=1);
     CREATE TABLE public_counts AS SELECT k, COUNT(*) AS n FROM clicks GROUP BY k;
     CREATE STREAM derived AS SELECT k, v FROM secrets;
     CREATE FEATURE VIEW secret_view ENTITY KEY (k) AS SELECT k, SUM(v) AS n FROM secrets GROUP BY k;
     CREATE FEATURE SERVICE public_service FEATURES (secret_view.n);
     CREATE FEATURE VIEW public_sums ENTITY KEY (k) AS SELECT k, SUM(v) AS n FROM clicks GROUP BY k;
     CREATE TABLE secret_reader AS SELECT k, n FROM public_sums;
     CREATE VIEW secret_list AS SELECT k FROM secrets;
     CREATE TRAINING SET secret_set WITH (PATH='${trainingFolder}') AS SELECT k, v FROM secrets;
     CREATE MONITOR secret_watch ON STREAM secrets (CHECK (ROW_COUNT() >= 1));`,
  );
  expect(answer.status, answer.text).toBe(200);
});
afterAll(() => node.close());

test('listings leave out what somebody may not read', async () => {
  const text = async (user: string): Promise<string> => {
    const lists = ['STREAMS EXTENDED', 'ALL TOPICS', 'ALL TOPICS EXTENDED', 'QUERIES EXTENDED', ...showKinds];
    const statements = [
      ...lists.map((list) => `SHOW ${list};`),
      'DESCRIBE FEATURE VIEW public_sums;',
      'DESCRIBE public_sums EXTENDED;',
    ];
    const answers = await Promise.all(statements.map((statement) => ksql(node, basic(user), statement)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    return answers.map((answer) => answer.text).join('\n');
  };
  const seen = await text('ann');
  expect(seen).not.toMatch(/secret_?(s|view|reader|list|set|watch)\b|derived|PUBLIC_SERVICE/i);
  expect(seen).toMatch(/PUBLIC_COUNTS[^]*"clicks"/);
  const all = await text('rita');
  for (const name of [
    'SECRET_VIEW',
    'PUBLIC_SERVICE',
    'SECRET_SET',
    'SECRET_LIST',
    'SECRET_WATCH',
    'CTAS_SECRET_READER',
  ])
    expect(all).toContain(name);
  expect(all).toContain('"name":"secrets"');
});

test('what an option names is read, and a file of the disk is the administrator’s', async () => {
  const status = async (user: string, sql: string): Promise<number> => (await ksql(node, basic(user), sql)).status;
  const watching = (labels: string): string =>
    `CREATE MONITOR etl_watch ON STREAM clicks WITH (LABEL_STREAM='${labels}', LABEL_KEY='k', LABEL='v', SCORE='v')
       (CHECK (PRECISION_AT(0.5) >= 0.5));`;
  expect(await status('eve', watching('secrets'))).toBe(403);
  expect(await status('eve', watching('clicks'))).not.toBe(403);
  for (const path of ['/etc/passwd', 'relative.onnx']) {
    expect(await status('eve', `CREATE MODEL etl_m WITH (PROVIDER='onnx', PATH='${path}');`)).toBe(403);
    expect(await status('eve', `ALTER MODEL etl_m ADD VERSION WITH (PATH='${path}');`)).toBe(403);
  }
  expect(await status('eve', `CREATE MODEL etl_m WITH (PROVIDER='onnx', PATH='s3://bucket');`)).toBe(400);
  expect(await status('olga', `CREATE MODEL etl_m WITH (PROVIDER='onnx', PATH='/etc/passwd');`)).toBe(400);
});

test('SHOW CREATE and SUMMARIZE are for who may read what they show, of a service with its views', async () => {
  const statuses = async (user: string): Promise<number[]> =>
    Promise.all(
      [
        'clicks',
        'STREAM secrets',
        'public_service',
        'FEATURE SERVICE public_service',
        'MONITOR secret_watch',
        'TYPE clicks',
      ].map(async (what) => (await ksql(node, basic(user), `SHOW CREATE ${what};`)).status),
    );
  const summary = await ksql(node, basic('ann'), 'SUMMARIZE clicks;', '/query-stream');
  expect(summary.text).toMatch(/"columnNames":\["COLUMN_NAME","COLUMN_TYPE","MIN"[^]*"V","INTEGER",null/);
  expect((await ksql(node, basic('ann'), 'SUMMARIZE secrets;', '/query-stream')).status).toBe(403);
  expect(await statuses('ann')).toEqual([200, 403, 403, 403, 403, 400]);
  expect(await statuses('eve')).toEqual([200, 403, 403, 403, 403, 400]);
  expect(await statuses('rita')).toEqual([200, 200, 200, 200, 200, 400]);
});
