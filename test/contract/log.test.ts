import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLog } from '../../src/adapters/embedded/embedded-log.ts';
import { EmbeddedTaskLog } from '../../src/adapters/embedded/embedded-task-log.ts';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { MemoryLog } from '../../src/adapters/memory/memory-log.ts';
import { batchesOf } from '../../src/runtime/topic-records.ts';
import { logContract, type LogUnderTest } from './log.ts';

const records = (values: readonly string[]) =>
  values.map((value) => ({ key: null, value, timestamp: 1, partition: undefined }));

logContract('memory', () => {
  const log = new MemoryLog();
  const backend = new MemoryBackend();
  let topics = 0;
  return Promise.resolve<LogUnderTest>({
    createTopic: (partitions) => {
      const topic = `topic${topics++}`;
      log.create(topic, partitions);
      return Promise.resolve(topic);
    },
    produce: (topic, partition, values) => {
      for (const { batch } of batchesOf(records(values), 1)) log.partitions(topic)[partition]!.append(batch);
      return Promise.resolve();
    },
    open: (task) => Promise.resolve({ log: log.open(task), backend, statePrefix: Buffer.from(`${task}/`) }),
    fill: (opened, inputs) => Promise.resolve(opened.log.fetch(inputs)),
    close: () => Promise.resolve(),
  });
});

logContract('embedded', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  const backend = new MemoryBackend();
  const log = new EmbeddedLog({ folder, backend, sync: false });
  let topics = 0;
  return Promise.resolve<LogUnderTest>({
    createTopic: (partitions) => {
      const topic = `topic${topics++}`;
      log.create(topic, { partitions, replicas: 1, config: {} });
      return Promise.resolve(topic);
    },
    produce: (topic, partition, values) => {
      log.commit({ appends: batchesOf(records(values), 1).map(({ batch }) => ({ topic, partition, batch })) });
      return Promise.resolve();
    },
    open: (task) =>
      Promise.resolve({
        log: new EmbeddedTaskLog(log, backend, task),
        backend,
        statePrefix: Buffer.from(`s/${task}/`),
      }),
    fill: (opened, inputs) => Promise.resolve(opened.log.fetch(inputs)),
    close: () => {
      log.close();
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  });
});
