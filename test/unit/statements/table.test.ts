import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startNode } from '../../../src/cli/start-node.ts';
import { readSettings } from '../../../src/config/settings.ts';
import { SqlError } from '../../../src/diagnostics/sql-error.ts';
import { placeOf } from '../../../src/repl/repl.ts';
import { readHeadless, runHeadless } from '../../../src/statements/headless.ts';
import { changesOf, givesRows } from '../../../src/statements/index.ts';
import { parse, splitScript } from '../../../src/syntax/parse.ts';
import type { Statement } from '../../../src/syntax/statements/index.ts';
import { openEngine } from '../../support/memory-node.ts';

/** A statement; `r` where a read-only server answers it, `h` where a file of queries may hold it. */
type Example = readonly [flags: '' | 'r' | 'h' | 'rh', sql: string];

/** A statement of each kind: a new kind does not compile without one. */
const examples: { readonly [K in Statement['kind']]: Example } = {
  createSource: ['h', 'CREATE STREAM a AS SELECT * FROM s;'],
  alterSource: ['', 'ALTER STREAM s ADD COLUMN c INT;'],
  dropSource: ['', 'DROP STREAM s;'],
  insert: ['h', 'INSERT INTO s SELECT * FROM s;'],
  deleteEntity: ['', "DELETE ENTITY 'a' FROM FEATURE VIEW v;"],
  deleteRow: ['', "DELETE FROM t WHERE id = 'a';"],
  select: ['r', 'WITH x AS (SELECT * FROM s) SELECT * FROM x EMIT CHANGES;'],
  print: ['r', "PRINT 's' LIMIT 1;"],
  queryControl: ['', 'PAUSE ALL;'],
  explain: ['r', 'EXPLAIN SELECT * FROM s EMIT CHANGES;'],
  show: ['r', 'SHOW STREAMS;'],
  showCreate: ['r', 'SHOW CREATE FEATURE VIEW v;'],
  describe: ['r', 'DESCRIBE s;'],
  summarize: ['r', 'SUMMARIZE s;'],
  setProperty: ['rh', "SET 'auto.offset.reset' = 'earliest';"],
  unsetProperty: ['rh', "UNSET 'auto.offset.reset';"],
  define: ['rh', "DEFINE x = 's';"],
  undefine: ['rh', 'UNDEFINE x;'],
  alterSystem: ['', "ALTER SYSTEM 'auto.offset.reset' = 'earliest';"],
  createType: ['h', 'CREATE TYPE address AS STRUCT<street STRING>;'],
  dropType: ['', 'DROP TYPE address;'],
  createView: ['h', 'CREATE VIEW v AS SELECT * FROM s;'],
  dropView: ['', 'DROP VIEW v;'],
  createModel: ['h', "CREATE MODEL m WITH (PROVIDER='onnx', PATH='m.onnx');"],
  alterModel: ['h', 'ALTER MODEL m SET DEFAULT VERSION 1;'],
  dropModel: ['', 'DROP MODEL m;'],
  createFeatureView: ['h', 'CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT * FROM s EMIT CHANGES;'],
  dropFeatureView: ['', 'DROP FEATURE VIEW v;'],
  alterFeatureView: ['', "ALTER FEATURE VIEW v SET (OWNER='ann');"],
  materialize: ['', 'MATERIALIZE FEATURE VIEW v;'],
  createFeatureService: ['h', 'CREATE FEATURE SERVICE f FEATURES (v.n);'],
  dropFeatureService: ['', 'DROP FEATURE SERVICE f;'],
  createTrainingSet: ['', "CREATE TRAINING SET x WITH (PATH='/data/x') AS SELECT * FROM s;"],
  dropTrainingSet: ['', 'DROP TRAINING SET x;'],
  verifyFeatureView: ['r', 'VERIFY FEATURE VIEW v;'],
  backfill: ['', "BACKFILL FEATURE VIEW v WITH (PATH='/data/b');"],
  createMonitor: ['h', 'CREATE MONITOR m ON STREAM s (CHECK (ROW_COUNT() > 0));'],
  dropMonitor: ['', 'DROP MONITOR m;'],
  assertTopic: ['r', 'ASSERT TOPIC s;'],
  assertSchema: ['r', "ASSERT NOT EXISTS SCHEMA SUBJECT 's-value';"],
  assertValues: ['r', 'ASSERT VALUES s (n) VALUES (1);'],
  assertSource: ['r', 'ASSERT STREAM s;'],
  createConnector: ['', "CREATE SOURCE CONNECTOR c WITH ('connector.class'='x');"],
  dropConnector: ['', 'DROP CONNECTOR c;'],
  describeConnector: ['r', 'DESCRIBE CONNECTOR c;'],
  showConnectors: ['r', 'SHOW CONNECTORS;'],
};
const all = Object.entries(examples) as [Statement['kind'], Example][];
const parsed = (text: string): Statement => parse(splitScript({ name: 'test', text })[0]!);

describe.each(all)('%s', (kind, [flags, sql]) => {
  test('the example is one of its kind, and the REPL sends it where it is answered', () => {
    const statement = parsed(sql);
    expect(statement.kind).toBe(kind);
    const place = givesRows(statement) ? 'query endpoint' : changesOf(statement) === 'session' ? 'here' : 'server';
    expect(placeOf(sql)).toBe(place);
  });

  test('a file of queries holds it or is refused', () => {
    const read = (): unknown => readHeadless([{ name: 'file', text: sql }]);
    if (flags.includes('h')) expect(read).not.toThrow();
    else expect(read).toThrow('a file of queries may hold');
  });
});

test('a server that is read only refuses what changes more than the session', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-read-only-'));
  const node = await startNode(readSettings({ 'state.dir': folder, listeners: 'http://127.0.0.1:0' }, {}, undefined), {
    readOnly: true,
  });
  try {
    await runHeadless(
      readHeadless([
        {
          name: 'file',
          text: "CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);",
        },
      ]),
      node.engine,
    );
    const before = node.engine.commandNumber;
    const post = (path: string, body: string): Promise<Response> =>
      fetch(node.server.url + path, { method: 'POST', body });
    for (const [kind, [flags, sql]] of all) {
      const { message } = (await (await post('/ksql', JSON.stringify({ ksql: sql }))).json()) as { message?: string };
      const isRefused = message?.includes('its API is read-only') ?? false;
      expect([kind, isRefused]).toEqual([kind, !flags.includes('r')]);
    }
    const rows = await post('/inserts-stream', '{"target":"s"}\n{"id":"a","n":1}\n');
    expect([rows.status, await rows.text()]).toEqual([400, expect.stringContaining('read-only')]);
    expect(node.engine.commandNumber).toBe(before);
  } finally {
    await node.close();
  }
});

test('a file of queries runs with its variables, and the next start leaves what the first has made', async () => {
  const file = readHeadless([
    {
      name: 'file',
      text: `DEFINE source = 's';
CREATE TYPE address AS STRUCT<street STRING>;
CREATE STREAM s (id STRING KEY, a address, n INT) WITH (kafka_topic='\${source}', value_format='JSON', partitions=1);
CREATE STREAM o AS SELECT id, n FROM \${source};
INSERT INTO o SELECT id, n + 1 AS n FROM s;
CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, n FROM s EMIT CHANGES;
CREATE FEATURE SERVICE f FEATURES (v.n);
CREATE MODEL m INPUT (n BIGINT) OUTPUT (y DOUBLE) WITH (PROVIDER='onnx', PATH='test/golden/models/lookup.onnx');
ALTER MODEL m ADD VERSION 2;
ALTER MODEL m SET DEFAULT VERSION LATEST;
ALTER MODEL m ADD VERSION 3;
ALTER MODEL m SET ALIAS champion TO VERSION 2;
ALTER MODEL m SET ROUTE TO VERSION 1 WEIGHT 90, VERSION champion WEIGHT 10;
ALTER MODEL m DROP VERSION 3;`,
    },
  ]);
  const { engine, folder, close } = await openEngine();
  await runHeadless(file, engine);
  const last = engine.commandNumber;
  expect(engine.catalog.models.get('M')).toMatchObject({
    versions: [{ version: 1 }, { version: 2 }],
    defaultVersion: 2,
  });
  expect([...engine.catalog.queries.keys()]).toEqual(['CSAS_O_0', 'INSERTQUERY_1', 'FEATURE_VIEW_V_2']);
  await close();
  const again = await openEngine(folder);
  await runHeadless(file, again.engine);
  expect(again.engine.commandNumber).toBe(last);
  const written = readHeadless([
    {
      name: 'file',
      text: `-- The same, written otherwise.
create stream S (ID string key, a Address, n int) with (PARTITIONS=1, value_format='JSON', kafka_topic='s');
INSERT  INTO o SELECT id, n + 1 AS n FROM s; CREATE TYPE ADDRESS AS STRUCT<STREET VARCHAR>;
CREATE OR REPLACE STREAM o AS SELECT id, n FROM s; CREATE STREAM o AS SELECT id, n FROM s;
CREATE STREAM IF NOT EXISTS o AS SELECT id FROM s; CREATE TYPE IF NOT EXISTS address AS INT;`,
    },
  ]);
  await runHeadless(written, again.engine);
  expect([...again.engine.catalog.queries.keys()]).toEqual(['CSAS_O_0', 'INSERTQUERY_1', 'FEATURE_VIEW_V_2']);
  await expect(
    runHeadless(
      readHeadless([{ name: 'file', text: "ALTER MODEL m ADD VERSION WITH (PATH='b.onnx');" }]),
      again.engine,
    ),
  ).rejects.toThrow(SqlError);
  await again.close();
});

test('a statement of a file whose name another one made is refused, with both and the cure', async () => {
  const model = `CREATE MODEL m INPUT (n BIGINT) OUTPUT (y DOUBLE) WITH (PROVIDER='onnx', PATH='test/golden/models/lookup.onnx');`;
  const statements = [
    ['type', 'CREATE TYPE a AS STRUCT<b STRING>;', 'CREATE TYPE a AS STRUCT<b INT>;'],
    [
      'source',
      "CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);",
      "CREATE TABLE s (id STRING PRIMARY KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);",
    ],
    ['source', 'CREATE STREAM o AS SELECT id, n FROM s;', 'CREATE STREAM o AS SELECT id, n FROM s WHERE n > ${least};'],
    ['view', 'CREATE VIEW l AS SELECT * FROM s;', 'CREATE VIEW l AS SELECT * FROM s WHERE n > 1;'],
    ['model', model, model.replace('lookup', 'other')],
    [
      'feature view',
      'CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, n FROM s EMIT CHANGES;',
      'CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, n + 1 AS n FROM s EMIT CHANGES;',
    ],
    ['feature service', 'CREATE FEATURE SERVICE f FEATURES (v.n);', 'CREATE FEATURE SERVICE f FEATURES (v.id);'],
    [
      'source',
      'CREATE MONITOR w ON STREAM s (CHECK (ROW_COUNT() > 0));',
      'CREATE MONITOR w ON STREAM s (CHECK (ROW_COUNT() > 1));',
    ],
  ] as const;
  const { engine, close } = await openEngine();
  const run = (text: string): Promise<void> =>
    runHeadless(readHeadless([{ name: 'file', text: `DEFINE least = '1';\n${text}` }]), engine);
  await run(statements.map(([, made]) => made).join('\n'));
  const before = engine.commandNumber;
  for (const [word, made, other] of statements) {
    const error: unknown = await run(other).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'MADE_OTHERWISE' });
    const { message, hint } = error as SqlError;
    expect(message).toContain(`${word} "`);
    if (word === 'type')
      expect([message, hint]).toEqual([
        expect.stringContaining('STRUCT<`B` STRING>'),
        expect.stringContaining('DROP TYPE'),
      ]);
    else expect([message, hint]).toEqual([expect.stringContaining(made), expect.stringContaining('CREATE OR REPLACE')]);
    await run(made);
  }
  expect(engine.commandNumber).toBe(before);
  // The cure; and then the statement that it made is the one that is known.
  const [, , wider] = statements[2];
  await run(wider.replace('CREATE', 'CREATE OR REPLACE'));
  await run(wider);
  const error: unknown = await run(`DEFINE least = '2';\n${wider}`).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'MADE_OTHERWISE' });
  await close();
});
