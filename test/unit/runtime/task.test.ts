import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { MemoryLog } from '../../../src/adapters/memory/memory-log.ts';
import type { PhysicalPlan } from '../../../src/plan/physical/step.ts';
import { eachBatch, runSettings } from '../../../src/runtime/run-settings.ts';
import { layoutOf } from '../../../src/runtime/task/layout.ts';
import { carefulAttempt, carefulRecords } from '../../../src/runtime/task/attempt.ts';
import type { TaskPart } from '../../../src/runtime/task/spec.ts';
import type { Task } from '../../../src/runtime/task/task.ts';
import { batchesOf } from '../../../src/runtime/topic-records.ts';
import type { CommitStep } from '../../../src/runtime/ports/log.ts';
import { planOf } from '../../contract/plan-of.ts';
import { memoryTask } from '../../support/memory-task.ts';

const partitions = 3;
const sql = `
  CREATE STREAM s (k STRING KEY, v STRING) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=${partitions});
  CREATE TABLE t WITH (KAFKA_TOPIC='out') AS SELECT v, COUNT(*) AS n FROM s GROUP BY v;`;

/** Runs a plan to the end of its input: as one task, or as one for each part and partition. */
async function run(plan: PhysicalPlan, parts: readonly (TaskPart | undefined)[], settings = {}) {
  const log = new MemoryLog();
  for (const topic of ['s', 'out', 'errors']) log.create(topic, partitions);
  for (const { output } of layoutOf(plan).parts) if (output !== undefined) log.create(`q-${output.stepId}`, partitions);
  const tasks = await Promise.all(
    parts.map(async (part) => {
      const name = part === undefined ? 'q' : `q/${part.index}/${part.partition}`;
      const output = log.open(name);
      const task = memoryTask(
        plan,
        output,
        {
          part,
          settings: runSettings({ 'auto.offset.reset': 'earliest', 'cache.max.bytes.buffering': '0', ...settings }),
        },
        { statePrefix: Buffer.from(`${name}/`) },
      );
      await task.start();
      return task;
    }),
  );
  const records = Array.from({ length: 60 }, (_, i) => ({
    key: `k${i}`,
    value: `{"V":"v${i % 7}"}`,
    timestamp: i,
    partition: undefined,
  }));
  for (const { partition, batch } of batchesOf(records, partitions)) log.partitions('s')[partition]!.append(batch);
  for (let round = 0; round < 3; round++)
    for (const task of tasks) {
      while (await task.step());
      await task.commit();
    }
  const out = Array.from({ length: partitions }, (_, partition) => log.records('out', partition)).flat();
  const finals = new Map(out.map(({ key, value }) => [key!.toString(), value?.toString()]));
  const total = (name: 'in' | 'out'): number => tasks.reduce((sum, { counts }) => sum + counts[name], 0);
  return { written: out.length, finals, recordsIn: total('in'), recordsOut: total('out') };
}

const each = Array.from({ length: partitions }, (_, partition) => partition);

test('a query counts the records of its sink, however its parts are run', async () => {
  const plan = await planOf(sql);
  const { parts } = layoutOf(plan);
  expect(parts.map(({ output }) => output !== undefined)).toEqual([true, false]);
  const whole = await run(plan, [undefined]);
  const apart = await run(
    plan,
    parts.flatMap(({ index }) => each.map((partition) => ({ index, partition }))),
  );
  expect([whole.recordsOut, whole.written]).toEqual([60, 60]);
  expect([apart.recordsOut, apart.written]).toEqual([60, 60]);
  expect(apart.finals).toEqual(whole.finals);
  expect(whole.finals.size).toBe(7);
});

test('where a query begins at the end of its topics is recorded before anything comes', async () => {
  const plan = await planOf(sql);
  const log = new MemoryLog();
  for (const topic of ['s', 'out', 'errors']) log.create(topic, partitions);
  const backend = new MemoryBackend();
  const start = async (): Promise<Task> => {
    const output = log.open('q');
    const task = memoryTask(
      plan,
      output,
      { settings: { ...runSettings({ 'auto.offset.reset': 'latest' }), commit: eachBatch } },
      { backend },
    );
    await task.start();
    return task;
  };
  const first = await start();
  expect(first.commitIsDue).toBe(true);
  await first.commit();
  expect(first.commitIsDue).toBe(false);
  const records = [{ key: 'k', value: '{"V":"v"}', timestamp: 1, partition: 0 }];
  for (const { batch } of batchesOf(records, 1)) log.partitions('s')[0]!.append(batch);
  const second = await start();
  await second.step();
  expect(second.counts.in).toBe(1);
});

test('a task at which a process ended commits few records at first, and then as any other', async () => {
  const plan = await planOf(sql);
  const log = new MemoryLog();
  for (const topic of ['s', 'out', 'errors']) log.create(topic, partitions);
  const settings = runSettings({ 'auto.offset.reset': 'earliest', 'commit.interval.ms': '600000' });
  const task = memoryTask(
    plan,
    log.open('q'),
    { settings, attempt: carefulAttempt },
    { statePrefix: Buffer.from('q/') },
  );
  await task.start();
  const records = Array.from({ length: carefulAttempt.span + 1000 }, (_, i) => ({
    key: 'k',
    value: `{"V":"v${i % 7}"}`,
    timestamp: i,
    partition: 0,
  }));
  for (const { partition, batch } of batchesOf(records, partitions)) log.partitions('s')[partition]!.append(batch);
  const taken: number[] = [];
  for (let before = 0; before < records.length; before = task.counts.in) {
    while (!task.commitIsDue && (await task.step()));
    await task.commit();
    taken.push(task.counts.in - before);
  }
  expect(taken).toEqual([...Array<number>(carefulAttempt.span / carefulRecords).fill(carefulRecords), 1000]);
});

test.each([
  ['has records to read, or work to commit', {}, sql, true],
  ['goes by the clock', { 'ksql.idle.timeout.ms': '100' }, sql, false],
])('a task is quiet unless it %s', async (_, settings: Record<string, string>, statements, rests) => {
  const log = new MemoryLog();
  for (const topic of ['s', 'out', 'errors']) log.create(topic, partitions);
  const task = memoryTask(await planOf(statements), log.open('q'), {
    settings: runSettings({ 'auto.offset.reset': 'earliest', ...settings }),
  });
  await task.start();
  expect(task.isQuiet).toBe(rests);
  const records = [{ key: 'k', value: '{"V":"v"}', timestamp: 1, partition: 0 }];
  for (const { partition, batch } of batchesOf(records, partitions)) log.partitions('s')[partition]!.append(batch);
  while (await task.step());
  expect(task.isQuiet).toBe(false);
  await task.commit();
  expect(task.isQuiet).toBe(rests);
});

/** A task that has worked on a record, and whose first commit is cut off at a step. */
async function cutOff(step: CommitStep): Promise<Task> {
  const log = new MemoryLog();
  for (const topic of ['s', 'out', 'errors']) log.create(topic, partitions);
  let left = 1;
  const observe = (now: CommitStep): void => {
    if (now === step && left-- > 0) throw new TypeError('the broker is gone');
  };
  const task = memoryTask(await planOf(sql), log.open('q'), {}, { observe });
  await task.start();
  const records = [{ key: 'k', value: '{"V":"v"}', timestamp: 1, partition: undefined }];
  for (const { partition, batch } of batchesOf(records, partitions)) log.partitions('s')[partition]!.append(batch);
  await task.step();
  return task;
}

// What a commit that was cut off has flushed is in no later one: its positions would be committed over a state that lacks it.
test.each(['begun', 'sent'] as const)(
  'a task whose commit was cut off when it had %s is not committed again',
  async (step) => {
    const task = await cutOff(step);
    await expect(task.commit()).rejects.toThrow('the broker is gone');
    await expect(task.commit()).rejects.toThrow('not used again');
    await expect(task.step()).rejects.toThrow('not used again');
  },
);
