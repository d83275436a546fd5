import { expect, test, vi } from 'vitest';
import { logDefaults } from '../../../src/adapters/embedded/log-entries.ts';
import { Catalog } from '../../../src/catalog/catalog.ts';
import { CommandCompaction } from '../../../src/engine/command-compaction.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import type { CommandLog, NumberedCommand } from '../../../src/runtime/ports/node.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';

const commandsIn = async ({ node }: Engine): Promise<readonly NumberedCommand[]> => node.commands.readAfter(-1);
const kindsIn = async (engine: Engine): Promise<string[]> =>
  (await commandsIn(engine)).map(({ command }) => (JSON.parse(command) as { kind: string }).kind);
async function alter({ engine }: TestEngine, times: number): Promise<void> {
  for (let i = 0; i < times; i++)
    await engine.change((distribute) => distribute({ v: 1, kind: 'alterSystem', name: 'a', value: String(i) }));
}
const begin = `CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
  CREATE STREAM gone AS SELECT k, n FROM s; DROP STREAM gone; CREATE STREAM c AS SELECT k, n FROM s;`;

test('a log of which most has no effect any more is compacted beside the statements, and goes on', async () => {
  const first = await openEngine();
  await first.run(begin);
  await alter(first, 1000);
  await vi.waitFor(() => expect(first.engine.compaction.figures.removed).toBeGreaterThan(900));
  expect((await kindsIn(first.engine)).slice(0, 5)).toEqual([
    'compacted',
    'alterSystem',
    'createSource',
    'createSource',
    'createQuery',
  ]);
  expect((await commandsIn(first.engine)).length).toBe(first.engine.compaction.figures.commands);
  await first.run(`CREATE STREAM d AS SELECT k, n FROM s; INSERT INTO s (k, n) VALUES ('a', 1);`);
  await first.settle();
  const { commandNumber } = first.engine;
  expect([...first.engine.catalog.queries.keys()]).toEqual(['CSAS_C_1', 'CSAS_D_2']);
  await first.close();
  const again = await openEngine(first.folder);
  expect([again.engine.commandNumber, again.engine.nextQueryNumber, again.engine.defaults['a']]).toEqual([
    commandNumber,
    3,
    '999',
  ]);
  expect([...again.engine.catalog.queries.keys()]).toEqual(['CSAS_C_1', 'CSAS_D_2']);
  await again.close();
});

test('a log is compacted after a start, and stays whole where that is switched off', async () => {
  const off = await openEngine(undefined, {}, undefined, { settings: { ...logDefaults, isCleaned: false } });
  await off.run(begin);
  await alter(off, 1000);
  expect(await off.engine.compaction.run()).toBe(false);
  expect([off.engine.compaction.figures, (await commandsIn(off.engine)).length]).toEqual([
    { commands: 1004, removed: 0, failures: 0 },
    1004,
  ]);
  await off.close();
  const on = await openEngine(off.folder);
  await vi.waitFor(async () => expect(await commandsIn(on.engine)).toHaveLength(5));
  expect(on.engine.compaction.figures).toEqual({ commands: 5, removed: 999, failures: 0 });
  await on.close();
});

test('a log of which everything has its effect is left alone', async () => {
  const { engine, run, close } = await openEngine();
  await run(`CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);`);
  expect(await engine.compaction.run()).toBe(false);
  expect(await kindsIn(engine)).toEqual(['createSource']);
  await close();
});

/** A log in memory that cannot be written, or whose commands do not come back as they were read. */
async function failing(last: string, replace: CommandLog['replace']): Promise<[said: string[], tries: number]> {
  const said: string[] = [];
  let [reads, length] = [0, 1000];
  const set = (value: string): string => `{"v":1,"kind":"alterSystem","name":"a","value":${value}}`;
  const readAfter = (): Promise<NumberedCommand[]> => {
    reads++;
    return Promise.resolve(
      Array.from({ length }, (_, number) => ({ number, command: set(number === length - 1 ? last : '"b"') })),
    );
  };
  const compaction = new CommandCompaction(
    { append: () => Promise.reject(new TypeError()), readAfter, replace },
    (text) => said.push(text),
  );
  compaction.added(length);
  for (; length < 2500; length++) {
    compaction.consider(new Catalog());
    compaction.added(1);
    if (length % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await vi.waitFor(() => expect(said).toHaveLength(2));
  await compaction.close();
  expect(compaction.figures).toEqual({ commands: 2500, removed: 0, failures: 2 });
  return [said, reads];
}

test('a compaction that fails leaves the log, says so, and is tried again when the log is twice as long', async () => {
  const full = (): Promise<void> => Promise.reject(new TypeError('the disk is full'));
  const text = 'the command log is not compacted: the disk is full';
  expect(await failing('"c"', full)).toEqual([[text, text], 2]);
});

test('what does not make the same is not stored', async () => {
  const replace = vi.fn(() => Promise.resolve());
  // JSON has a number that a command can hold and cannot be written with.
  const [said] = await failing('1e400', replace);
  expect(said[0]).toBe('the command log is not compacted: what it would become does not make the same');
  expect(replace).not.toHaveBeenCalled();
});
