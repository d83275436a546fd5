import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { openQuery } from '../../src/engine/query-stream.ts';
import { Session } from '../../src/engine/session.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';
import { Random } from '../fuzz/random.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { runsOf, seedOf } from '../support/scale.ts';

type Answer = readonly (readonly unknown[])[];

async function answer({ engine }: TestEngine, sql: string): Promise<Answer> {
  const statement = parse(splitScript({ name: 'query', text: `${sql};` })[0]!);
  if (statement.kind !== 'select') throw new TypeError(sql);
  const stream = await openQuery(statement, engine, new Session(engine.defaults), () => new MemoryBackend());
  const rows: (readonly unknown[])[] = [];
  for await (const batch of stream.rows()) rows.push(...batch.map(({ values }) => values));
  return rows;
}

const width = 5;
type Element = number | null;

/** Near and far ones, with ties, zeros, nulls, other lengths and sizes that floats of 32 bits do not hold. */
function vectorOf(random: Random): readonly Element[] | null {
  const kind = random.below(24);
  if (kind === 0) return null;
  const length = kind === 1 ? random.below(8) : width;
  const scale = kind === 2 ? 1e200 : kind === 3 ? 1e-200 : kind === 4 ? 1e20 : kind === 5 ? 0 : kind === 6 ? 1e9 : 1;
  const near = kind > 16 ? 1e-9 : 1;
  const vector: Element[] = Array.from(
    { length },
    () =>
      scale * (kind > 16 ? 1 + near * random.below(5) : (random.below(9) - 4) / 2 + (kind > 10 ? random.next() : 0)),
  );
  if (kind === 7 && length > 0) vector[random.below(length)] = null;
  return vector;
}
const question = (random: Random): string => {
  const scale = [1, 1, 1, 1e9, 1e-3][random.below(5)]!;
  const numbers = Array.from({ length: width }, () => scale * ((random.below(9) - 4) / 2 + random.next()));
  const vector =
    random.below(6) === 0 ? numbers.map(() => 1 + 1e-9) : random.below(10) === 0 ? numbers.map(() => 0) : numbers;
  return `ARRAY[${vector.map((number) => `CAST(${number} AS DOUBLE)`).join(', ')}]`;
};

/** The first rows, and the same ones of all rows in an order that no rule looks into. */
function questionOf(random: Random): { readonly near: string; readonly plain: string } {
  const fn = ['L2_DISTANCE', 'COSINE_SIMILARITY', 'COSINE_DISTANCE', 'DOT_PRODUCT'][random.below(4)]!;
  const constant = question(random);
  const call = random.below(3) === 0 ? `${fn}(${constant}, v)` : `${fn}(v, ${constant})`;
  const where = ['', '', ' WHERE n > 2', ' WHERE n = 1', " WHERE v IS NOT NULL AND id <> 'k3'"][random.below(5)]!;
  const order = ['', '', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST'][random.below(5)]!;
  const limit = `LIMIT ${1 + random.below(8)}${random.below(4) === 0 ? ` OFFSET ${random.below(4)}` : ''}`;
  const hidden = `CASE WHEN TRUE THEN ${call} END`;
  const asked = (by: string): string => `SELECT id, n, ${call} AS d FROM t${where} ORDER BY ${by}${order}, id ${limit}`;
  const inner = `SELECT x.i, x.near FROM (SELECT id AS i, n, ${call} AS near FROM t${where}) x`;
  switch (random.below(3)) {
    case 0:
      return { near: asked('d'), plain: asked(hidden) };
    case 1:
      return { near: asked(call), plain: asked(hidden) };
    default:
      return {
        near: `${inner} ORDER BY near${order}, i ${limit}`,
        plain: `${inner} ORDER BY CASE WHEN TRUE THEN x.near END${order}, i ${limit}`,
      };
  }
}

const explained = async (engine: TestEngine, sql: string): Promise<string> =>
  JSON.stringify(await engine.run(`EXPLAIN ${sql};`));

const source = `CREATE STREAM s (id STRING KEY, n INT, v ARRAY<DOUBLE>) WITH (kafka_topic='s', value_format='JSON', partitions=3);`;
const tables = {
  source: `CREATE SOURCE TABLE t (id STRING PRIMARY KEY, n INT, v ARRAY<DOUBLE>) WITH (kafka_topic='s', value_format='JSON', partitions=3);`,
  aggregate: `${source} CREATE TABLE t AS SELECT id, LATEST_BY_OFFSET(n) AS n, LATEST_BY_OFFSET(v, FALSE) AS v FROM s GROUP BY id HAVING LATEST_BY_OFFSET(n) < 6;`,
  filter: `CREATE TABLE u (id STRING PRIMARY KEY, n INT, v ARRAY<DOUBLE>) WITH (kafka_topic='s', value_format='JSON', partitions=3);
    CREATE TABLE t AS SELECT id, n, v FROM u WHERE n <> 5;`,
};

test.each(Object.entries(tables))(
  'the nearest rows of a table that changes are those of all rows in order: %s',
  async (kind, statements) => {
    const random = new Random(seedOf(20));
    let engine = await openEngine();
    await engine.run(statements);
    let seen = 0;
    for (let step = 0; step < runsOf(12); step++) {
      const records = Array.from({ length: 1 + random.below(60) }, () => ({
        key: `k${random.below(90)}`,
        value:
          kind !== 'aggregate' && random.below(6) === 0
            ? null
            : JSON.stringify({ N: random.below(7), V: vectorOf(random) }),
        timestamp: 1,
        partition: undefined,
      }));
      await engine.engine.node.produce('s', records);
      await engine.settle();
      if (step % 5 === 4) {
        const { folder } = engine;
        await engine.close();
        engine = await openEngine(folder);
        await engine.settle();
      }
      for (let i = 0; i < 8; i++) {
        const { near, plain } = questionOf(random);
        const expected = await answer(engine, plain);
        expect(await answer(engine, near), near).toEqual(expected);
        seen += expected.length;
      }
    }
    expect(seen).toBeGreaterThan(100);
    const { near, plain } = {
      near: `SELECT id, L2_DISTANCE(v, ARRAY[1.0, 0.0, 0.0, 0.0, 0.0]) AS d FROM t WHERE n > 1 ORDER BY d LIMIT 3`,
      plain: `SELECT id FROM t ORDER BY L2_DISTANCE(v, ARRAY[1.0, 0.0]) + 1 LIMIT 3`,
    };
    expect(await explained(engine, near)).toContain('nearest-rows');
    expect(await explained(engine, plain)).not.toContain('nearest-rows');
    await engine.close();
  },
  60_000,
);
