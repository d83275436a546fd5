import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { newFolder } from '../../support/files.ts';
import { killedRun } from '../../support/killed-run.ts';
import { openEngine } from '../../support/memory-node.ts';
import { seedOf } from '../../support/scale.ts';
import { Random } from '../../fuzz/random.ts';

const root = join(import.meta.dirname, '../../..');
const dist = (path: string): string => JSON.stringify(join(root, 'dist/src', path));

/** The statement of the command with this number: one makes `s`, the others a stream that comes and goes. */
const statementOf = (number: number): string => {
  if (number === 0)
    return "CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);";
  if (number % 2 === 0) return 'DROP STREAM gone;';
  return number % 21 === 1
    ? `CREATE STREAM gone (k STRING KEY, a${number} INT) WITH (kafka_topic='s', value_format='JSON');`
    : `CREATE STREAM gone AS SELECT k, n + ${number} AS n FROM s;`;
};
const opening = (folder: string, options: string): string => `
  import { EmbeddedNode } from ${dist('adapters/embedded/embedded-node.js')};
  import { nodeFiles } from ${dist('adapters/embedded/log-files.js')};
  import { RocksBackend } from ${dist('adapters/rocksdb/rocks-backend.js')};
  import { Engine } from ${dist('engine/engine.js')};
  import { Session } from ${dist('engine/session.js')};
  import { executeScript } from ${dist('statements/index.js')};
  const statementOf = ${statementOf.toString()};
  ${options}
  const node = await EmbeddedNode.open({ folder: ${JSON.stringify(folder)}, openBackend: (f) => RocksBackend.open(f), models: undefined, serviceId: 'test_', sync: false, ...options });
  const engine = new Engine({ node, models: undefined, serviceId: 'test_', defaults: { 'auto.offset.reset': 'earliest', 'cache.max.bytes.buffering': '0' }, startQueries: false });
  await engine.load();`;

/** Executes the statements up to a number while the log is compacted all the time; what is there says how many have been executed. */
const running = (folder: string, last: number): string => `
  ${opening(folder, 'const options = {};')}
  let isDone = false;
  const compacting = (async () => { while (!isDone) { await engine.compaction.run(); await new Promise((r) => setTimeout(r, 1)); } })();
  for (let have = 0; engine.commandNumber < ${last}; have++) {
    await executeScript({ name: 't', text: statementOf(engine.commandNumber + 1) }, engine, new Session(engine.defaults));
    produced(have + 1);
  }
  isDone = true;
  await compacting;
  await engine.compaction.run();
  await engine.close();
  process.exit(0);`;

/** Compacts the log, and dies before the nth thing that it does to the disk: to a file, or the database. */
const compacting = (folder: string): string => `
  ${opening(
    folder,
    `
  let left = Infinity;
  const die = () => { if (--left <= 0) process.kill(process.pid, 'SIGKILL'); };
  const counted = (name) => (...given) => { die(); return nodeFiles[name](...given); };
  const names = ['open', 'write', 'truncate', 'sync', 'syncFolder', 'writeLater', 'syncLater', 'syncFolderLater', 'remove'];
  const openBackend = async (path) => {
    const backend = await RocksBackend.open(path);
    const begin = backend.batch.bind(backend);
    backend.batch = () => { const batch = begin(); const write = batch.write.bind(batch); batch.write = (sync) => { die(); write(sync); die(); }; return batch; };
    return backend;
  };
  const options = { openBackend, files: { ...nodeFiles, ...Object.fromEntries(names.map((name) => [name, counted(name)])) } };`,
  )}
  left = Number(process.env.AFTER);
  await engine.compaction.run();
  left = Infinity;
  await engine.close();
  process.exit(0);`;

const stateOf = ({ catalog, nextQueryNumber, commandNumber }: Engine): string =>
  JSON.stringify([[...catalog.sources], [...catalog.queries], nextQueryNumber, commandNumber]);
const commandsIn = async ({ node }: Engine): Promise<readonly string[]> =>
  (await node.commands.readAfter(-1)).map(({ number, command }) => `${number} ${command}`);
async function read<T>(folder: string, what: (engine: Engine) => T): Promise<Awaited<T>> {
  const { engine, close } = await openEngine(folder);
  const found = await what(engine);
  await close();
  return found;
}

test(
  'killed again and again while its commands are compacted, a node has what one has that compacted none',
  { timeout: 300_000 },
  async () => {
    const [folder, twin] = [newFolder(), newFolder()];
    const [last, random] = [241, new Random(seedOf(4))];
    let kills = 0;
    for (let run = 0; run < 5; run++)
      if (await killedRun(running(folder, last), { rows: 10 + random.below(30), ms: random.below(6) })) kills++;
    expect(kills).toBe(5);
    expect(await killedRun(running(folder, last))).toBe(false);
    const whole = await openEngine(twin);
    for (let number = 0; number <= last; number++) await whole.run(statementOf(number));
    expect(await read(folder, stateOf)).toBe(stateOf(whole.engine));
    await whole.close();
    expect((await read(folder, commandsIn)).length).toBeLessThan(6);
  },
);

test(
  'killed at each step of a compaction, the log has all former commands or those that take their place',
  { timeout: 300_000 },
  async () => {
    const begun = newFolder();
    await killedRun(running(begun, 0));
    const { run, close } = await openEngine(begun);
    for (let i = 0; i < 5; i++) await run(`CREATE STREAM c${i} AS SELECT k, n + ${i} AS n FROM s; DROP STREAM c${i};`);
    await run('CREATE STREAM stays AS SELECT k, n FROM s;');
    await close();
    const [former, state] = [await read(begun, commandsIn), await read(begun, stateOf)];
    const ends = new Set<number>();
    for (let after = 1; ; after++) {
      const folder = newFolder();
      cpSync(begun, folder, { recursive: true });
      const wasKilled = await killedRun(compacting(folder), { step: '', after });
      const commands = await read(folder, commandsIn);
      if (commands.length === former.length) expect(commands).toEqual(former);
      else
        expect(commands.map((command) => /"kind":"(\w+)"/.exec(command)![1])).toEqual([
          'compacted',
          'createSource',
          'createSource',
          'createQuery',
        ]);
      expect(await read(folder, stateOf)).toBe(state);
      ends.add(commands.length);
      if (!wasKilled) break;
    }
    expect([...ends].sort()).toEqual([former.length, 4].sort());
  },
);
