import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { SqlError } from '../../src/diagnostics/sql-error.ts';
import { openQuery } from '../../src/engine/query-stream.ts';
import { Session } from '../../src/engine/session.ts';
import { executeStatement } from '../../src/statements/index.ts';
import { cures } from '../../src/syntax/other-dialects.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';
import type { Cure } from '../support/cures/cure.ts';
import { curesOfCodes } from '../support/cures/index.ts';
import { openEngine } from '../support/memory-node.ts';

const sources = `
CREATE STREAM s (id STRING KEY, n INT, name STRING, ts TIMESTAMP, tags ARRAY<STRING>) WITH (kafka_topic='s', value_format='JSON', partitions=1);
CREATE STREAM o (id STRING KEY, n INT) WITH (kafka_topic='o', value_format='JSON', partitions=1);
CREATE TABLE t (id STRING PRIMARY KEY, n INT) WITH (kafka_topic='t', value_format='JSON', partitions=1);
`;

/** What people write, a part of what they are told, and what it tells them to write. */
const told: readonly (readonly [wrong: string, hint: RegExp, cure: string])[] = [
  [
    `CREATE TABLE x (id INT PRIMARY KEY, n INT NOT NULL) WITH (kafka_topic='x', value_format='JSON', partitions=1)`,
    /Leave NOT NULL out/,
    `CREATE TABLE x (id INT PRIMARY KEY, n INT) WITH (kafka_topic='x', value_format='JSON', partitions=1)`,
  ],
  [
    `CREATE TABLE x (id INT, n INT, PRIMARY KEY (id)) WITH (kafka_topic='x', value_format='JSON', partitions=1)`,
    /PRIMARY KEY behind the type/,
    `CREATE TABLE x (id INT PRIMARY KEY, n INT) WITH (kafka_topic='x', value_format='JSON', partitions=1)`,
  ],
  [
    `CREATE STREAM x (id INT KEY, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH (kafka_topic='x', value_format='JSON')`,
    /TIMESTAMP='column'/,
    `CREATE STREAM x (id INT KEY, ts TIMESTAMP(3)) WITH (kafka_topic='x', value_format='JSON', partitions=1, TIMESTAMP='ts')`,
  ],
  [
    `CREATE SOURCE x (id INT) WITH (connector='kafka')`,
    /CREATE STREAM or CREATE TABLE/,
    `CREATE STREAM x (id INT) WITH (kafka_topic='x', value_format='JSON', partitions=1)`,
  ],
  [
    `CREATE MATERIALIZED VIEW x AS SELECT id, COUNT(*) AS c FROM s GROUP BY id`,
    /CREATE TABLE … AS SELECT/,
    `CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s GROUP BY id`,
  ],
  [`CREATE SINK x FROM s`, /CREATE STREAM … WITH/, `CREATE STREAM x WITH (KAFKA_TOPIC='x') AS SELECT * FROM s`],
  [`CREATE INDEX i ON t (n)`, /group it by the column/, `CREATE TABLE x AS SELECT n, COUNT(*) AS c FROM t GROUP BY n`],
  [`CREATE DATABASE d`, /leave this out/, `SHOW STREAMS`],
  [
    `CREATE TABLE x AS SELECT DISTINCT ON (id) id, n FROM s`,
    /ROW_NUMBER/,
    `CREATE TABLE x WITH (KEY_FORMAT='JSON') AS SELECT id, ROW_NUMBER() OVER (PARTITION BY id ORDER BY ROWTIME DESC) AS r, n FROM s QUALIFY r = 1`,
  ],
  [
    `CREATE STREAM x AS SELECT s.id, o.n FROM s, o WHERE s.id = o.id`,
    /JOIN … ON/,
    `CREATE STREAM x AS SELECT s.id, o.n FROM s JOIN o WITHIN 1 HOUR ON s.id = o.id`,
  ],
  [
    `CREATE STREAM x AS SELECT s.id, t.n FROM s JOIN t USING (id)`,
    /ON a.column = b.column/,
    `CREATE STREAM x AS SELECT s.id, t.n FROM s JOIN t ON s.id = t.id`,
  ],
  [
    `CREATE STREAM x AS SELECT id, n FROM s UNION SELECT id, n FROM o`,
    /UNION ALL/,
    `CREATE STREAM x AS SELECT id, n FROM s UNION ALL SELECT id, n FROM o`,
  ],
  [
    `CREATE STREAM x AS SELECT id, n FROM s EXCEPT SELECT id, n FROM o`,
    /Join the two/,
    `CREATE STREAM x AS SELECT s.id AS id, o.n AS n FROM s JOIN o WITHIN 1 HOUR ON s.id = o.id`,
  ],
  [
    `CREATE STREAM x AS SELECT * FROM s WHERE EXISTS (SELECT 1 FROM t WHERE t.id = s.id)`,
    /IN \(SELECT key FROM t\)/,
    `CREATE STREAM x AS SELECT * FROM s WHERE id IN (SELECT id FROM t)`,
  ],
  [
    `CREATE STREAM x AS SELECT id, (SELECT n FROM t) AS m FROM s`,
    /FROM or JOIN/,
    `CREATE STREAM x AS SELECT s.id, t.n AS m FROM s JOIN t ON s.id = t.id`,
  ],
  [
    `CREATE STREAM x AS SELECT * FROM s WHERE name == 'a'`,
    /one sign/,
    `CREATE STREAM x AS SELECT * FROM s WHERE name = 'a'`,
  ],
  [
    `CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s WINDOW TUMBLING (SIZE 1 MONTH) GROUP BY id`,
    /such as 30 DAYS/,
    `CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s WINDOW TUMBLING (SIZE 30 DAYS) GROUP BY id`,
  ],
  [
    `CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s WINDOW HOPPING (SIZE 2 DAYS, ADVANCE BY 1 DAY, GRACE PERIOD 1 WEEK) GROUP BY id`,
    /such as 30 DAYS/,
    `CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s WINDOW HOPPING (SIZE 2 DAYS, ADVANCE BY 1 DAY, GRACE PERIOD 7 DAYS) GROUP BY id`,
  ],
  [
    `CREATE STREAM x AS SELECT s.id, o.n FROM s JOIN o WITHIN 1 YEAR ON s.id = o.id`,
    /such as 30 DAYS/,
    `CREATE STREAM x AS SELECT s.id, o.n FROM s JOIN o WITHIN 365 DAYS ON s.id = o.id`,
  ],
  [
    `CREATE FEATURE VIEW v ENTITY KEY (id) TIMESTAMP ts TTL 2 WEEKS AS SELECT id, ts, n FROM s`,
    /such as 30 DAYS/,
    `CREATE FEATURE VIEW v ENTITY KEY (id) TIMESTAMP ts TTL 14 DAYS AS SELECT id, ts, n FROM s`,
  ],
  [`SELECT * FROM s ORDER BY n DESC EMIT CHANGES`, /leave out EMIT, or ORDER BY/, `SELECT * FROM s EMIT CHANGES`],
  [
    `CREATE TABLE x AS SELECT id, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY n) AS m FROM s GROUP BY id`,
    /PERCENTILE\(n, 0\.5\)/,
    `CREATE TABLE x AS SELECT id, PERCENTILE(n, 0.5) AS m FROM s GROUP BY id`,
  ],
  [
    `CREATE TABLE x AS SELECT id, LISTAGG(name, ',') WITHIN GROUP (ORDER BY n) AS m FROM s GROUP BY id`,
    /STRING_AGG\(name, ','\)/,
    `CREATE TABLE x AS SELECT id, STRING_AGG(name, ',') AS m FROM s GROUP BY id`,
  ],
  [
    `CREATE STREAM x AS SELECT id, SUM(n) OVER (w ROWS 3 PRECEDING) AS a FROM s WINDOW w AS (PARTITION BY id ORDER BY ROWTIME)`,
    /and OVER w\./,
    `CREATE STREAM x AS SELECT id, SUM(n) OVER (w) AS a FROM s WINDOW w AS (PARTITION BY id ORDER BY ROWTIME ROWS 3 PRECEDING)`,
  ],
  [`UPDATE t SET n = 1 WHERE id = 'a'`, /INSERT INTO/, `INSERT INTO t (id, n) VALUES ('a', 1)`],
  [`TRUNCATE TABLE t`, /DELETE TOPIC/, `DROP TABLE t DELETE TOPIC`],
  [`ALTER TABLE t DROP COLUMN n`, /ADD COLUMN/, `ALTER TABLE t ADD COLUMN m INT`],
  [`USE db`, /leave this out/, `SHOW TABLES`],
  [`BEGIN`, /several rows of one INSERT/, `INSERT INTO t (id, n) VALUES ('a', 1), ('b', 2)`],
  [`GRANT SELECT ON t TO ann`, /Rights/, `SHOW TABLES`],
];

/** The same of the hints of error codes. */
const ofCodes = Object.entries(curesOfCodes).flatMap(([code, cures]) =>
  'notOfStatements' in cures ? [] : cures.map((cure: Cure) => ({ code, before: '', ...cure })),
);

const asked = new Map<string, Promise<SqlError | undefined>>();

/** What the last statement is refused for; those `before` it must pass. */
function errorOf(sql: string, before = ''): Promise<SqlError | undefined> {
  const key = `${before}\n${sql}`;
  let answer = asked.get(key);
  if (answer === undefined) asked.set(key, (answer = run(sql, before)));
  return answer;
}

async function run(sql: string, before: string): Promise<SqlError | undefined> {
  const engine = await openEngine();
  const session = new Session(engine.engine.defaults);
  const all = async (script: string): Promise<void> => {
    for (const statement of splitScript({ name: 'test', text: script.replaceAll('{folder}', engine.folder) })) {
      const parsed = parse(statement);
      if (parsed.kind !== 'select') await executeStatement(parsed, statement.text, engine.engine, session);
      else (await openQuery(parsed, engine.engine, session, () => new MemoryBackend())).close();
    }
  };
  try {
    await all(`${sources}${before}`);
    await all(sql.endsWith('--') || sql.endsWith(';') ? sql : `${sql};`);
    return undefined;
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  } finally {
    await engine.close();
  }
}

describe('what people from other dialects write', () => {
  test.each(told)('%s', async (wrong, hint, cure) => {
    expect((await errorOf(wrong))?.hint).toMatch(hint);
    expect((await errorOf(cure))?.message).toBeUndefined();
  });

  test.each(ofCodes)('$code: $wrong', async ({ code, before, wrong, hint, cure }) => {
    const error = await errorOf(wrong, before);
    expect([error?.code, error?.hint]).toEqual([code, expect.stringMatching(hint) as unknown]);
    expect((await errorOf(cure, before))?.message).toBeUndefined();
  });

  test('docs/wrong-statements.md says what each is told', async () => {
    const alone = ofCodes.filter(({ before, wrong }) => before === '' && !wrong.includes('{folder}'));
    const first = new Map(alone.map(({ wrong, cure }) => [wrong, cure] as const).reverse());
    const parts: string[] = [];
    for (const [wrong, cure] of [...told.map(([wrong, , cure]) => [wrong, cure] as const), ...[...first].reverse()]) {
      const error = (await errorOf(wrong))!;
      parts.push(
        `\`\`\`sql\n${wrong};\n\`\`\`\n\n> ${error.code}: ${error.message}. ${error.hint}\n\n\`\`\`sql\n${cure};\n\`\`\`\n`,
      );
    }
    const head = `# Wrong statements

${parts.length} statements that people write out of the habit of another dialect or by mistake, what each is told, and what is meant by it. The page is written by
\`test/unit/cures.test.ts\`, which runs the wrong statement and the right one, over these sources:

\`\`\`sql${sources}\`\`\`
`;
    await expect([head, ...parts].join('\n')).toMatchFileSnapshot('../../docs/wrong-statements.md');
  });

  test('each cure is told for one of these', async () => {
    const hints = await Promise.all(told.map(async ([wrong]) => (await errorOf(wrong))?.hint));
    expect(cures.map(([, text]) => text).filter((text) => !hints.includes(text))).toEqual([]);
  });
});
