import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { openQuery } from '../../src/engine/query-stream.ts';
import { Session } from '../../src/engine/session.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';
import { Random } from '../fuzz/random.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { runsOf, seedOf } from '../support/scale.ts';

const duck = await openDuckDb();

/** A query, and how DuckDB writes it where it is written otherwise. */
type Both = readonly [ours: string, theirs: string];

const aggregates = [
  'COUNT(*)',
  'COUNT(n)',
  'SUM(n)',
  'MIN(n)',
  'MAX(n)',
  'AVG(n)',
  'MIN(g)',
  'MAX(id)',
  'COUNT(DISTINCT n)',
  'COUNT(DISTINCT g)',
];
const conditions = ['n > 2', 'n <= 1', 'g IS NULL', 'n IS NOT NULL', "g <> 'a'", 'n BETWEEN 0 AND 3'];
const keys = ['g', 'n', 'n % 2', 'g, n'];

function randomQuery(random: Random): Both {
  const one = <T>(all: readonly T[]): T => all[random.below(all.length)]!;
  const maybe = (text: string): string => (random.below(2) === 0 ? '' : text);
  const where = maybe(` WHERE ${one(conditions)}`);
  if (random.below(3) === 0) {
    const same = `SELECT DISTINCT ${one(keys)} FROM t${where}`;
    return [same, same];
  }
  if (random.below(3) === 0) {
    const [operand, not, inner] = [one(['n', 'n + 1']), random.below(2) === 0, maybe(` WHERE ${one(conditions)}`)];
    const test = `${operand} IN (SELECT n FROM t${inner})`;
    // Of what may be NULL, IN is false here and unknown there.
    return [
      `SELECT id FROM t WHERE ${not ? `NOT ${test}` : test}`,
      `SELECT id FROM t WHERE ${not ? 'NOT ' : ''}coalesce(${operand} IN (SELECT n FROM t${inner === '' ? ' WHERE' : `${inner} AND`} n IS NOT NULL), false)`,
    ];
  }
  const calls = Array.from({ length: 1 + random.below(4) }, () => {
    const filter = maybe(` FILTER (WHERE ${one(conditions)})`);
    return one(aggregates) + filter;
  }).map((call, i) => `${call} AS c${i}`);
  if (random.below(3) === 0) {
    const same = `SELECT ${calls.join(', ')} FROM t${where}`;
    return [same, same];
  }
  const by = one(keys);
  const having = maybe(` HAVING ${one(['COUNT(*) > 1', 'MAX(n) > 1', 'COUNT(n) < 4'])}`);
  const same = `SELECT ${by}, ${calls.join(', ')} FROM t${where} GROUP BY ${by}${having}`;
  return [same, same];
}

async function answer(engine: TestEngine, sql: string): Promise<string[]> {
  const statement = parse(splitScript({ name: 'query', text: `${sql};` })[0]!);
  if (statement.kind !== 'select') throw new TypeError(sql);
  const session = new Session(engine.engine.defaults);
  const stream = await openQuery(statement, engine.engine, session, () => new MemoryBackend());
  const rows: string[] = [];
  for await (const batch of stream.rows()) rows.push(...batch.map(({ values }) => textOf(values)));
  return rows.sort();
}

const textOf = (row: readonly unknown[]): string =>
  row.map((value) => (typeof value === 'bigint' ? String(value) : JSON.stringify(value) ?? 'null')).join(); // prettier-ignore

test('aggregates, DISTINCT and IN of pull queries give what DuckDB gives', async ({ skip }) => {
  if (typeof duck === 'string') {
    expect(process.env['CI'], duck).toBeUndefined();
    skip(duck);
    return;
  }
  const random = new Random(seedOf(90));
  for (let run = 0; run < 4; run++) {
    const engine = await openEngine();
    const rows = Array.from({ length: 1 + random.below(30) }, (_, i) => {
      const n = random.below(6) === 0 ? 'NULL' : String(random.below(6));
      const g = random.below(6) === 0 ? 'NULL' : `'${'abc'[random.below(3)]!}'`;
      return `('r${i}', ${g}, ${n})`;
    });
    await engine.run(
      `CREATE TABLE source (id STRING PRIMARY KEY, g STRING, n INT) WITH (kafka_topic='source', value_format='JSON', partitions=1);
       CREATE TABLE t AS SELECT * FROM source;
       INSERT INTO source (id, g, n) VALUES ${rows.join(', ')};`,
    );
    await engine.settle();
    await duck.run(`CREATE OR REPLACE TABLE t (id VARCHAR, g VARCHAR, n INTEGER)`);
    await duck.run(`INSERT INTO t VALUES ${rows.join(', ')}`);
    for (let i = 0; i < runsOf(60); i++) {
      const [ours, theirs] = randomQuery(random);
      const wanted = (await duck.runAndReadAll(theirs)).getRows().map(textOf).sort();
      expect(await answer(engine, ours), `${ours}\n${rows.join(', ')}`).toEqual(wanted);
    }
    await engine.close();
  }
});
