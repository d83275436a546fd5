import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EmbeddedNode } from '../../src/adapters/embedded/embedded-node.ts';
import { EmbeddedRegistry } from '../../src/adapters/registry/embedded-registry.ts';
import { RocksBackend } from '../../src/adapters/rocksdb/rocks-backend.ts';
import { pendingVersions } from '../../src/catalog/view-versions.ts';
import { versionOf, viewOfName } from '../../src/catalog/version-names.ts';
import { SqlError } from '../../src/diagnostics/sql-error.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Session } from '../../src/engine/session.ts';
import { executeScript } from '../../src/statements/index.ts';
import { ModelService } from '../../src/adapters/models/model-service.ts';
import { Random } from '../fuzz/random.ts';
import { runsOf, seedOf } from '../support/scale.ts';
import { testSchemas } from '../support/schemas.ts';

/** An engine over a folder that runs no queries. */
async function open(folder: string): Promise<Engine> {
  const known = testSchemas(new EmbeddedRegistry(join(folder, 'schemas.json')));
  const models = new ModelService();
  const openBackend = (path: string): Promise<RocksBackend> => RocksBackend.open(path);
  const node = await EmbeddedNode.open({ folder, openBackend, models, ...known, serviceId: 'test_', sync: false });
  const defaults = { 'auto.offset.reset': 'earliest' };
  const engine = new Engine({ node, models, ...known, serviceId: 'test_', defaults, startQueries: false });
  await engine.load();
  return engine;
}

/** All that statements made, in its order, and what the next ones depend on. */
const stateOf = ({ catalog, defaults, nextQueryNumber, commandNumber }: Engine): string => {
  const { sources, queries, models, types, views, trainingSets, featureServices } = catalog;
  const maps = { sources, queries, models, types, views, trainingSets, featureServices };
  const entries = Object.entries(maps).map(([part, map]) => [part, [...map]]);
  return JSON.stringify([entries, defaults, nextQueryNumber, commandNumber], null, 1);
};

/** Executes a statement; what it answers, or why it is refused. */
async function run(engine: Engine, sql: string): Promise<string> {
  try {
    const results = await executeScript({ name: 'test', text: sql }, engine, new Session(engine.defaults));
    return JSON.stringify(results);
  } catch (error) {
    return error instanceof SqlError ? `${error.code}: ${error.message}` : String(error);
  }
}

/** A number that a version of a model may have. */
const lastVersionOf = ({ catalog }: Engine, model: string): number =>
  catalog.models.get(model.toUpperCase())?.versions.length ?? 0;

const choose = <T>(random: Random, of: readonly T[]): T => of[random.below(of.length)]!;

/** A statement over a few names, so that they meet; many are refused. */
function statement(random: Random, engine: Engine): string {
  const of = <T>(...items: readonly T[]): T => choose(random, items);
  const [stream, made, view, model] = [of('s1', 's2', 's3'), of('c1', 'c2', 'c3'), of('v1', 'v2'), of('m1', 'm2')];
  const replace = of('', '', 'OR REPLACE ');
  const onTopic = `WITH (KAFKA_TOPIC='${stream}', VALUE_FORMAT='JSON', PARTITIONS=1)`;
  const onnx = `WITH (PROVIDER='onnx', PATH='${of('a', 'b')}.onnx', VALIDATE='OFF')`;
  const query = of('none', ...engine.catalog.queries.keys());
  const feature = of('COUNT(*)', 'SUM(n)');
  const viewOf = (): string =>
    `CREATE ${of('', 'OR REPLACE ')}FEATURE VIEW ${view} ENTITY KEY (k) AS SELECT k, ${feature} AS f FROM ${stream} GROUP BY k;`;
  return of(
    () => `CREATE ${replace}STREAM ${stream} (k STRING KEY, n INT, m ${of('INT', 'DOUBLE', 'place')}) ${onTopic};`,
    () => `CREATE ${replace}STREAM ${stream} (k STRING KEY, n INT, m INT, o STRING) ${onTopic};`,
    () => `CREATE ${replace}STREAM ${made} AS SELECT k, n ${of('', '+ 1')} AS n FROM ${stream};`,
    () => `CREATE ${replace}TABLE ${made} AS SELECT k, ${of('COUNT(*)', 'SUM(n)')} AS n FROM ${stream} GROUP BY k;`,
    () => `CREATE SOURCE TABLE ${made} (k STRING PRIMARY KEY, n INT) ${onTopic};`,
    () => `INSERT INTO ${stream} ${of('', "WITH (QUERY_ID='given')")} SELECT k, n, m FROM ${of('s1', 's2', 's3')};`,
    () => `INSERT INTO ${stream} (k, n) VALUES ('a', 1);`,
    () => `ALTER STREAM ${stream} ADD COLUMN x${random.below(5)} INT;`,
    () => `DROP ${of('STREAM', 'TABLE')} ${of(stream, made)} ${of('', 'DELETE TOPIC')} ${of('', 'CASCADE')};`,
    () => `DROP STREAM ${stream} CASCADE;`,
    () => `DROP STREAM ${made};`,
    () => `DROP TABLE ${made} DELETE TOPIC;`,
    () => `TERMINATE ${of('ALL', query, query)};`,
    () => `${of('PAUSE', 'RESUME')} ${of('ALL', query, query)};`,
    viewOf,
    viewOf,
    viewOf,
    () => `ALTER FEATURE VIEW ${view} SET (${of("COMMENT='seen'", "TTL='1 DAY'", "FRESHNESS='2 SECONDS'")});`,
    () => `DROP FEATURE VIEW ${view} ${of('', `VERSION ${1 + random.below(4)}`)} ${of('', 'CASCADE')};`,
    () => `DELETE ENTITY '${of('a', 'b')}' FROM FEATURE VIEW ${view};`,
    () => `CREATE ${replace}MODEL ${model} INPUT (n INT) OUTPUT (y DOUBLE) ${onnx};`,
    () => `ALTER MODEL ${model} ADD VERSION ${random.below(3) + lastVersionOf(engine, model)} ${onnx};`,
    () => `ALTER MODEL ${model} ADD VERSION ${random.below(3) + lastVersionOf(engine, model)} ${onnx};`,
    () => `ALTER MODEL ${model} DROP VERSION ${1 + random.below(6)};`,
    () => `ALTER MODEL ${model} SET ALIAS ${of('champion', 'former')} TO VERSION ${1 + random.below(3)};`,
    () => `ALTER MODEL ${model} SET ROUTE TO VERSION 1 WEIGHT ${of(50, 90)}, VERSION 2 WEIGHT ${of(50, 10)};`,
    () => `DROP MODEL ${model};`,
    () => `CREATE ${replace}VIEW ${of('w1', 'w2')} AS SELECT k, n FROM ${of(stream, made)};`,
    () => `DROP VIEW ${of('w1', 'w2')};`,
    () => `CREATE TYPE place AS STRUCT<city STRING>;`,
    () => `DROP TYPE place;`,
    () => `CREATE ${replace}FEATURE SERVICE ${of('f1', 'f2')} FEATURES (${view}.f);`,
    () => `DROP FEATURE SERVICE ${of('f1', 'f2')};`,
    () => `CREATE ${replace}MONITOR watching ON STREAM ${of(stream, made)} (CHECK (ROW_COUNT() > ${random.below(3)}));`,
    () => `DROP MONITOR watching;`,
    () => `ALTER SYSTEM 'ksql.query.pull.limit.clause.enabled'='${of('true', 'false')}';`,
    () => `ALTER SYSTEM 'ksql.query.push.v2.enabled'='${of('true', 'false')}';`,
  )();
}

/** Lets a version go live that is not: on both alike, as no query runs. */
async function goLive(engine: Engine): Promise<void> {
  await engine.change(async (distribute) => {
    const [pending] = pendingVersions(engine.catalog);
    if (pending === undefined) return;
    const [view, number] = [viewOfName(pending.spec.name), versionOf(pending.featureView!)];
    await distribute({ v: 1, kind: 'switchVersion', view, number });
  });
}

/** What there must have been for the test to mean something. */
const kinds = [
  'createSource',
  'createQuery',
  'createVersion',
  'switchVersion',
  'dropSource',
  'terminate',
  'setPaused',
  'putModel',
  'dropModel',
  'putFeatureService',
  'createType',
  'createView',
  'alterSystem',
];
const kindsIn = async (engine: Engine): Promise<string[]> =>
  (await engine.node.commands.readAfter(-1)).map(({ command }) => (JSON.parse(command) as { kind: string }).kind);

test(
  'a log that is compacted at any time gives what the whole log gives, and what comes is the same',
  { timeout: 300_000 },
  async () => {
    const seen = new Set<string>();
    let compactions = 0;
    for (let seed = seedOf(1), end = seed + runsOf(6); seed < end; seed++) {
      const random = new Random(seed);
      const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'millrace-commands-'))) as [string, string];
      let [whole, compacted] = [await open(folders[0]), await open(folders[1])];
      for (let step = 0; step < 160; step++) {
        const choice = random.below(12);
        if (choice === 0) await Promise.all([goLive(whole), goLive(compacted)]);
        else if (choice === 1) {
          if (await compacted.compaction.run()) compactions++;
          if (random.below(2) === 0) continue;
          await Promise.all([whole.close(), compacted.close()]);
          [whole, compacted] = [await open(folders[0]), await open(folders[1])];
        } else {
          const sql = statement(random, whole);
          const answers = [await run(whole, sql), await run(compacted, sql)];
          expect(answers[1], `seed ${seed}, step ${step}: ${sql}`).toBe(answers[0]);
        }
        expect(stateOf(compacted), `seed ${seed}, step ${step}`).toBe(stateOf(whole));
      }
      for (const kind of await kindsIn(whole)) seen.add(kind);
      await Promise.all([whole.close(), compacted.close()]);
    }
    expect(compactions).toBeGreaterThan(20);
    expect([...seen]).toEqual(expect.arrayContaining(kinds));
  },
);
