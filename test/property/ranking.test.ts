import type { DuckDBConnection } from '@duckdb/node-api';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Random } from '../fuzz/random.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { runsOf, seedOf } from '../support/scale.ts';
import { consume } from '../support/topics.ts';

interface Item {
  readonly cat: string | null;
  readonly n: number | null;
  readonly d: number | null;
}
type Items = Map<string, Item>;

let duckdb: DuckDBConnection | string;
beforeAll(async () => {
  duckdb = await openDuckDb();
});

const orders = [
  'n',
  'n DESC',
  'd DESC NULLS LAST',
  'd NULLS FIRST, n DESC',
  'n NULLS FIRST, d',
  'n DESC NULLS FIRST, d DESC',
];

/** What every number's row is at the end, from the records of the sink: the newest record of each key. */
async function folded({ engine }: TestEngine): Promise<string[]> {
  const rows = new Map<string, string>();
  for (const line of await consume(engine, 'BEST')) {
    const [, key, value] = /^(.*?)@-?\d+ (.*)$/.exec(line)!;
    if (value === 'null') rows.delete(key!);
    else rows.set(key!, value!);
  }
  return [...rows].map(([key, value]) => `${key} ${value}`).sort();
}

async function byDuckDb(connection: DuckDBConnection, items: Items, order: string, limit: number): Promise<string[]> {
  const values = [...items].map(
    ([id, { cat, n, d }]) => `('${id}', ${cat === null ? 'NULL' : `'${cat}'`}, ${n}::INT, ${d}::DOUBLE)`,
  );
  // Our order of nulls is PostgreSQL's, which is told to DuckDB.
  const explicit = order
    .split(', ')
    .map((part) => (part.includes('NULLS') ? part : `${part} NULLS ${part.includes('DESC') ? 'FIRST' : 'LAST'}`));
  const sql = `SELECT cat, ROW_NUMBER() OVER (PARTITION BY cat ORDER BY ${explicit.join()}, id) AS rn, id,
      RANK() OVER w AS r, DENSE_RANK() OVER w AS s
    FROM (VALUES ${values.join()}) AS t(id, cat, n, d) WHERE cat IS NOT NULL
    WINDOW w AS (PARTITION BY cat ORDER BY ${explicit.join()}) QUALIFY rn <= ${limit}`;
  const reader = await connection.runAndReadAll(sql);
  return reader
    .getRowsJS()
    .map(
      ([cat, rn, id, r, s]) =>
        `${JSON.stringify({ CAT: cat, RN: Number(rn) })} ${JSON.stringify({ ID: id, R: Number(r), S: Number(s) })}`,
    )
    .sort();
}

test('the first rows of each partition are those of DuckDB, over changes, deletions and restarts', async (context) => {
  if (typeof duckdb === 'string') return context.skip(duckdb);
  const random = new Random(seedOf(40));
  let compared = 0;
  for (let run = 0; run < runsOf(24); run++) {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-ranking-'));
    let engine = await openEngine(folder);
    const order = random.pick(orders);
    const limit = 1 + random.below(5);
    await engine.run(`CREATE TABLE items (id STRING PRIMARY KEY, cat STRING, n INT, d DOUBLE) WITH (kafka_topic='items', value_format='JSON', partitions=1);
      CREATE TABLE best WITH (kafka_topic='BEST', key_format='JSON') AS
        SELECT cat, ROW_NUMBER() OVER w AS rn, id, RANK() OVER w AS r, DENSE_RANK() OVER w AS s FROM items
        WINDOW w AS (PARTITION BY cat ORDER BY ${order}) QUALIFY rn <= ${limit};`);
    const items: Items = new Map();
    // A partition has more rows than its head has room, and loses most of them again.
    const ids = 4 + random.below(400);
    let time = 0;
    for (let stretch = 0; stretch < 5; stretch++) {
      const deletes = random.pick([0.1, 0.3, 0.9]);
      const records = Array.from({ length: 1 + random.below(300) }, () => {
        const id = `i${random.below(ids)}`;
        const number = (): number | null => (random.below(8) === 0 ? null : random.below(30));
        const item: Item = { cat: random.pick(['x', 'x', 'x', 'y', null]), n: number(), d: number() };
        const isDeleted = random.next() < deletes;
        if (isDeleted) items.delete(id);
        else items.set(id, item);
        return {
          key: id,
          value: isDeleted ? null : JSON.stringify(item),
          timestamp: time++,
          partition: undefined,
        };
      });
      await engine.engine.node.produce('items', records);
      await engine.settle();
      const wanted = items.size === 0 ? [] : await byDuckDb(duckdb, items, order, limit);
      expect(await folded(engine), `${order}, limit ${limit}, run ${run}`).toEqual(wanted);
      compared += wanted.length;
      if (random.below(3) > 0) continue;
      await engine.close();
      engine = await openEngine(folder);
    }
    await engine.close();
  }
  console.log(`${compared} numbered rows compared`);
}, 600_000);
