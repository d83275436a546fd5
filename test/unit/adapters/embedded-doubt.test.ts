import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EmbeddedLog } from '../../../src/adapters/embedded/embedded-log.ts';
import { EmbeddedTaskLog } from '../../../src/adapters/embedded/embedded-task-log.ts';
import type { StateBackend } from '../../../src/runtime/ports/state-backend.ts';
import { FaultyDisk } from '../../support/faulty-disk.ts';

interface Opened {
  readonly disk: FaultyDisk;
  readonly log: EmbeddedLog;
  readonly backend: StateBackend;
}
const settings = { partitions: 1, replicas: 1, config: {} };

/** A log whose first write to the database fails, and is on the disk all the same. */
async function open(): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-doubt-'));
  const disk = new FaultyDisk('late', 1, 1);
  const backend = await disk.openBackend(join(folder, 'db'));
  return { disk, log: new EmbeddedLog({ folder: join(folder, 'log'), backend, sync: false }), backend };
}

test('a commit that is refused while another one is in doubt is not taken for that one, which is there', async () => {
  const { disk, log, backend } = await open();
  log.create('s', settings);
  const tasks = ['first', 'second'].map((query) => new EmbeddedTaskLog(log, backend, query));
  const batches = tasks.map(() => backend.batch());
  for (const task of tasks) {
    await task.takeOver();
    task.append('s', 0, 1, null, 'a row');
  }
  disk.isArmed = true;
  const commits = tasks.map((task, i) => task.commit([], batches[i]!, () => undefined));
  expect((await Promise.allSettled(commits)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(log.partition('s', 0)!.committed).toBe(1);
  log.close();
  await backend.close();
});

test('a topic is made and deleted by a write that fails and is there', async () => {
  const made = await open();
  made.disk.isArmed = true;
  await made.log.whenReady(() => made.log.create('s', settings));
  expect(made.log.names()).toEqual(['s']);
  const deleted = await open();
  deleted.log.create('s', settings);
  deleted.disk.isArmed = true;
  await deleted.log.whenReady(() => deleted.log.delete('s'));
  expect(deleted.log.names()).toEqual([]);
  for (const { log, backend } of [made, deleted]) {
    log.close();
    await backend.close();
  }
});

test('a batch from before the database was opened again is refused, and the database is not opened again for it', async () => {
  const { disk, log, backend } = await open();
  const [failing, older] = [backend.batch(), backend.batch()];
  for (const batch of [failing, older]) batch.put(Buffer.from('key'), Buffer.from('value'));
  disk.isArmed = true;
  await log.whenReady(() => log.write(failing));
  expect(() => log.write(older)).toThrow('opened again');
  expect([log.isReady, log.number]).toEqual([true, 1]);
  log.close();
  await backend.close();
});
