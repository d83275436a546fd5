import { expect, test } from 'vitest';
import { MemoryLog } from '../../../src/adapters/memory/memory-log.ts';
import type { PhysicalPlan } from '../../../src/plan/physical/step.ts';
import type { ModelHost } from '../../../src/runtime/ports/model-host.ts';
import { batchesOf } from '../../../src/runtime/topic-records.ts';
import { memoryTask } from '../../support/memory-task.ts';
import { openEngine } from '../../support/memory-node.ts';

const sql = `
  CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
  CREATE MODEL m INPUT (n INT) OUTPUT (y INT) WITH (PROVIDER='http', VALIDATE='OFF', ENDPOINT='http://127.0.0.1:1');
  CREATE STREAM o WITH (kafka_topic='out') AS SELECT k, p.y AS y FROM s INVOKE MODEL m USING (n) AS p;`;

/** How many rows each step of a query had scored, by a model that so many threads of this process work for. */
async function scored(plan: PhysicalPlan, threads: number | undefined): Promise<number[]> {
  const log = new MemoryLog();
  for (const topic of ['s', 'out', 'errors']) log.create(topic, 1);
  const calls: number[] = [];
  const models: ModelHost = {
    score: (_model, _version, rows) => {
      calls.push(rows.length);
      const answer = { outputs: [1], version: 1, error: undefined, cause: undefined, latencyMs: 0 };
      return Promise.resolve(rows.map(() => answer));
    },
    mostCalls: () => 4,
    threads: () => threads,
    onError: () => 'FAIL',
    defaults: () => [],
  };
  const task = memoryTask(plan, log.open('q'), {}, { models });
  await task.start();
  const records = Array.from({ length: 5000 }, (_, n) => ({
    key: 'k',
    value: `{"N":${n}}`,
    timestamp: n,
    partition: undefined,
  }));
  for (const { partition, batch } of batchesOf(records, 1)) log.partitions('s')[partition]!.append(batch);
  while (await task.step());
  await task.commit();
  expect(log.records('out', 0)).toHaveLength(5000);
  await task.close();
  return calls;
}

test('a step has fewer rows where a thread of this process scores them, and as many as any where several do or a server', async () => {
  const engine = await openEngine();
  await engine.run(sql);
  const { plan } = [...engine.engine.catalog.queries.values()].at(-1)!;
  await engine.close();
  expect(await scored(plan, undefined)).toEqual([4096, 904]);
  expect(await scored(plan, 1)).toEqual([2048, 2048, 904]);
  expect(await scored(plan, 4)).toEqual([4096, 904]);
});
