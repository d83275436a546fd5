import type { Cures } from './cure.ts';

const joined = (join: string): string => `CREATE STREAM x AS SELECT s.id, t.n FROM s ${join}`;
const filtered = (condition: string): string => `CREATE STREAM x AS SELECT * FROM s WHERE ${condition}`;
const counted = 'CREATE TABLE c AS SELECT id, COUNT(*) AS c FROM s GROUP BY id;';

/** Cures of errors in the shape of a query. */
export const queryCures = {
  AGGREGATE_WITHOUT_GROUP_BY: [
    {
      wrong: 'CREATE TABLE x AS SELECT COUNT(*) AS c FROM s',
      hint: /Add GROUP BY/,
      cure: 'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s GROUP BY id',
    },
    {
      wrong: 'CREATE TABLE x AS SELECT COUNT(*) AS c FROM s',
      hint: /SELECT … EMIT CHANGES/,
      cure: 'SELECT COUNT(*) AS c FROM s EMIT CHANGES',
    },
  ],
  NO_AGGREGATE: [
    {
      wrong: 'CREATE TABLE x AS SELECT name FROM s GROUP BY name',
      hint: /Add COUNT\(\*\)/,
      cure: 'CREATE TABLE x AS SELECT name, COUNT(*) FROM s GROUP BY name',
    },
    {
      wrong: 'CREATE TABLE x AS SELECT name, n FROM s GROUP BY name, n',
      hint: /PARTITION BY/,
      cure: 'CREATE STREAM x AS SELECT name, n FROM s PARTITION BY name',
    },
  ],
  DISTINCT_INVALID: [
    {
      wrong: 'CREATE TABLE x AS SELECT DISTINCT COUNT(*) AS c FROM s',
      hint: /SELECT DISTINCT c FROM \(SELECT a, COUNT\(\*\) AS c …\)/,
      cure: 'CREATE TABLE x AS SELECT DISTINCT c FROM (SELECT name, COUNT(*) AS c FROM s GROUP BY name)',
    },
  ],
  PARTITION_BY_EMPTY: [
    {
      wrong: 'CREATE STREAM x AS SELECT id, n FROM s PARTITION BY ()',
      hint: /PARTITION BY NULL/,
      cure: 'CREATE STREAM x AS SELECT id, n FROM s PARTITION BY NULL',
    },
  ],
  NOT_GROUPED: [
    {
      wrong: 'CREATE TABLE x AS SELECT id, name, COUNT(*) AS c FROM s GROUP BY id',
      hint: /Add it to GROUP BY/,
      cure: "CREATE TABLE x WITH (KEY_FORMAT='JSON') AS SELECT id, name, COUNT(*) AS c FROM s GROUP BY id, name",
    },
    {
      wrong: 'CREATE TABLE x AS SELECT id, name, COUNT(*) AS c FROM s GROUP BY id',
      hint: /LATEST_BY_OFFSET/,
      cure: 'CREATE TABLE x AS SELECT id, LATEST_BY_OFFSET(name) AS name, COUNT(*) AS c FROM s GROUP BY id',
    },
  ],
  AGGREGATE_NO_UNDO: { notOfStatements: 'it says why' },
  AGGREGATE_NO_MERGE: { notOfStatements: 'it says why' },
  WINDOW_INVALID: [
    {
      wrong:
        'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s WINDOW CUMULATE (SIZE 1 MINUTE, STEP 25 SECONDS) GROUP BY id',
      hint: /SIZE 75 SECONDS/,
      cure: 'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s WINDOW CUMULATE (SIZE 75 SECONDS, STEP 25 SECONDS) GROUP BY id',
    },
    {
      wrong:
        'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s WINDOW HOPPING (SIZE 1 DAY, ADVANCE BY 1 SECOND) GROUP BY id',
      hint: /ADVANCE BY 4320 MILLISECONDS/,
      cure: 'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s WINDOW HOPPING (SIZE 1 DAY, ADVANCE BY 4320 MILLISECONDS) GROUP BY id',
    },
  ],
  WINDOW_BOUNDS_MISPLACED: [
    {
      wrong:
        'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY id HAVING WINDOWSTART > 1',
      hint: /only be selected/,
      cure: 'CREATE TABLE x AS SELECT id, WINDOWSTART AS ws, COUNT(*) AS c FROM s WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY id',
    },
  ],
  EMIT_FINAL_INVALID: [
    {
      wrong: 'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s GROUP BY id EMIT FINAL',
      hint: /WINDOW TUMBLING \(SIZE 1 HOUR\) before GROUP BY/,
      cure: 'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY id EMIT FINAL',
    },
    {
      wrong: 'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s GROUP BY id EMIT FINAL',
      hint: /EMIT CHANGES/,
      cure: 'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s GROUP BY id EMIT CHANGES',
    },
  ],
  KEY_MISSING: [
    {
      wrong: 'CREATE TABLE x AS SELECT COUNT(*) AS c FROM s GROUP BY id',
      hint: /Add ID to SELECT/,
      cure: 'CREATE TABLE x AS SELECT ID, COUNT(*) AS c FROM s GROUP BY id',
    },
    {
      wrong: 'CREATE TABLE x AS SELECT COUNT(*) AS c FROM s GROUP BY n + 1',
      hint: /Add N \+ 1 to SELECT/,
      cure: 'CREATE TABLE x AS SELECT N + 1, COUNT(*) AS c FROM s GROUP BY n + 1',
    },
  ],
  KEY_TWICE: [
    {
      wrong: 'CREATE STREAM x AS SELECT id, id AS id2, n FROM s',
      hint: /AS_VALUE\(ID\)/,
      cure: 'CREATE STREAM x AS SELECT id, AS_VALUE(ID) AS id2, n FROM s',
    },
  ],
  NO_VALUE_COLUMNS: [
    {
      wrong: 'CREATE STREAM x AS SELECT id FROM s',
      hint: /one column beside the key/,
      cure: 'CREATE STREAM x AS SELECT id, n FROM s',
    },
  ],
  DUPLICATE_COLUMN: [
    {
      wrong: 'CREATE STREAM x AS SELECT id, n, name AS n FROM s',
      hint: /in SELECT with AS/,
      cure: 'CREATE STREAM x AS SELECT id, n, name AS m FROM s',
    },
  ],
  RESERVED_COLUMN: [
    {
      wrong: 'CREATE STREAM x AS SELECT id, n AS ROWTIME FROM s',
      hint: /another name with AS/,
      cure: 'CREATE STREAM x AS SELECT id, n AS row_time FROM s',
    },
  ],
  NOT_A_STREAM: [
    {
      wrong: 'CREATE STREAM x AS SELECT id, COUNT(*) AS c FROM s GROUP BY id',
      hint: /Use CREATE TABLE/,
      cure: 'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s GROUP BY id',
    },
  ],
  NOT_A_TABLE: [
    {
      wrong: 'CREATE TABLE x AS SELECT id, n FROM s',
      hint: /Use CREATE STREAM/,
      cure: 'CREATE STREAM x AS SELECT id, n FROM s',
    },
    {
      wrong: 'CREATE TABLE x AS SELECT id, n FROM s',
      hint: /add a GROUP BY/,
      cure: 'CREATE TABLE x AS SELECT id, LATEST_BY_OFFSET(n) AS n FROM s GROUP BY id',
    },
  ],
  ORDER_BY_MISPLACED: [
    {
      before: counted,
      wrong: 'SELECT * FROM c EMIT CHANGES ORDER BY c',
      hint: /Leave out EMIT/,
      cure: 'SELECT * FROM c ORDER BY c',
    },
    {
      before: counted,
      wrong: 'SELECT * FROM c EMIT CHANGES ORDER BY c',
      hint: /or ORDER BY/,
      cure: 'SELECT * FROM c EMIT CHANGES',
    },
  ],
  SUBQUERY_INVALID: [
    {
      wrong: filtered('n IN (SELECT n FROM t)'),
      hint: /IN \(SELECT DISTINCT N FROM …\)|IN \(SELECT DISTINCT column FROM …\)/,
      cure: filtered('n IN (SELECT DISTINCT n FROM t)'),
    },
    {
      wrong: filtered('id IN (SELECT id FROM t WHERE t.n = name)'),
      hint: /FROM s JOIN t ON s.column = t.key/,
      cure: joined('JOIN t ON s.id = t.id'),
    },
    {
      wrong: filtered('id IN (SELECT id, n FROM t)'),
      hint: /IN \(SELECT id FROM t\)/,
      cure: filtered('id IN (SELECT id FROM t)'),
    },
  ],
  SUBQUERY_LIMIT: [
    {
      wrong: 'SELECT * FROM (SELECT * FROM s LIMIT 3) q EMIT CHANGES',
      hint: /behind the outer query/,
      cure: 'SELECT * FROM (SELECT * FROM s) q EMIT CHANGES LIMIT 3',
    },
  ],
  OFFSET_MISPLACED: [
    {
      before: counted,
      wrong: 'SELECT * FROM c EMIT CHANGES OFFSET 1',
      hint: /leave out EMIT/,
      cure: 'SELECT * FROM c OFFSET 1',
    },
    { wrong: filtered('n > 1 OFFSET 1'), hint: /Leave it out/, cure: filtered('n > 1') },
  ],
  LIMIT_NOT_ALLOWED: [
    { wrong: filtered('n > 1 LIMIT 3'), hint: /Leave it out/, cure: filtered('n > 1') },
    {
      wrong: filtered('n > 1 LIMIT 3'),
      hint: /a client that reads the result may say LIMIT/,
      cure: `${filtered('n > 1')}; SELECT * FROM x EMIT CHANGES LIMIT 3`,
    },
  ],
  PARTITION_BY_TABLE: [
    {
      wrong: 'CREATE TABLE x AS SELECT id, n FROM t PARTITION BY n',
      hint: /Use GROUP BY/,
      cure: 'CREATE TABLE x AS SELECT n, COUNT(*) AS c FROM t GROUP BY n',
    },
  ],
  JOIN_CONDITION: [
    {
      wrong: 'CREATE STREAM x AS SELECT s.id, o.n FROM s JOIN o WITHIN 1 HOUR ON s.n > o.n',
      hint: /ON a\.x = b\.y/,
      cure: 'CREATE STREAM x AS SELECT s.id, o.n FROM s JOIN o WITHIN 1 HOUR ON s.id = o.id',
    },
  ],
  JOIN_TYPES: [
    {
      wrong: 'CREATE STREAM x AS SELECT s.n, o.n FROM s JOIN o WITHIN 1 HOUR ON s.n = o.id',
      hint: /one side with CAST/,
      cure: 'CREATE STREAM x AS SELECT o.id, o.n FROM s JOIN o WITHIN 1 HOUR ON CAST(s.n AS STRING) = o.id',
    },
  ],
  JOIN_WITHIN_MISSING: [
    {
      wrong: 'CREATE STREAM x AS SELECT s.id, o.n FROM s JOIN o ON s.id = o.id',
      hint: /WITHIN 1 HOUR/,
      cure: 'CREATE STREAM x AS SELECT s.id, o.n FROM s JOIN o WITHIN 1 HOUR ON s.id = o.id',
    },
  ],
  JOIN_KIND: [
    {
      wrong: 'CREATE STREAM x AS SELECT t.id, s.n FROM t JOIN s ON s.id = t.id',
      hint: /FROM stream JOIN table/,
      cure: 'CREATE STREAM x AS SELECT s.id, s.n FROM s JOIN t ON s.id = t.id',
    },
  ],
  TEMPORAL_JOIN: [
    {
      wrong: 'CREATE STREAM x AS SELECT s.id, o.n FROM s JOIN o FOR SYSTEM_TIME AS OF s.ROWTIME AS o ON s.id = o.id',
      hint: /ASOF JOIN/,
      cure: 'CREATE STREAM x AS SELECT s.id, o.n FROM s ASOF JOIN o ON s.id = o.id AND s.ROWTIME >= o.ROWTIME',
    },
  ],
  FOREIGN_KEY_JOIN: [
    {
      before:
        "CREATE TABLE orders (k INT PRIMARY KEY, buyer STRING) WITH (kafka_topic='orders', value_format='JSON', partitions=1);",
      wrong: 'CREATE TABLE x AS SELECT k, t.n FROM orders RIGHT JOIN t ON orders.buyer = t.id',
      hint: /Use INNER or LEFT JOIN/,
      cure: 'CREATE TABLE x AS SELECT k, t.n FROM orders LEFT JOIN t ON orders.buyer = t.id',
    },
  ],
  JOIN_NOT_PRIMARY_KEY: [
    { wrong: joined('JOIN t ON s.n = t.n'), hint: /Join on T\.ID/, cure: joined('JOIN t ON s.id = T.ID') },
  ],
  JOIN_CO_PARTITION: [
    {
      before:
        "CREATE TABLE wide (id STRING PRIMARY KEY, v INT) WITH (kafka_topic='wide', value_format='JSON', partitions=3);",
      wrong: 'CREATE STREAM x AS SELECT s.id, v FROM s JOIN wide ON s.id = wide.id',
      hint: /WITH \(PARTITIONS=n\) AS SELECT … PARTITION BY …/,
      cure: 'CREATE STREAM r WITH (PARTITIONS=3) AS SELECT id, n FROM s PARTITION BY id; CREATE STREAM x AS SELECT r.id, v FROM r JOIN wide ON r.id = wide.id',
    },
    {
      before:
        "CREATE TABLE wide (id STRING PRIMARY KEY, v INT) WITH (kafka_topic='wide', value_format='JSON', partitions=3);",
      wrong: 'CREATE TABLE x AS SELECT t.id, v FROM t JOIN wide ON t.id = wide.id',
      hint: /CREATE TABLE … WITH \(PARTITIONS=n\) AS SELECT/,
      cure: 'CREATE TABLE r WITH (PARTITIONS=3) AS SELECT * FROM t; CREATE TABLE x AS SELECT r.id, v FROM r JOIN wide ON r.id = wide.id',
    },
  ],
  KAFKA_VALUE_FORMAT: [
    {
      before: "CREATE STREAM k (id STRING KEY, v INT) WITH (kafka_topic='k', value_format='KAFKA', partitions=1);",
      wrong: 'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM k GROUP BY id',
      hint: /Copy it into another format first/,
      cure: "CREATE STREAM j WITH (VALUE_FORMAT='JSON') AS SELECT * FROM k; CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM j GROUP BY id",
    },
  ],
  NOT_QUERYABLE: [
    {
      wrong: "SELECT * FROM t WHERE id = 'a'",
      hint: /CREATE TABLE q AS SELECT \* FROM T;/,
      cure: "CREATE TABLE q AS SELECT * FROM T; SELECT * FROM q WHERE id = 'a'",
    },
    {
      wrong: "SELECT * FROM t WHERE id = 'a'",
      hint: /add EMIT CHANGES/,
      cure: "SELECT * FROM t WHERE id = 'a' EMIT CHANGES",
    },
  ],
  PARTITIONS_UNAVAILABLE: { notOfStatements: 'it is about nodes' },
  PULL_TOO_LARGE: { notOfStatements: 'test/golden/queries has the setting that it names, by which more is answered' },
  PULL_DISABLED: [
    {
      before: counted,
      wrong: "SET 'ksql.pull.queries.enable'='false'; SELECT * FROM c",
      hint: /Set ksql\.pull\.queries\.enable=true/,
      cure: "SET 'ksql.pull.queries.enable'='true'; SELECT * FROM c",
    },
    {
      before: counted,
      wrong: "SET 'ksql.pull.queries.enable'='false'; SELECT * FROM c",
      hint: /add EMIT CHANGES/,
      cure: "SET 'ksql.pull.queries.enable'='false'; SELECT * FROM c EMIT CHANGES",
    },
  ],
  PULL_UNSUPPORTED: [
    {
      before: counted,
      wrong: 'SELECT * FROM s PARTITION BY name',
      hint: /Add EMIT CHANGES/,
      cure: 'SELECT * FROM s PARTITION BY name EMIT CHANGES',
    },
    {
      wrong: 'SELECT s.id, o.n FROM s JOIN o WITHIN 1 HOUR ON s.id = o.id',
      hint: /Add EMIT CHANGES/,
      cure: 'SELECT s.id, o.n FROM s JOIN o WITHIN 1 HOUR ON s.id = o.id EMIT CHANGES',
    },
  ],
  PULL_SCAN_DISABLED: [
    {
      before: `${counted} SET 'ksql.query.pull.table.scan.enabled'='false';`,
      wrong: 'SELECT * FROM c',
      hint: /Give every key a value in WHERE \(ID\)/,
      cure: "SELECT * FROM c WHERE ID = 'a'",
    },
    {
      before: `${counted} SET 'ksql.query.pull.table.scan.enabled'='false';`,
      wrong: 'SELECT * FROM c',
      hint: /SET 'ksql\.query\.pull\.table\.scan\.enabled'='true'/,
      cure: "SET 'ksql.query.pull.table.scan.enabled'='true'; SELECT * FROM c",
    },
  ],
  INSERT_COLUMNS: [
    {
      wrong: 'INSERT INTO o SELECT DISTINCT id, n FROM s',
      hint: /CREATE TABLE name AS SELECT DISTINCT/,
      cure: "CREATE TABLE name WITH (KEY_FORMAT='JSON') AS SELECT DISTINCT id, n FROM s",
    },
  ],
} satisfies Record<string, Cures>;
