import { expect, test } from 'vitest';
import { MemoryLog, MemoryTaskLog } from '../../../src/adapters/memory/memory-log.ts';
import { Session } from '../../../src/engine/session.ts';
import { BatchWriter, readBatchInfo } from '../../../src/records/batch.ts';
import { noConflation } from '../../../src/runtime/run-settings.ts';
import type { FetchTarget } from '../../../src/runtime/ports/log.ts';
import { executeScript } from '../../../src/statements/index.ts';
import { batchOf } from '../../conformance/harness-node.ts';
import { openHarness } from '../../conformance/run-case.ts';
import { memoryTask } from '../../support/memory-task.ts';

/** A log that gives a batch at a time, as a fetch of so many bytes does. */
class SmallFetches extends MemoryTaskLog {
  readonly #log: MemoryLog;

  constructor(log: MemoryLog) {
    super(log, 'q');
    this.#log = log;
  }
  override fetch(inputs: readonly FetchTarget[]): void {
    for (const input of inputs) {
      const batches = this.#log.partitions(input.topic)[input.partition]!.read(input.fetched);
      const [next] = batches.filter((batch) => readBatchInfo(batch, 0, batch.length)!.lastOffset >= input.fetched);
      if (input.isEmpty && next !== undefined) input.add([next]);
    }
  }
}

test('a join takes its inputs in order of time, also where what was fetched of one ends earlier than its topic', async () => {
  const { engine } = openHarness('merged_');
  const text = `CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE STREAM r (k STRING KEY, n INT) WITH (kafka_topic='r', value_format='JSON', partitions=1);
    CREATE STREAM o AS SELECT s.k AS k, s.n AS a, r.n AS b FROM s LEFT JOIN r WITHIN 10 SECONDS GRACE PERIOD 0 SECONDS ON s.k = r.k;`;
  await executeScript({ name: 'test', text }, engine, new Session(engine.defaults));
  const { plan } = [...engine.catalog.queries.values()].at(-1)!;
  const log = new MemoryLog();
  for (const topic of ['s', 'r', plan.sink!.topic]) log.create(topic, 1);
  // A batch of R reaches over the times of many of S.
  const many = new BatchWriter(1 << 10);
  for (let i = 0; i < 20; i++) {
    log.partitions('s')[0]!.append(batchOf(i * 1000, 'a', `{"N":${i}}`));
    many.add(i * 1000 + 1, 'a', `{"N":${i}}`);
  }
  many.add(100_000, 'a', '{"N":100}');
  log.partitions('r')[0]!.append(many.finish());
  const run = async (taskLog: MemoryTaskLog): Promise<string[]> => {
    const before = log.records(plan.sink!.topic).length;
    const task = memoryTask(plan, taskLog, { settings: { ...noConflation, earliest: true } });
    await task.start();
    while (await task.step());
    await task.commit();
    const rows = log.records(plan.sink!.topic).slice(before);
    return rows.map(({ timestamp, value }) => `${timestamp} ${value!.toString()}`);
  };
  const whole = await run(log.open('whole'));
  expect(whole.length).toBeGreaterThan(100);
  expect(await run(new SmallFetches(log))).toEqual(whole);
});
