import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Session } from '../../../src/engine/session.ts';
import { executeScript } from '../../../src/statements/index.ts';
import { openEngine } from '../../support/memory-node.ts';
import { setSecrets } from '../../../src/util/secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-show-create-'));

/** Each kind of object: what is asked for, what makes it, and what SHOW CREATE gives where that is not what was written. */
const objects: readonly (readonly [asked: string, made: string, shown?: readonly string[]])[] = [
  [
    'TYPE address',
    'CREATE TYPE IF NOT EXISTS address AS STRUCT<street STRING, `the no` INT>;',
    ['CREATE TYPE ADDRESS AS STRUCT<`STREET` STRING, `the no` INTEGER>;'],
  ],
  [
    'STREAM visits',
    `create stream if not exists visits (who string key, n int, \`the city\` varchar, home address, trace bytes header('trace'))
       with (kafka_topic='visits', value_format='json', partitions=1, retention_ms=-1);`,
    [
      "CREATE STREAM VISITS (WHO STRING KEY, N INT, `the city` VARCHAR, HOME ADDRESS, TRACE BYTES HEADER('trace'))" +
        " WITH (KAFKA_TOPIC='visits', VALUE_FORMAT='json', PARTITIONS=1, RETENTION_MS=-1);",
    ],
  ],
  [
    'STREAM grown',
    `CREATE STREAM grown (k STRING KEY, a INT) WITH (kafka_topic='grown', value_format='JSON', partitions=1);
     ALTER STREAM grown ADD COLUMN b INT; ALTER STREAM grown ADD COLUMN \`it's\` STRING, ADD COLUMN c DOUBLE;`,
    [
      "CREATE STREAM GROWN (K STRING KEY, A INT) WITH (KAFKA_TOPIC='grown', VALUE_FORMAT='JSON', PARTITIONS=1);",
      'ALTER STREAM GROWN ADD COLUMN B INT;',
      "ALTER STREAM GROWN ADD COLUMN `it's` STRING, ADD COLUMN C DOUBLE;",
    ],
  ],
  [
    'STREAM sent',
    `CREATE STREAM sent (k STRING KEY, a INT) WITH (kafka_topic='sent', value_format='JSON', partitions=1, wrap_single_value=true, SINK='webhook', URL='http://127.0.0.1:1/', AUTH_TOKEN='secret:door');`,
    [
      "CREATE STREAM SENT (K STRING KEY, A INT) WITH (KAFKA_TOPIC='sent', VALUE_FORMAT='JSON', PARTITIONS=1, WRAP_SINGLE_VALUE=TRUE, SINK='webhook', URL='http://127.0.0.1:1/', AUTH_TOKEN='secret:door');",
    ],
  ],
  [
    'TABLE `People`',
    "CREATE SOURCE TABLE `People` (id INT PRIMARY KEY, name STRING) WITH (kafka_topic='people', value_format='JSON', partitions=1);",
  ],
  [
    'big',
    "CREATE OR REPLACE STREAM big WITH (kafka_topic='big', TIMESTAMP='n2') AS SELECT who, n AS m, CAST(n AS BIGINT) AS n2, 'it''s' AS t FROM visits WHERE n > 1 AND NOT (n = 3 OR `the city` LIKE 'a%') PARTITION BY who EMIT CHANGES;",
  ],
  [
    'TABLE counted',
    'CREATE TABLE counted AS SELECT who, COUNT(*) AS c FROM visits WINDOW HOPPING (SIZE 1 HOUR, ADVANCE BY 10 MINUTES, GRACE PERIOD 1 DAY) GROUP BY who HAVING COUNT(*) > 1 EMIT FINAL;',
  ],
  ['VIEW recent', 'CREATE OR REPLACE VIEW recent AS SELECT who, n FROM visits WHERE n IN (1, 2);'],
  [
    'FEATURE VIEW spent',
    `CREATE FEATURE VIEW spent ENTITY KEY (who) TTL 1 DAY COMMENT 'it''s spent' WITH (OWNER='ann', FRESHNESS='30 SECONDS') AS SELECT who, SUM(n) OVER (PARTITION BY who ORDER BY ROWTIME RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW) AS s FROM visits EMIT CHANGES;
     ALTER FEATURE VIEW spent SET (TTL=36 HOURS, TAGS='a=b,c', FRESHNESS='90 SECONDS', COMMENT='now');`,
  ],
  [
    'FEATURE VIEW newest',
    'CREATE FEATURE VIEW newest ENTITY KEY (who) AS SELECT who, n FROM visits EMIT CHANGES;' +
      "CREATE OR REPLACE FEATURE VIEW newest ENTITY KEY (who) WITH (OWNER='bob') AS SELECT who, n FROM visits EMIT CHANGES;",
  ],
  [
    'MODEL m',
    `CREATE MODEL m INPUT (a DOUBLE, b DOUBLE) OUTPUT (total DOUBLE, product DOUBLE) WITH (PROVIDER='onnx', PATH='test/golden/models/sum.onnx');`,
  ],
  [
    'FEATURE SERVICE serving',
    "CREATE FEATURE SERVICE IF NOT EXISTS serving COMMENT 'both' REQUEST (bonus INT) FEATURES (newest.n, spent.s + bonus AS more);",
  ],
  [
    'MONITOR watch',
    "CREATE MONITOR watch ON STREAM visits WINDOW TUMBLING (SIZE 1 MINUTE) SEGMENT BY who BASELINE PREVIOUS 2 WINDOWS COMMENT 'x' (CONSTRAINT some CHECK (ROW_COUNT() >= 1) SEVERITY 'ALERT' FOR 2 WINDOWS, CHECK (NULL_RATE(n) < 0.5));",
  ],
  [
    'TRAINING SET latest',
    `CREATE TRAINING SET latest COMMENT 'y' WITH (PATH='${folder}', MODE='OVERWRITE') AS SELECT who, n FROM visits;`,
  ],
];

test('what SHOW CREATE gives makes the same again in an empty engine, of each kind', async () => {
  setSecrets({ door: 'hush' });
  const first = await openEngine();
  const second = await openEngine();
  try {
    for (const [asked, made, expected] of objects) {
      await first.run(made);
      const shown = await first.run(`SHOW CREATE ${asked};`);
      const [{ statements }] = shown as [{ statements: string[] }];
      if (expected === undefined) expect(statements, asked).toHaveLength(1);
      else expect(statements).toEqual(expected);
      expect(statements.join('\n')).not.toMatch(/OR REPLACE|IF NOT EXISTS|hush/);
      await second.run(statements.join('\n'));
      expect(await second.run(`SHOW CREATE ${asked};`), asked).toEqual(shown);
      // By the name alone, too.
      const name = asked.split(' ').at(-1)!;
      expect(await second.run(`SHOW CREATE ${name};`)).toMatchObject([{ statements }]);
    }
    const told = ({ engine: { catalog } }: typeof first): unknown => ({
      sources: [...catalog.sources.values()].map(({ spec, featureView }) => ({ spec, featureView })),
      types: catalog.types,
      services: [...catalog.featureServices.values()].map(({ statement: _, ...service }) => service),
      views: [...catalog.views.keys()],
    });
    expect(told(second)).toEqual(told(first));
    const [{ statements }] = (await second.run('SHOW CREATE FEATURE VIEW spent;')) as [{ statements: string[] }];
    expect(statements[0]).toMatch(
      /^CREATE FEATURE VIEW SPENT ENTITY KEY \(WHO\) TTL 36 HOURS COMMENT 'now' WITH \(OWNER='ann', FRESHNESS='90 SECONDS', TAGS='a=b, c'\) AS /,
    );
  } finally {
    setSecrets({});
    await first.close();
    await second.close();
  }
});

test('the secret that the settings no longer list is hidden, and a variable has the value that it had', async () => {
  setSecrets({ door: 'hush' });
  const { run, engine, close } = await openEngine();
  try {
    const session = new Session(engine.defaults);
    await executeScript(
      {
        name: 'test',
        text: `DEFINE place = 'there';
          CREATE STREAM s (k STRING KEY, a INT) WITH (kafka_topic='\${place}', value_format='JSON', partitions=1, SINK='webhook', URL='http://127.0.0.1:1/', AUTH_TOKEN='door');`,
      },
      engine,
      session,
    );
    setSecrets({});
    expect(await run('SHOW CREATE s;')).toMatchObject([
      {
        statements: [
          "CREATE STREAM S (K STRING KEY, A INT) WITH (KAFKA_TOPIC='there', VALUE_FORMAT='JSON', PARTITIONS=1, SINK='webhook', URL='http://127.0.0.1:1/', AUTH_TOKEN='[hidden]');",
        ],
      },
    ]);
  } finally {
    setSecrets({});
    await close();
  }
});
