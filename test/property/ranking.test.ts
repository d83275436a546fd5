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
    else rows.set(key!, JSON.stringify(JSON.parse(value!)));
  }
  return [...rows].map(([key, value]) => `${key} ${value}`).sort();
}

interface Wanted {
  readonly order: string;
  readonly limit: number;
  readonly parts: number;
}
/** Every function that tells a place, over the same window. */
const placesOf = (parts: number, numbered: string): string =>
  `RANK() OVER w AS r, DENSE_RANK() OVER w AS s, PERCENT_RANK() OVER w AS p, CUME_DIST() OVER w AS c, NTILE(${parts}) OVER ${numbered} AS t, NTILE(2) OVER ${numbered} AS h`;

/** `items` are in the order in which rows of equal sort keys are numbered. */
async function byDuckDb(
  connection: DuckDBConnection,
  items: readonly (readonly [string, Item])[],
  { order, limit, parts }: Wanted,
): Promise<string[]> {
  const values = items.map(
    ([id, { cat, n, d }], i) => `(${i}, '${id}', ${cat === null ? 'NULL' : `'${cat}'`}, ${n}::INT, ${d}::DOUBLE)`,
  );
  // Our order of nulls is PostgreSQL's, which is told to DuckDB.
  const explicit = order
    .split(', ')
    .map((part) => (part.includes('NULLS') ? part : `${part} NULLS ${part.includes('DESC') ? 'FIRST' : 'LAST'}`));
  const sql = `SELECT cat, ROW_NUMBER() OVER numbered AS rn, id, ${placesOf(parts, 'numbered')}
    FROM (VALUES ${values.join()}) AS t(place, id, cat, n, d) WHERE cat IS NOT NULL
    WINDOW w AS (PARTITION BY cat ORDER BY ${explicit.join()}),
      numbered AS (PARTITION BY cat ORDER BY ${explicit.join()}, place) QUALIFY rn <= ${limit}`;
  const reader = await connection.runAndReadAll(sql);
  return reader
    .getRowsJS()
    .map(
      ([cat, rn, id, r, s, p, c, t, h]) =>
        `${JSON.stringify({ CAT: cat, RN: Number(rn) })} ${JSON.stringify({ ID: id, R: Number(r), S: Number(s), P: p, C: c, T: Number(t), H: Number(h) })}`,
    )
    .sort();
}

const sources = {
  table: 'CREATE TABLE items (id STRING PRIMARY KEY',
  stream: 'CREATE STREAM items (id STRING KEY',
};
type Source = keyof typeof sources;

test.for(Object.keys(sources) as Source[])(
  'the first rows of each partition of a %s are those of DuckDB, over changes, deletions and restarts',
  { timeout: 600_000 },
  async (source, context) => {
    if (typeof duckdb === 'string') return context.skip(duckdb);
    const random = new Random(seedOf(40));
    let compared = 0;
    for (let run = 0; run < runsOf(24); run++) {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-ranking-'));
      const settings = { 'cache.max.bytes.buffering': random.pick(['0', '10000000']) };
      let engine = await openEngine(folder, settings);
      const order = random.pick(orders);
      const wanted = { order, limit: 1 + random.below(8), parts: 1 + random.below(10) };
      await engine.run(`${sources[source]}, cat STRING, n INT, d DOUBLE) WITH (kafka_topic='items', value_format='JSON', partitions=1);
      CREATE TABLE best WITH (kafka_topic='BEST', key_format='JSON') AS
        SELECT cat, ROW_NUMBER() OVER w AS rn, id, ${placesOf(wanted.parts, 'w')} FROM items
        WINDOW w AS (PARTITION BY cat ORDER BY ${order}) QUALIFY rn <= ${wanted.limit};`);
      const items: Items = new Map();
      const all: [string, Item][] = [];
      // Few values make ties that go on behind what a head has room for.
      const different = 1 + random.below(30);
      // A partition has more rows than its head has room, and loses most of them again.
      const ids = 4 + random.below(400);
      let time = 0;
      for (let stretch = 0; stretch < 5; stretch++) {
        const deletes = random.pick([0.1, 0.3, 0.9]);
        const records = Array.from({ length: 1 + random.below(300) }, () => {
          const id = `i${random.below(ids)}`;
          const number = (): number | null => (random.below(8) === 0 ? null : random.below(different));
          const item: Item = { cat: random.pick(['x', 'x', 'x', 'y', null]), n: number(), d: number() };
          const isDeleted = source === 'table' && random.next() < deletes;
          if (isDeleted) items.delete(id);
          else items.set(id, item);
          if (!isDeleted) all.push([id, item]);
          return {
            key: id,
            value: isDeleted ? null : JSON.stringify(item),
            timestamp: time++,
            partition: undefined,
          };
        });
        await engine.engine.node.produce('items', records);
        await engine.settle();
        // Rows of equal sort keys are in order of their keys, a stream's in that of arrival.
        const rows = source === 'stream' ? all : [...items].sort(([a], [b]) => (a < b ? -1 : 1));
        const expected = rows.length === 0 ? [] : await byDuckDb(duckdb, rows, wanted);
        expect(await folded(engine), `${JSON.stringify(wanted)}, run ${run}`).toEqual(expected);
        compared += expected.length;
        if (random.below(3) > 0) continue;
        await engine.close();
        engine = await openEngine(folder, settings);
      }
      await engine.close();
    }
    console.log(`${compared} numbered rows of a ${source} compared`);
  },
);
