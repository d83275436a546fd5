import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';
import { numbersOf } from '../../support/topics.ts';

const bin = fileURLToPath(new URL('../../../bin/millrace.mjs', import.meta.url));
interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
const millrace = (...args: string[]): Ended =>
  spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' }, input: '' });

const work = mkdtempSync(join(tmpdir(), 'millrace-maintenance-'));
const rows = [1, 2, 3, 4, 5, 6];
let killed: string;

async function contents(folder: string): Promise<object> {
  const engine = await openEngine(folder);
  await engine.settle();
  const found = {
    sources: [...engine.engine.catalog.sources.keys()],
    s: await numbersOf(engine.engine.node, 's'),
    c: await numbersOf(engine.engine.node, 'C'),
  };
  await engine.close();
  return found;
}
const whole = { sources: ['S', 'C'], s: rows, c: rows };
const copyOf = (name: string): string => {
  const copy = join(work, name);
  cpSync(killed, copy, { recursive: true });
  return copy;
};
const pathOf = (folder: string, pattern: RegExp): string =>
  join(
    folder,
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) => pattern.test(name))!,
  );
function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[Math.floor(at * bytes.length)]! ^= 1;
  writeFileSync(path, bytes);
}

beforeAll(async () => {
  const engine = await openEngine();
  await engine.run(`CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE STREAM c AS SELECT k, n FROM s;`);
  for (const n of rows) {
    await engine.run(`INSERT INTO s VALUES ('k', ${n});`);
    await engine.settle();
  }
  // A node that is killed now leaves this.
  killed = join(work, 'killed');
  cpSync(engine.folder, killed, { recursive: true });
  rmSync(join(killed, 'LOCK.pid'));
  await engine.close();
});

test('check says what is there, with status 0', () => {
  const { status, stdout } = millrace('check', '--state-dir', copyOf('whole'));
  expect([status, stdout.split('\n').slice(-5)]).toEqual([
    0,
    [
      expect.stringMatching(/^topic test_ksql_processing_log|^topic s/),
      expect.stringMatching(/^database: \d+ entries/),
      'commands: 2',
      'nothing is damaged',
      '',
    ],
  ]);
  expect(stdout).toContain('topic s, partition 0: offsets 0 to 6');
});

test('a damaged segment: check names it with status 1; with --accept-loss the rest goes on, and what was cut off is kept', async () => {
  const folder = copyOf('segment');
  const segment = pathOf(folder, /log\/s\/0\/0+\.log$/);
  flip(segment, 0.5);
  const found = millrace('check', '--state-dir', folder);
  expect([found.status, found.stdout]).toEqual([1, expect.stringContaining(segment)]);
  expect(found.stdout).toMatch(/offsets before 3 can be read/);
  expect(millrace('check', '--state-dir', folder).status).toBe(1);
  const given = millrace('check', '--accept-loss', '--state-dir', folder);
  expect([given.status, given.stdout]).toEqual([0, expect.stringContaining('given up')]);
  expect(readdirSync(join(folder, 'lost'))).toHaveLength(1);
  expect(millrace('check', '--state-dir', folder).stdout).toContain('nothing is damaged');
  expect(await contents(folder)).toEqual({ ...whole, s: [1, 2, 3] });
  const engine = await openEngine(folder);
  await engine.run("INSERT INTO s VALUES ('k', 7);");
  await engine.settle();
  expect([await numbersOf(engine.engine.node, 's'), await numbersOf(engine.engine.node, 'C')]).toEqual([
    [1, 2, 3, 7],
    [...rows, 7],
  ]);
  await engine.close();
});

test('a damaged write-ahead log: nothing is changed until the loss is accepted', async () => {
  const folder = copyOf('wal');
  const wal = pathOf(folder, /db\/\d+\.log$/);
  flip(wal, 0.8);
  const found = millrace('check', '--state-dir', folder);
  expect([found.status, found.stdout]).toEqual([1, expect.stringContaining(wal)]);
  expect(existsSync(wal)).toBe(true);
  const started = millrace('cli', '--state-dir', folder, '-e', 'SHOW STREAMS;');
  expect([started.status, started.stderr]).toEqual([
    1,
    expect.stringContaining(`STATE_DAMAGED: the state folder is damaged: ${wal}`),
  ]);
  expect(existsSync(wal)).toBe(true);
  expect(millrace('check', '--accept-loss', '--state-dir', folder).stdout).toMatch(/commits are lost/);
  const { s, c } = (await contents(folder)) as { s: number[]; c: number[] };
  expect(s).toEqual(rows.slice(0, s.length));
  expect(c).toEqual(s);
});

test('a backup comes back as it was, into an empty folder only', async () => {
  const folder = copyOf('saved');
  const backup = join(work, 'backup');
  expect(millrace('backup', backup, '--state-dir', folder)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('files') as string,
  });
  expect(millrace('backup', backup, '--state-dir', folder)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is not empty') as string,
  });
  const restored = join(work, 'restored');
  expect(millrace('restore', backup, '--state-dir', restored).status).toBe(0);
  expect(await contents(restored)).toEqual(whole);
  expect(millrace('restore', backup, '--state-dir', restored)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('BACKUP_REFUSED') as string,
  });
});

test('what is no whole backup is not restored', () => {
  const folder = copyOf('other');
  const backup = join(work, 'spoilt');
  expect(millrace('backup', backup, '--state-dir', folder).status).toBe(0);
  const segment = pathOf(backup, /log\/s\/0\/0+\.log$/);
  appendFileSync(segment, 'x');
  const target = join(work, 'target');
  expect(millrace('restore', backup, '--state-dir', target)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(segment) as string,
  });
  expect(existsSync(target)).toBe(false);
  expect(millrace('restore', work, '--state-dir', target).stderr).toContain('holds no backup');
  flip(pathOf(folder, /log\/s\/0\/0+\.log$/), 0.5);
  expect(millrace('backup', join(work, 'damaged'), '--state-dir', folder)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('the state is damaged') as string,
  });
});

test('the folder of a node that runs is refused, and so is one that holds nothing', async () => {
  const engine = await openEngine(copyOf('running'));
  for (const args of [['check'], ['backup', join(work, 'never')]])
    expect(millrace(...args, '--state-dir', engine.folder)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`in use by process ${process.pid}`) as string,
    });
  await engine.close();
  expect(millrace('check', '--state-dir', join(work, 'nothing'))).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('NOT_FOUND') as string,
  });
});
