import type { Cures } from './cure.ts';

const json = (topic: string): string => `WITH (kafka_topic='${topic}', value_format='JSON', partitions=1)`;
const view = 'CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, n FROM s;';
const service = `${view} CREATE FEATURE SERVICE f FEATURES (v.n);`;
const model = (name: string): string =>
  `CREATE MODEL ${name} INPUT (a DOUBLE, b DOUBLE) OUTPUT (total DOUBLE) WITH (PROVIDER='onnx', PATH='test/golden/models/sum.onnx')`;
const two = `${model('m')}; ALTER MODEL m ADD VERSION 2;`;
const invoked = 'CREATE STREAM x AS SELECT id, p.total AS total FROM s INVOKE MODEL m USING (n, n) AS p';
const monitor = 'CREATE MONITOR w ON STREAM s (CHECK (ROW_COUNT() > 0));';
const training = (path: string, from: string): string =>
  `CREATE TRAINING SET g WITH (PATH='${path}') AS SELECT s.id, v.n FROM s LEFT JOIN ${from} ON s.id = v.id`;
const asOf = 'v FOR SYSTEM_TIME AS OF s.ts AS v';

/** Cures of errors about sources, models, views, queries and settings. `{folder}` is a folder that can be written to. */
export const objectCures = {
  SOURCE_NOT_FOUND: [
    {
      wrong: 'CREATE STREAM x AS SELECT * FROM ss',
      hint: /Did you mean S\?/,
      cure: 'CREATE STREAM x AS SELECT * FROM S',
    },
    { wrong: 'DROP STREAM nowhere', hint: /SHOW STREAMS and SHOW TABLES/, cure: 'SHOW STREAMS; SHOW TABLES' },
  ],
  SOURCE_EXISTS: [
    {
      wrong: 'CREATE STREAM o AS SELECT * FROM s',
      hint: /another name/,
      cure: 'CREATE STREAM o2 AS SELECT * FROM s',
    },
    {
      wrong: 'CREATE STREAM o AS SELECT * FROM s',
      hint: /Use IF NOT EXISTS/,
      cure: 'CREATE STREAM IF NOT EXISTS o AS SELECT * FROM s',
    },
    {
      before: 'CREATE STREAM x AS SELECT * FROM s;',
      wrong: 'CREATE STREAM x AS SELECT * FROM s WHERE n > 1',
      hint: /OR REPLACE/,
      cure: 'CREATE OR REPLACE STREAM x AS SELECT * FROM s WHERE n > 1',
    },
    {
      before: view,
      wrong: view.slice(0, -1),
      hint: /Use IF NOT EXISTS/,
      cure: view.replace('VIEW', 'VIEW IF NOT EXISTS').slice(0, -1),
    },
    {
      before: view,
      wrong: view.slice(0, -1),
      hint: /OR REPLACE/,
      cure: view.replace('CREATE', 'CREATE OR REPLACE').slice(0, -1),
    },
  ],
  SOURCE_IN_USE: [
    {
      before: 'CREATE STREAM x AS SELECT * FROM s;',
      wrong: 'DROP STREAM s',
      hint: /add CASCADE/,
      cure: 'DROP STREAM s CASCADE',
    },
    {
      before: 'CREATE STREAM x AS SELECT * FROM s;',
      wrong: 'DROP STREAM s',
      hint: /Terminate or drop those first/,
      cure: 'DROP STREAM x; DROP STREAM s',
    },
    {
      before: 'CREATE TABLE x AS SELECT * FROM t;',
      wrong: 'DROP TABLE t',
      hint: /Terminate or drop those first/,
      cure: 'TERMINATE ALL; DROP TABLE t',
    },
    {
      before: `${view} CREATE STREAM x AS SELECT s.id, v.n FROM s JOIN v FOR SYSTEM_TIME AS OF s.ROWTIME AS v ON s.id = v.id;`,
      wrong: 'DROP FEATURE VIEW v',
      hint: /add CASCADE/,
      cure: 'DROP FEATURE VIEW v CASCADE',
    },
    { before: service, wrong: 'DROP FEATURE VIEW v', hint: /add CASCADE/, cure: 'DROP FEATURE VIEW v CASCADE' },
    {
      before: service,
      wrong: 'DROP FEATURE VIEW v',
      hint: /Terminate or drop those first/,
      cure: 'DROP FEATURE SERVICE f; DROP FEATURE VIEW v',
    },
    {
      before: 'CREATE VIEW a AS SELECT * FROM s; CREATE VIEW b AS SELECT * FROM a;',
      wrong: 'DROP VIEW a',
      hint: /add CASCADE/,
      cure: 'DROP VIEW a CASCADE',
    },
    {
      before: `${model('m')}; ${invoked};`,
      wrong: 'DROP MODEL m',
      hint: /^Terminate or drop those first\.$/,
      cure: 'DROP STREAM x; DROP MODEL m',
    },
  ],
  TRAINING_SET_INVALID: [
    {
      before: view,
      wrong: training('{folder}/g', 'v'),
      hint: /LEFT JOIN view FOR SYSTEM_TIME AS OF s\.time AS v ON/,
      cure: training('{folder}/g', asOf),
    },
  ],
  TRAINING_SET_EXISTS: [
    {
      before: `${view} ${training('{folder}/g', asOf)};`,
      wrong: training('{folder}/h', asOf),
      hint: /Use IF NOT EXISTS/,
      cure: training('{folder}/h', asOf).replace('SET g', 'SET IF NOT EXISTS g'),
    },
    {
      before: `${view} ${training('{folder}/g', asOf)};`,
      wrong: training('{folder}/h', asOf),
      hint: /OR REPLACE/,
      cure: training('{folder}/h', asOf).replace('CREATE', 'CREATE OR REPLACE'),
    },
  ],
  TRAINING_SET_NOT_FOUND: [
    { wrong: 'DROP TRAINING SET g', hint: /SHOW TRAINING SETS/, cure: 'SHOW TRAINING SETS' },
    {
      before: `${view} ${training('{folder}/g', asOf).replace('SET g', 'SET latest')};`,
      wrong: 'DROP TRAINING SET lates',
      hint: /Did you mean LATEST\?/,
      cure: 'DROP TRAINING SET LATEST',
    },
  ],
  MONITOR_INVALID: [
    {
      wrong: "CREATE MONITOR w ON STREAM s BASELINE PREVIOUS WINDOW (CHECK (DRIFT(n, 'CHI') < 0.1))",
      hint: /POPULATION_STABILITY_INDEX/,
      cure: "CREATE MONITOR w ON STREAM s BASELINE PREVIOUS WINDOW (CHECK (DRIFT(n, 'POPULATION_STABILITY_INDEX') < 0.1))",
    },
    {
      wrong: "CREATE MONITOR w ON STREAM s BASELINE PREVIOUS WINDOW (CHECK (DRIFT(n, 'CHI') < 0.1))",
      hint: /PSI, JS and KS for short/,
      cure: "CREATE MONITOR w ON STREAM s BASELINE PREVIOUS WINDOW (CHECK (DRIFT(n, 'PSI') < 0.1))",
    },
    {
      wrong: 'CREATE MONITOR w ON STREAM s BASELINE PREVIOUS WINDOW (CHECK (PSI(n) < 0.1))',
      hint: /Write DRIFT\(N, 'PSI'\)/,
      cure: "CREATE MONITOR w ON STREAM s BASELINE PREVIOUS WINDOW (CHECK (DRIFT(N, 'PSI') < 0.1))",
    },
  ],
  MONITOR_NOT_FOUND: [
    { wrong: 'DROP MONITOR w', hint: /SHOW MONITORS/, cure: 'SHOW MONITORS' },
    { before: monitor, wrong: 'DROP MONITOR ww', hint: /Did you mean W\?/, cure: 'DROP MONITOR W' },
  ],
  FILES_REFUSED: [
    {
      wrong: `CREATE STREAM x WITH (SINK='parquet', PATH='{folder}/x') AS SELECT id, n AS event_timestamp FROM s`,
      hint: /Give the column another name/,
      cure: `CREATE STREAM x WITH (SINK='parquet', PATH='{folder}/x') AS SELECT id, n AS happened FROM s`,
    },
  ],
  STORE_REFUSED: [
    {
      wrong:
        "CREATE FEATURE VIEW v ENTITY KEY (id) WITH (ONLINE_STORE='redis', ONLINE_URL='redis://127.0.0.1:1') AS SELECT id, n FROM s",
      hint: /VALIDATE='OFF'/,
      cure: "CREATE FEATURE VIEW v ENTITY KEY (id) WITH (ONLINE_STORE='redis', ONLINE_URL='redis://127.0.0.1:1', VALIDATE='OFF') AS SELECT id, n FROM s",
    },
  ],
  STORE_UNAVAILABLE: {
    notOfStatements: 'it is told to a request for features; test/unit/engine/online-features has it',
  },
  MODEL_UNAVAILABLE: { notOfStatements: 'test/unit/engine/online-scores has it' },
  MODEL_FAILED: { notOfStatements: 'test/unit/engine/online-scores has it' },
  ALTER_REFUSED: [
    {
      before: view,
      wrong: "ALTER FEATURE VIEW v SET (ONLINE_STORE='none')",
      hint: /sets TTL, COMMENT, OWNER, TAGS/,
      cure: "ALTER FEATURE VIEW v SET (TTL='1 HOUR'); ALTER FEATURE VIEW v SET (COMMENT='c', OWNER='o', TAGS='{\"a\":\"b\"}')",
    },
    {
      before: view,
      wrong: "ALTER FEATURE VIEW v SET (ONLINE_STORE='none')",
      hint: /Drop the view and create it again/,
      cure: "DROP FEATURE VIEW v; CREATE FEATURE VIEW v ENTITY KEY (id) WITH (ONLINE_STORE='none') AS SELECT id, n FROM s",
    },
  ],
  DELETE_REFUSED: [
    {
      wrong: 'DELETE FROM t WHERE n = 1',
      hint: /DELETE FROM t WHERE key = value;/,
      cure: "DELETE FROM t WHERE id = 'a'",
    },
  ],
  TEST_STATEMENT: { notOfStatements: 'it names a command; test/unit/cli runs it' },
  CONNECT_REFUSED: { notOfStatements: 'it names the setting of the operator' },
  CONNECTOR_NOT_FOUND: { notOfStatements: 'test/unit has a Kafka Connect for it' },
  NO_SOURCE_COLUMNS: [
    {
      wrong: `CREATE STREAM x ${json('x')}`,
      hint: /List its columns/,
      cure: `CREATE STREAM x (a INT) ${json('x')}`,
    },
  ],
  WINDOW_WITHOUT_KEY: [
    {
      wrong:
        "CREATE STREAM x (a INT) WITH (kafka_topic='s', value_format='JSON', window_type='TUMBLING', window_size='1 SECOND')",
      hint: /with KEY or PRIMARY KEY/,
      cure: "CREATE STREAM x (k STRING KEY, a INT) WITH (kafka_topic='s', value_format='JSON', window_type='TUMBLING', window_size='1 SECOND')",
    },
  ],
  PRIMARY_KEY_MISSING: [
    {
      wrong: `CREATE TABLE x (id STRING, a INT) ${json('x')}`,
      hint: /PRIMARY KEY/,
      cure: `CREATE TABLE x (id STRING PRIMARY KEY, a INT) ${json('x')}`,
    },
  ],
  PRIMARY_KEY_IN_STREAM: [
    {
      wrong: `CREATE STREAM x (id STRING PRIMARY KEY, a INT) ${json('x')}`,
      hint: /Streams say KEY/,
      cure: `CREATE STREAM x (id STRING KEY, a INT) ${json('x')}`,
    },
  ],
  KEY_IN_TABLE: [
    {
      wrong: `CREATE TABLE x (id STRING KEY, a INT) ${json('x')}`,
      hint: /Tables say PRIMARY KEY/,
      cure: `CREATE TABLE x (id STRING PRIMARY KEY, a INT) ${json('x')}`,
    },
  ],
  INVALID_PROPERTY: [
    {
      wrong: `CREATE STREAM x (a INT) WITH (kafka_topic='x', value_fromat='JSON', partitions=1)`,
      hint: /Did you mean VALUE_FORMAT\?/,
      cure: `CREATE STREAM x (a INT) WITH (kafka_topic='x', VALUE_FORMAT='JSON', partitions=1)`,
    },
    {
      wrong: "CREATE FEATURE VIEW v ENTITY KEY (id) WITH (TTL='1 HOUR') AS SELECT id, ts, n FROM s",
      hint: /ENTITY KEY \(key\) TIMESTAMP ts TTL 24 HOURS WITH \(…\) AS …/,
      cure: 'CREATE FEATURE VIEW v ENTITY KEY (id) TIMESTAMP ts TTL 24 HOURS AS SELECT id, ts, n FROM s',
    },
    {
      wrong: "CREATE FEATURE VIEW v ENTITY KEY (id) WITH (ENTITY_KEY='id') AS SELECT id, ts, n FROM s",
      hint: /ENTITY KEY \(key\)/,
      cure: 'CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, ts, n FROM s',
    },
  ],
  TOPIC_NOT_FOUND: [
    {
      wrong: `CREATE STREAM x (a INT) WITH (kafka_topic='nowhere', value_format='JSON')`,
      hint: /PARTITIONS=n/,
      cure: `CREATE STREAM x (a INT) WITH (kafka_topic='nowhere', value_format='JSON', PARTITIONS=1)`,
    },
  ],
  FORMAT_NOT_FOUND: [
    {
      wrong: `CREATE STREAM x (a INT) WITH (kafka_topic='x', value_format='XML', partitions=1)`,
      hint: /Formats: .*JSON/,
      cure: `CREATE STREAM x (a INT) WITH (kafka_topic='x', value_format='JSON', partitions=1)`,
    },
  ],
  FORMAT_UNSUPPORTED: [
    {
      wrong: 'CREATE TABLE x AS SELECT id, n, COUNT(*) AS c FROM s GROUP BY id, n',
      hint: /WITH \(KEY_FORMAT='JSON'\)/,
      cure: "CREATE TABLE x WITH (KEY_FORMAT='JSON') AS SELECT id, n, COUNT(*) AS c FROM s GROUP BY id, n",
    },
    {
      wrong: 'CREATE FEATURE VIEW v ENTITY KEY (id, n) AS SELECT id, n, COUNT(*) AS c FROM s GROUP BY id, n',
      hint: /WITH \(KEY_FORMAT='JSON'\)/,
      cure: "CREATE FEATURE VIEW v ENTITY KEY (id, n) WITH (KEY_FORMAT='JSON') AS SELECT id, n, COUNT(*) AS c FROM s GROUP BY id, n",
    },
  ],
  SCHEMA_NOT_FOUND: [
    {
      wrong: "CREATE STREAM x WITH (kafka_topic='x', value_format='AVRO', partitions=1)",
      hint: /Name the value columns/,
      cure: "CREATE STREAM x (a INT) WITH (kafka_topic='x', value_format='AVRO', partitions=1)",
    },
    {
      wrong: "CREATE STREAM x (a INT) WITH (kafka_topic='x', key_format='AVRO', value_format='JSON', partitions=1)",
      hint: /Name the key columns/,
      cure: "CREATE STREAM x (k INT KEY, a INT) WITH (kafka_topic='x', key_format='AVRO', value_format='JSON', partitions=1)",
    },
    {
      wrong: "CREATE STREAM x (a INT) WITH (kafka_topic='x', key_format='AVRO', value_format='JSON', partitions=1)",
      hint: /KEY_FORMAT='NONE'/,
      cure: "CREATE STREAM x (a INT) WITH (kafka_topic='x', KEY_FORMAT='NONE', value_format='JSON', partitions=1)",
    },
  ],
  SCHEMA_MISMATCH: { notOfStatements: 'test/golden/formats has a registry for it' },
  REGISTRY_DOWN: { notOfStatements: 'it names the setting of the operator' },
  QUERY_NOT_FOUND: [
    { wrong: 'TERMINATE nothing', hint: /SHOW QUERIES/, cure: 'SHOW QUERIES' },
    {
      before: 'CREATE STREAM x AS SELECT * FROM s;',
      wrong: 'TERMINATE csas_x_1',
      hint: /Did you mean CSAS_X_0\?/,
      cure: 'TERMINATE CSAS_X_0',
    },
  ],
  NOTHING_TO_SKIP: [
    {
      before: 'CREATE STREAM x AS SELECT * FROM s;',
      wrong: 'RESUME csas_x_0 SKIP 1',
      hint: /SHOW QUERIES EXTENDED/,
      cure: 'SHOW QUERIES EXTENDED',
    },
  ],
  MODEL_NOT_FOUND: [
    { wrong: 'DROP MODEL m', hint: /SHOW MODELS/, cure: 'SHOW MODELS' },
    { before: `${model('m')};`, wrong: 'DROP MODEL mm', hint: /Did you mean M\?/, cure: 'DROP MODEL M' },
  ],
  MODEL_EXISTS: [
    {
      before: `${model('m')};`,
      wrong: model('m'),
      hint: /Use OR REPLACE/,
      cure: model('m').replace('CREATE', 'CREATE OR REPLACE'),
    },
  ],
  MODEL_VERSION_NOT_FOUND: [
    {
      before: two,
      wrong: 'ALTER MODEL m SET DEFAULT VERSION 7',
      hint: /Versions: 1, 2\./,
      cure: 'ALTER MODEL m SET DEFAULT VERSION 2',
    },
  ],
  MODEL_INVALID: [
    {
      wrong: model('m').replace('a DOUBLE', 'a DATE'),
      hint: /the types of INPUT/,
      cure: model('m'),
    },
  ],
  MODEL_VERSION_IN_USE: [
    {
      before: two,
      wrong: 'DROP MODEL m VERSION 1',
      hint: /SET DEFAULT VERSION/,
      cure: 'ALTER MODEL m SET DEFAULT VERSION 2; DROP MODEL m VERSION 1',
    },
  ],
  FEATURE_SERVICE_INVALID: [
    {
      before: view,
      wrong: 'CREATE FEATURE SERVICE f FEATURES (v.n + 1)',
      hint: /Write expression AS name/,
      cure: 'CREATE FEATURE SERVICE f FEATURES (v.n + 1 AS more)',
    },
    {
      before: view,
      wrong: 'CREATE FEATURE SERVICE f FEATURES (v.n, v.n)',
      hint: /another name with AS/,
      cure: 'CREATE FEATURE SERVICE f FEATURES (v.n, v.n AS m)',
    },
  ],
  FEATURE_SERVICE_EXISTS: [
    {
      before: service,
      wrong: 'CREATE FEATURE SERVICE f FEATURES (v.*)',
      hint: /Use IF NOT EXISTS/,
      cure: 'CREATE FEATURE SERVICE IF NOT EXISTS f FEATURES (v.*)',
    },
    {
      before: service,
      wrong: 'CREATE FEATURE SERVICE f FEATURES (v.*)',
      hint: /OR REPLACE/,
      cure: 'CREATE OR REPLACE FEATURE SERVICE f FEATURES (v.*)',
    },
  ],
  FEATURE_SERVICE_NOT_FOUND: [
    { wrong: 'DROP FEATURE SERVICE f', hint: /SHOW FEATURE SERVICES/, cure: 'SHOW FEATURE SERVICES' },
    { before: service, wrong: 'DROP FEATURE SERVICE ff', hint: /Did you mean F\?/, cure: 'DROP FEATURE SERVICE F' },
  ],
  FEATURE_VIEW_NOT_FOUND: [
    { before: view, wrong: 'DROP FEATURE VIEW vv', hint: /Did you mean V\?/, cure: 'DROP FEATURE VIEW V' },
    { wrong: 'DROP FEATURE VIEW nothing', hint: /SHOW FEATURE VIEWS/, cure: 'SHOW FEATURE VIEWS' },
  ],
  UNKNOWN_SETTING: [
    {
      wrong: "SET 'commit.intreval.ms'='500'",
      hint: /Did you mean commit\.interval\.ms\?/,
      cure: "SET 'commit.interval.ms'='500'",
    },
  ],
  TOO_MANY_QUERIES: [
    {
      before: "CREATE STREAM x AS SELECT * FROM s; SET 'ksql.query.persistent.active.limit'='1';",
      wrong: 'CREATE STREAM y AS SELECT * FROM s',
      hint: /raise ksql\.query\.persistent\.active\.limit/,
      cure: "SET 'ksql.query.persistent.active.limit'='2'; CREATE STREAM y AS SELECT * FROM s",
    },
    {
      before: "CREATE STREAM x AS SELECT * FROM s; SET 'ksql.query.persistent.active.limit'='1';",
      wrong: 'CREATE STREAM y AS SELECT * FROM s',
      hint: /Terminate one/,
      cure: 'TERMINATE CSAS_X_0; CREATE STREAM y AS SELECT * FROM s',
    },
  ],
} satisfies Record<string, Cures>;
