import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Catalog } from '../../../src/catalog/catalog.ts';
import type { Command } from '../../../src/engine/commands.ts';
import { VersionSwitch } from '../../../src/engine/version-switch.ts';
import { touchedByDrop } from '../../../src/statements/drop-source.ts';
import { openEngine } from '../../support/memory-node.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

interface Position {
  readonly topic: string;
  readonly end: number;
  readonly committed: number;
}

/** A version of V that is not live, whose query is where a test says; what is distributed is kept. */
async function pendingVersion(sql: string): Promise<{
  readonly look: (...positions: readonly Position[]) => Promise<readonly Command[]>;
  readonly setState: (state: string) => void;
}> {
  vi.useRealTimers();
  const node = await openEngine();
  await node.run(`CREATE STREAM s (id STRING KEY, k STRING, n BIGINT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, n FROM s EMIT CHANGES;`);
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  // Its timers do not run here.
  await node.run(sql);
  const catalog: Catalog = node.engine.catalog;
  await node.close();
  let [positions, state]: [readonly Position[], string] = [[], 'RUNNING'];
  const commands: Command[] = [];
  const engine = {
    catalog,
    node: {
      kind: 'embedded',
      status: () => ({ state }),
      whereabouts: () =>
        Promise.resolve({ group: 'q', positions: positions.map((each) => ({ partition: 0, start: 0, ...each })) }),
    },
    change: (action: (distribute: (command: Command) => Promise<number>) => Promise<unknown>) =>
      action((command) => Promise.resolve(commands.push(command))),
  };
  const watched = new VersionSwitch(engine as unknown as ConstructorParameters<typeof VersionSwitch>[0]);
  watched.start();
  return {
    look: async (...now) => {
      positions = now;
      await vi.advanceTimersByTimeAsync(50);
      return commands.splice(0);
    },
    setState: (now) => (state = now),
  };
}
const at = (topic: string, committed: number, end: number): Position => ({ topic, committed, end });
const live: Command = { v: 1, kind: 'switchVersion', view: 'V', number: 2 };
const plain = 'CREATE OR REPLACE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, n * 2 AS n FROM s EMIT CHANGES;';

test('a version is live when it has what its sources had at a look before, less than 5 seconds ago', async () => {
  const { look } = await pendingVersion(plain);
  expect(await look(at('s', 0, 100))).toEqual([]);
  expect(await look(at('s', 99, 150))).toEqual([]);
  expect(await look(at('s', 100, 200))).toEqual([live]);
});

test('one that needs longer is behind by as much, and looked at again', async () => {
  const { look } = await pendingVersion(plain);
  expect(await look(at('s', 0, 100))).toEqual([]);
  for (let i = 0; i < 120; i++) expect(await look(at('s', i % 99, 100))).toEqual([]);
  // 6 seconds for what was there at first.
  expect(await look(at('s', 100, 220))).toEqual([]);
  expect(await look(at('s', 100, 230))).toEqual([]);
  expect(await look(at('s', 230, 231))).toEqual([live]);
});

test('FRESHNESS says how far it may be behind', async () => {
  const { look } = await pendingVersion(plain.replace(' AS SELECT', " WITH (FRESHNESS='10 SECONDS') AS SELECT"));
  expect(await look(at('s', 0, 100))).toEqual([]);
  for (let i = 0; i < 120; i++) expect(await look(at('s', 0, 100))).toEqual([]);
  expect(await look(at('s', 100, 220))).toEqual([live]);
});

test('one that commits rarely, or is looked at less often than FRESHNESS says, goes live while rows come', async () => {
  const rarely = await pendingVersion(`SET 'commit.interval.ms'='30000'; ${plain}`);
  expect(await rarely.look(at('s', 0, 100))).toEqual([]);
  for (let i = 0; i < 500; i++) expect(await rarely.look(at('s', 0, 100 + i))).toEqual([]);
  expect(await rarely.look(at('s', 600, 700))).toEqual([live]);
  const fresh = await pendingVersion(plain.replace(' AS SELECT', " WITH (FRESHNESS='1 MILLISECONDS') AS SELECT"));
  expect(await fresh.look(at('s', 90, 100))).toEqual([]);
  expect(await fresh.look(at('s', 190, 200))).toEqual([live]);
});

test('each part of its plan has to have what the one before it gave', async () => {
  const { look } = await pendingVersion(
    'CREATE OR REPLACE FEATURE VIEW v ENTITY KEY (id) AS SELECT k AS id, COUNT(*) AS n FROM s GROUP BY k EMIT CHANGES;',
  );
  // The first part has read everything, and the topic before the second one has 90 rows more than at the look before.
  expect(await look(at('s', 0, 100), at('between', 0, 10))).toEqual([]);
  expect(await look(at('s', 100, 100), at('between', 10, 100))).toEqual([]);
  expect(await look(at('s', 100, 100), at('between', 50, 100))).toEqual([]);
  expect(await look(at('s', 100, 100), at('between', 100, 100))).toEqual([live]);
});

test('one that is in ERROR is not live, whatever it has', async () => {
  const { look, setState } = await pendingVersion(plain);
  setState('ERROR');
  expect(await look(at('s', 100, 100))).toEqual([]);
  expect(await look(at('s', 100, 100))).toEqual([]);
  setState('RUNNING');
  expect(await look(at('s', 100, 100))).toEqual([live]);
});

test('what drops a view by its live version drops those that are not live yet, and what reads them', async () => {
  vi.useRealTimers();
  const node = await openEngine();
  await node.run(`CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE STREAM other (id STRING KEY, n INT) WITH (kafka_topic='other', value_format='JSON', partitions=1);
    CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, n FROM s EMIT CHANGES;`);
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  await node.run(`CREATE OR REPLACE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, n FROM other EMIT CHANGES;
    CREATE STREAM reader AS SELECT id, n FROM v@v2 EMIT CHANGES;`);
  const { catalog } = node.engine;
  expect([...catalog.sources.keys()]).toEqual(['S', 'OTHER', 'V', 'V@V2', 'READER']);
  expect(touchedByDrop(catalog, 'S').sort()).toEqual(['READER', 'S', 'V', 'V@V2']);
  await node.run('DROP STREAM s CASCADE;');
  expect([[...node.engine.catalog.sources.keys()], [...node.engine.catalog.queries.keys()]]).toEqual([['OTHER'], []]);
  await node.close();
});
