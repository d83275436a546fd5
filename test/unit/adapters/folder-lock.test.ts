import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FolderLock } from '../../../src/adapters/rocksdb/folder-lock.ts';
import { RocksBackend } from '../../../src/adapters/rocksdb/rocks-backend.ts';
import { bootId, startOf } from '../../../src/util/process-id.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'millrace-lock-'));
const alive = process.ppid;

test.each([
  ['a process id alone', `${alive}`],
  ['the id of a process that started later', `${alive} ${bootId()} 1`],
  [
    'the id of a process before the machine started again',
    `${alive} 00000000-0000-0000-0000-000000000000 ${startOf(alive)}`,
  ],
  ['a process that is gone', `4194303 ${bootId()} 5`],
  ['nothing', ''],
])('a lock with %s is taken over', (_, content) => {
  const path = folder();
  writeFileSync(join(path, 'LOCK.pid'), content);
  const lock = new FolderLock(path).hold();
  expect(readFileSync(join(path, 'LOCK.pid'), 'utf8')).toBe(`${process.pid} ${bootId()} ${startOf(process.pid)}`);
  lock.release();
});

test('a lock of a process that runs is not', () => {
  const path = folder();
  writeFileSync(join(path, 'LOCK.pid'), `${alive} ${bootId()} ${startOf(alive)}`);
  expect(() => new FolderLock(path)).toThrow(`in use by process ${alive}`);
});

test.skipIf(!existsSync('/proc/self/stat'))(
  'a lock of a process that was killed, and that its parent has not let go of, is taken over (needs /proc)',
  async () => {
    const path = folder();
    // The child ends once its start was read; its parent, which is sleep by then, never asks for its end.
    const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = Number(String(((await once(parent.stdout, 'data')) as [Buffer])[0]));
    writeFileSync(join(path, 'LOCK.pid'), `${pid} ${bootId()} ${startOf(pid)}`);
    expect(() => new FolderLock(path)).toThrow(`in use by process ${pid}`);
    process.kill(pid, 'SIGKILL');
    while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) await new Promise((done) => setTimeout(done, 5));
    new FolderLock(path).release();
    parent.kill();
  },
);

test('where no lock file tells of it, the database does', async () => {
  const path = folder();
  const first = await RocksBackend.open(path);
  await expect(RocksBackend.open(path)).rejects.toMatchObject({ code: 'STATE_LOCKED' });
  await first.close();
  await (await RocksBackend.open(path)).close();
});
