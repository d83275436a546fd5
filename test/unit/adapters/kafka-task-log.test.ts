import { expect, test } from 'vitest';
import { KafkaTaskLog } from '../../../src/adapters/kafka/task-log.ts';
import type { Wire } from '../../../src/adapters/kafka/wire.ts';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';

interface Asked {
  readonly offset: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A task's log at least once over a broker that takes everything at once, beside a group that answers when the test says so. */
async function openLog(): Promise<{ commit: (offset: number) => Promise<void>; log: KafkaTaskLog; asked: Asked[] }> {
  const asked: Asked[] = [];
  const wire = {
    watch: () => Promise.resolve(),
    learnLimits: () => Promise.resolve(),
    initProducer: () => Promise.resolve({ id: 1n, epoch: 0 }),
    produce: () => Promise.resolve(),
  } as unknown as Wire;
  const backend = new MemoryBackend();
  const log = new KafkaTaskLog(
    { group: 'g', part: 0, partition: 0, exactlyOnce: false, hasState: false },
    {
      wire,
      backend,
      commitOffsets: (_, offsets) =>
        new Promise((resolve, reject) => asked.push({ offset: offsets[0]!.offset, resolve, reject })),
    },
  );
  await log.takeOver([]);
  const commit = (offset: number): Promise<void> =>
    log.commit([{ topic: 't', partition: 0, reader: 0, offset }], backend.batch(), () => undefined);
  return { commit, log, asked };
}

test('at least once a task goes on while its offsets are on their way; the next ones follow them', async () => {
  const { commit, log, asked } = await openLog();
  await commit(1);
  let isSettled = false;
  void log.settled().then(() => (isSettled = true));
  const second = commit(2);
  await new Promise((resolve) => setImmediate(resolve));
  expect([isSettled, asked.map(({ offset }) => offset)]).toEqual([false, [1]]);
  asked[0]!.resolve();
  await second;
  expect([isSettled, asked.map(({ offset }) => offset)]).toEqual([true, [1, 2]]);
});

test('offsets that the group does not take are offered again, while the task waits with its next commit', async () => {
  const { commit, log, asked } = await openLog();
  await commit(1);
  const settled = log.settled();
  let isDone = false;
  const second = commit(2).then(() => (isDone = true));
  for (let refusals = 0; refusals < 3; refusals++) {
    await until(() => asked.length === refusals + 1);
    asked[refusals]!.reject(new TypeError('the group must not be written'));
  }
  await until(() => asked.length === 4);
  expect([asked.map(({ offset }) => offset), isDone, log.commits]).toEqual([[1, 1, 1, 1], false, 0]);
  expect(log.trouble).toMatch(/must not be written/);
  asked[3]!.resolve();
  await settled;
  await second;
  expect([asked.map(({ offset }) => offset), log.commits, log.trouble]).toEqual([[1, 1, 1, 1, 2], 1, undefined]);
});

test('a task that is stopped offers its offsets no longer', async () => {
  const { commit, log, asked } = await openLog();
  await commit(1);
  const settled = log.settled();
  log.cancel();
  asked[0]!.reject(new TypeError('the group has another generation'));
  await expect(settled).rejects.toThrow(/generation/);
  await expect(commit(2)).rejects.toThrow(/generation/);
  expect(asked).toHaveLength(1);
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}
