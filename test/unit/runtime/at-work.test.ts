import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { MemoryLog } from '../../../src/adapters/memory/memory-log.ts';
import { DeadlyWork, WorkMarks } from '../../../src/adapters/rocksdb/work-marks.ts';
import type { Sink } from '../../../src/runtime/sinks/sink.ts';
import { batchesOf } from '../../../src/runtime/topic-records.ts';
import { planOf } from '../../contract/plan-of.ts';
import { memoryTask } from '../../support/memory-task.ts';

const sql = `
  CREATE STREAM s (k STRING KEY, v STRING) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE TABLE t WITH (KAFKA_TOPIC='out') AS SELECT v, COUNT(*) AS n FROM s GROUP BY v;`;

/** Runs a task over a few batches; `at` is called at each of its moments, `waits` ones while it waits for somebody. */
async function run(at: (moment: string, waits: boolean) => void, mark: Parameters<typeof memoryTask>[3] = {}) {
  const plan = await planOf(sql);
  const log = new MemoryLog();
  for (const topic of ['s', 'out', 'errors']) log.create(topic, 1);
  const wait = async (moment: string): Promise<void> => {
    await sleep(0);
    at(moment, true);
  };
  const sink: Sink = {
    write: (changes) => {
      at('write', false);
      return changes.length;
    },
    pressure: () => wait('pressure'),
    flush: () => wait('flush'),
    committed: () => wait('committed'),
  };
  const own = log.open('q');
  const [send, commit] = [own.send.bind(own), own.commit.bind(own)];
  own.send = () => wait('send').then(send);
  own.commit = (...args) => wait('commit').then(() => commit(...args));
  const task = memoryTask(plan, own, {}, { sinks: () => [sink], ...mark });
  await task.start();
  for (let round = 0; round < 3; round++) {
    const rows = [1, 2, 3].map((n) => ({ key: 'k', value: `{"V":"v${n}"}`, timestamp: n, partition: undefined }));
    for (const { batch } of batchesOf(rows, 1)) log.partitions('s')[0]!.append(batch);
    while (await task.step());
    at('stepped', true);
    await task.commit();
    at('committed', true);
  }
}

test('a task is marked as at work while it has records in hand, and never while it waits for a log or a sink', async () => {
  let isMarked = false;
  const seen = new Map<string, Set<boolean>>();
  const mark = { begin: () => void (isMarked = true), end: () => void (isMarked = false) };
  await run((moment) => seen.set(moment, (seen.get(moment) ?? new Set()).add(isMarked)), { mark });
  expect(Object.fromEntries([...seen].map(([moment, marked]) => [moment, [...marked]]))).toEqual({
    write: [true],
    pressure: [false],
    send: [false],
    stepped: [false],
    flush: [false],
    commit: [false],
    committed: [false],
  });
});

test('a process that is killed again and again while the first step waits has ended at no work', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-marks-'));
  for (let kills = 0; kills < 4; kills++) {
    expect(new DeadlyWork(folder).has('q')).toBe(false);
    const marks = new WorkMarks(folder, 'main');
    // It is killed at its first wait: nothing of what comes after is there for the next one.
    let isDead = false;
    const mark = marks.of('q');
    const alive = {
      begin: (...place: readonly [number, number]) => {
        if (!isDead) mark.begin(...place);
      },
      end: () => {
        if (!isDead) mark.end();
      },
    };
    await run((_, waits) => void (isDead ||= waits), { mark: alive });
  }
});
